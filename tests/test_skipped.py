"""A second run, with more installed, does what the first had to leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import skipped

pytest_plugins = ["pytester"]

WITHOUT_IT = """
import pytest
def test_one(): pass
@pytest.mark.skip(reason="always")
def test_two(): pass
def test_three(): pytest.importorskip("lots_of_megabytes")
"""
NEEDED = """
import pytest
def needs(name): return pytest.importorskip(name)
"""
WITH_IT = """
from needed import needs
needs("lots_of_megabytes")
def test_four(): pass
"""


@pytest.mark.parametrize("side_by_side", [(), ("-n", "1")])
def test_what_was_skipped_is_run_by_the_next_one_and_nothing_else(
    side_by_side: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makeconftest(Path(skipped.__file__).read_text("utf-8"))
    pytester.makepyfile(needed=NEEDED, test_without=WITHOUT_IT, test_with=WITH_IT, test_with_too=WITH_IT)
    pytester.syspathinsert()
    pytester.runpytest_inprocess(*side_by_side)
    pytester.makepyfile(lots_of_megabytes="")
    pytester.runpytest_inprocess("--skipped").assert_outcomes(passed=3, skipped=1, deselected=1)
    pytester.runpytest_inprocess("--skipped").assert_outcomes(skipped=1, deselected=4)


def test_without_a_cache_nothing_is_remembered_and_asking_for_it_is_refused(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makeconftest(Path(skipped.__file__).read_text("utf-8"))
    pytester.makepyfile(test_without=WITHOUT_IT)
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, skipped=2)
    asked = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--skipped")
    assert asked.ret == pytest.ExitCode.USAGE_ERROR
