"""What every part of the screen says where there are several sources."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from monitor.tui.panels.classes import classes_lines
from monitor.tui.panels.events import events_lines
from monitor.tui.panels.hearing import hearing_lines
from monitor.tui.panels.keys import keys_lines
from monitor.tui.panels.status import status_lines
from monitor.tui.theme import SHAPES
from tests.tui.panels.test_panels import LOUD, text
from tests.tui.several import SEVERAL


def test_each_source_has_a_row_the_worst_first_and_the_one_shown_is_marked() -> None:
    rows = text(hearing_lines(SEVERAL, 100, 3)).splitlines()
    assert rows[0].startswith(f" {SHAPES['fault']} LOST           2 the cellar ")
    assert "since 0 s    unplugged" in rows[0]
    assert rows[1].startswith(" ● HEARS        ▶ 1 the attic ")
    assert "◆ siren" in rows[1]
    assert rows[2].startswith(" ● HEARS          3 the 鐘の部屋  ")


def test_sources_without_a_row_are_counted_by_what_they_do() -> None:
    assert "LOST" in text(hearing_lines(SEVERAL, 100, 2)).splitlines()[0]
    assert "2 more: 2 running" in text(hearing_lines(SEVERAL, 100, 2)).splitlines()[1]
    assert "3 more: 1 LOST, 2 running" in text(hearing_lines(SEVERAL, 100, 1))


def test_the_state_of_no_source_is_known_without_the_monitor() -> None:
    rows = text(hearing_lines(replace(SEVERAL, contact="gone"), 100, 3))
    assert f"{SHAPES['fault']} MONITOR GONE" in rows
    assert "HEARS" not in rows


@pytest.mark.parametrize("width", [43, 80, 140])
def test_events_say_which_source_they_come_from_at_least_by_number(width: int) -> None:
    rows = text(events_lines(replace(SEVERAL, show_near_misses=True), width, 6)).splitlines()
    assert [re.findall(r" ([123])(?=…| t)", row) for row in rows[1:4]] == [["1"], ["3"], ["2"]]
    assert "source" not in text(events_lines(LOUD, width, 6)).splitlines()[0]


def test_the_scores_say_whose_they_are_where_there_are_several_sources() -> None:
    assert "classes at 1 the attic" in text(classes_lines(SEVERAL, 60, 9)).splitlines()[0]
    assert " at " not in text(classes_lines(LOUD, 60, 9)).splitlines()[0]


def test_the_load_of_the_program_is_that_of_all_its_sources() -> None:
    assert "rtf 0.42" in text(status_lines(SEVERAL, 120, 2))


def test_the_key_that_changes_the_source_is_offered_where_there_are_several() -> None:
    assert "s source" in text(keys_lines(SEVERAL, 120, 1))
    assert "s source" not in text(keys_lines(LOUD, 120, 1))
