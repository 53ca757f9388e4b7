"""A second run, with more installed, does what the first had to leave out."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

WITHOUT_IT = """
import pytest
def test_one(): pass
@pytest.mark.skip(reason="always")
def test_two(): pass
def test_three(): pytest.importorskip("lots_of_megabytes")
"""
WITH_IT = """
import pytest
pytest.importorskip("lots_of_megabytes")
def test_four(): pass
"""


def test_what_was_skipped_is_run_by_the_next_one_and_nothing_else(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makeconftest("from tests.skipped import pytest_addoption, pytest_configure")
    pytester.makepyfile(test_without=WITHOUT_IT, test_with=WITH_IT)
    pytester.syspathinsert()
    pytester.runpytest_inprocess().assert_outcomes(passed=1, skipped=3)
    pytester.makepyfile(lots_of_megabytes="")
    pytester.runpytest_inprocess("--skipped").assert_outcomes(passed=2, skipped=1, deselected=1)
    pytester.runpytest_inprocess("--skipped").assert_outcomes(skipped=1, deselected=3)
