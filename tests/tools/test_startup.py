"""Timing the start of a process."""

from __future__ import annotations

import pytest

from tests.tools.load import load_tool

startup = load_tool("tools.benchmark.startup")


def test_the_time_ends_at_the_line_that_says_ready() -> None:
    found = startup.start("print('ready 0.25', flush=True)")
    assert 0 < found.wall_s < startup.LIMIT_S
    assert found.cpu_s == 0.25


def test_a_process_that_fails_first_is_told_as_such() -> None:
    with pytest.raises(SystemExit, match="status 3 before it was ready"):
        startup.start("raise SystemExit(3)")


def test_the_programs_that_are_timed_name_the_model_that_is_asked_for() -> None:
    programs = startup.embedding_programs("embedded")
    assert sum("load_encoder('embedded')" in text for text in programs.values()) == 2
    assert all(
        text.endswith("print('ready', time.process_time(), flush=True)\n") for text in programs.values()
    )
