"""What holds for every part of the screen, then what each of them must show."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as replace_struct
from textual.strip import Strip

from monitor.bus.messages import ClockStep, PublishedRecord, SoundLevel
from monitor.records import BackgroundState, CalibrationState, SourceState
from monitor.tui.panels.alerts import alerts_lines
from monitor.tui.panels.banner import banner_lines
from monitor.tui.panels.classes import classes_lines
from monitor.tui.panels.events import events_lines
from monitor.tui.panels.hearing import hearing_lines
from monitor.tui.panels.keys import keys_lines
from monitor.tui.panels.meter import meter_lines
from monitor.tui.panels.plain_classes import plain_classes_lines
from monitor.tui.panels.plain_events import plain_events_lines
from monitor.tui.panels.spectrogram import spectrogram_lines
from monitor.tui.panels.status import status_lines
from monitor.tui.panels.why import why_lines
from monitor.tui.state import State
from monitor.tui.theme import HATCH
from monitor.tui.view import View
from tests.tui.fakes import CLASSES, at, class_state, event, health, level, near_miss, scene, scores
from tests.tui.several import SEVERAL, view_among

PANELS = [
    banner_lines,
    classes_lines,
    events_lines,
    keys_lines,
    meter_lines,
    spectrogram_lines,
    alerts_lines,
    hearing_lines,
    plain_classes_lines,
    plain_events_lines,
    status_lines,
    why_lines,
]


def view_of(*records: PublishedRecord, now_s: float = 10.0) -> View:
    state = State()
    for record in records:
        state = state.apply(record, now_s)
    return View(state=state, now_s=now_s, endpoint="tcp://127.0.0.1:5557", maker=True)


def played(ticks: int) -> View:
    state = State()
    for tick in range(ticks):
        for record in scene(tick):
            state = state.apply(record, tick / 10, tick)
    return View(state=state, now_s=ticks / 10, endpoint="tcp://127.0.0.1:5557", maker=True)


def text(lines: list[Strip]) -> str:
    return "\n".join(strip.text for strip in lines)


EMPTY = View(state=State(), now_s=0.0, endpoint="tcp://127.0.0.1:5557", contact="none")
LOUD = replace(played(130), show_near_misses=True)
VIEWS = {
    "empty": EMPTY,
    "loud": LOUD,
    "mono": replace(LOUD, mono=True),
    "gone": replace(LOUD, contact="gone"),
    "several": replace(SEVERAL, show_near_misses=True),
    "plain": replace(LOUD, maker=False, cursor="dog_bark-4.0"),
}


@pytest.mark.parametrize("panel", PANELS)
@given(width=st.integers(30, 260), height=st.integers(2, 40), view=st.sampled_from(sorted(VIEWS)))
def test_every_part_fills_exactly_the_cells_it_is_given(
    panel: Callable[[View, int, int], list[Strip]], width: int, height: int, view: str
) -> None:
    lines = panel(VIEWS[view], width, height)
    assert [strip.cell_length for strip in lines] == [width] * height


def test_the_banner_in_one_row_still_says_what_and_how_sure() -> None:
    shown = text(banner_lines(view_of(health(10.0), event("onset", urgent=True)), 80, 1))
    assert "▲ SIREN ▲ may be siren 0.87" in shown


def test_the_banner_spells_words_it_cannot_draw() -> None:
    assert "鐘" in text(banner_lines(view_of(health(10.0), event("onset", "教会の鐘")), 80, 7))


def test_the_meter_marks_the_floor_and_says_when_it_clips() -> None:
    loud = msgspec.structs.replace(level(10.0, -20.0), peak_dbfs=0.0)
    shown = text(meter_lines(view_of(loud), 120, 2))
    assert "┃" in shown.splitlines()[0]
    assert "-20 dBFS" in shown
    assert "CLIPPING" in shown


def test_a_meter_without_fresh_levels_says_so() -> None:
    stale = replace(view_of(level(10.0)), now_s=12.0)
    assert "no sound is being measured" in text(meter_lines(stale, 80, 1))


def test_the_newest_moment_of_the_spectrogram_is_at_the_right_edge() -> None:
    lines = spectrogram_lines(played(130), 80, 8)
    assert all(not strip.text.endswith(HATCH) for strip in lines)
    assert lines[0].text.rstrip().endswith("─")
    assert "▲siren" in lines[0].text


def test_what_was_not_heard_is_hatched_also_after_the_last_level() -> None:
    stale = replace(played(60), now_s=6.0 + 2.0)
    body = [strip.text for strip in spectrogram_lines(stale, 80, 8)[1:]]
    assert all(row.endswith(HATCH * 20) for row in body)


def test_a_louder_sound_is_brighter_in_the_spectrogram_without_colour_too() -> None:
    view = replace(view_of(level(9.9), level(10.0, -34.0, 0.5)), mono=True)
    last = "".join(strip.text[-1] for strip in spectrogram_lines(view, 40, 9)[1:])
    before = "".join(strip.text[-2] for strip in spectrogram_lines(view, 40, 9)[1:])
    assert "█" in last or "▓" in last
    assert not set(before) & set("▓█")


def test_calibrated_scores_have_a_scale_of_how_seldom_ordinary_sound_gets_there() -> None:
    state = replace_struct(health(10.0), calibrated=True)
    shown = text(classes_lines(view_of(state, scores(10.0, siren=0.5)), 60, 9)).splitlines()
    hour, day = shown[0].index("╷1/h"), shown[0].index("╷1/d")
    filled = next(row for row in shown if "siren" in row)
    assert filled[hour - 1] == "█" != filled[hour + 1]
    later = text(classes_lines(view_of(state, scores(10.0, siren=0.96)), 60, 9)).splitlines()
    assert next(row for row in later if "siren" in row)[day - 1] == "█"
    assert "╷1" not in text(classes_lines(view_of(health(10.0), scores(10.0, siren=0.5)), 60, 9))


def test_the_scale_does_not_take_the_place_of_which_source_it_is() -> None:
    sources = [
        replace_struct(health(10.0, name=name), source_id=name, calibrated=True) for name in ("attic", "yard")
    ]
    heading = text(classes_lines(view_among(*sources), 60, 9)).splitlines()[0]
    assert " at 1 attic" in heading


def test_classes_show_score_threshold_and_state_in_words() -> None:
    view = view_of(health(10.0), scores(10.0, siren=0.87, dog_bark=0.11), event("onset", urgent=True))
    rows = text(classes_lines(view, 60, 9)).splitlines()
    assert "▶ siren" in rows[1]
    assert "0.87/0.55" in rows[1]
    assert "▲ SOUNDS" in rows[1]
    assert "0.11/0.50" in rows[2]
    assert "· quiet" in rows[2]
    assert "⊘ muted" in rows[5]
    assert "like speech 0.61" in rows[7]


def test_a_class_above_its_threshold_without_an_event_is_not_called_quiet() -> None:
    rows = text(classes_lines(view_of(health(10.0), scores(10.0, siren=0.87)), 60, 9)).splitlines()
    assert "… maybe" in rows[1]


def test_the_selected_class_is_always_among_those_shown() -> None:
    many = tuple(class_state(f"class{k}") for k in range(40))
    for selected in (0, 17, 39):
        view = replace(view_of(health(10.0, classes=many), scores(10.0)), selected=selected)
        shown = text(classes_lines(view, 50, 8))
        assert f"▶ class{selected} " in shown
        assert "34 more" in shown


def test_scores_of_a_source_that_is_lost_are_not_shown() -> None:
    view = view_of(scores(10.0, siren=0.87), health(10.0, "lost"))
    shown = text(classes_lines(view, 60, 9))
    assert "0.87" not in shown
    assert "nothing is heard" in shown


def test_before_the_first_window_nobody_says_that_nothing_is_heard() -> None:
    shown = text(classes_lines(view_of(health(10.0)), 60, 9))
    assert "first window in a moment" in shown
    assert "nothing is heard" not in shown


@pytest.mark.parametrize("state", ["paused", "silent", "lost", "ended"])
def test_muted_classes_are_marked_also_while_nothing_is_heard(state: SourceState) -> None:
    rows = text(classes_lines(view_of(health(10.0, state)), 60, 9)).splitlines()
    assert "⊘ muted" in rows[5]
    assert "? unheard" in rows[1]


def test_events_list_open_ones_first_then_the_past_newest_first() -> None:
    view = view_of(
        event("offset", "knocking", onset=1.0, offset=2.0, ended_by="lost"),
        event("onset", "siren", onset=3.0),
        event("offset", "dog_bark", onset=5.0, offset=6.5),
        near_miss(5.5, "baby_crying"),
    )
    rows = text(events_lines(view, 80, 6)).splitlines()
    assert "siren" in rows[1]
    assert "SOUNDS NOW" in rows[1]
    assert "dog bark" in rows[2]
    assert "1.5 s" in rows[2]
    assert "source lost" in rows[3]
    assert "baby" not in "".join(rows)


def test_how_far_a_sound_stays_below_the_background_is_not_told_in_the_table() -> None:
    below = replace_struct(event("offset", "siren", onset=1.0, offset=2.0), snr_db=-3.0)
    above = replace_struct(event("offset", "knocking", onset=3.0, offset=4.0), snr_db=12.0)
    heading, *rows = text(events_lines(view_of(below, above), 80, 3)).splitlines()
    end = heading.index(" SNR ") + len(" SNR")
    assert [row[end - 4 : end] for row in rows] == [" +12", "    "]


def test_near_misses_stand_between_the_events_with_their_reason() -> None:
    state = State().apply(near_miss(0.5), 0.5).apply(event("offset", "knocking", onset=1.0, offset=2.0), 2.0)
    state = state.apply(near_miss(5.5, "baby_crying"), 5.5)
    view = View(state=state, now_s=6.0, endpoint="tcp://127.0.0.1:5557")
    rows = text(events_lines(replace(view, show_near_misses=True), 80, 6)).splitlines()
    assert "below 0.50" in rows[1]
    assert ["baby" in rows[1], "knocking" in rows[2], "dog bark" in rows[3]] == [True] * 3


@pytest.mark.parametrize(
    ("width", "heading"),
    [(42, "~ near miss"), (36, "~ near"), (80, "class, ~ near miss")],
)
def test_the_heading_of_the_event_list_tells_of_near_misses_in_whole_words(width: int, heading: str) -> None:
    view = view_of(*(event("offset", f"c{k}", onset=float(k), offset=k + 1.0) for k in range(30)))
    first = text(
        events_lines(replace(view, show_near_misses=True, cursor="c14-14.0"), width, 6)
    ).splitlines()[0]
    assert first.split("  ")[0].strip() == "events"
    assert f" {heading} " in first
    assert first.rstrip().endswith(("peak ↓12", "from 12"))


def test_the_keys_that_matter_most_are_whole_on_a_narrow_terminal() -> None:
    assert text(keys_lines(EMPTY, 40, 1)).rstrip() == " space pause  / history  ? help  q quit"
    assert "near misses" in text(keys_lines(EMPTY, 120, 1))


def test_the_event_list_scrolls_and_stops_at_the_oldest() -> None:
    view = view_of(*(event("offset", f"c{k}", onset=float(k), offset=k + 1.0) for k in range(9)))
    assert "c8" in text(events_lines(view, 80, 4)).splitlines()[1]
    assert "c5" in text(events_lines(replace(view, cursor="c3-3.0"), 80, 4)).splitlines()[1]
    assert "c0" in text(events_lines(replace(view, cursor="c0-0.0"), 80, 4)).splitlines()[3]


def test_counters_that_are_not_zero_are_kept_where_there_is_little_room() -> None:
    view = replace(view_of(health(10.0, skipped=40000)), lost=3)
    shown = text(status_lines(view, 44, 1))
    assert "skipped !2.5 s" in shown
    assert "lost msg !3" in shown


def test_the_status_says_that_it_cannot_keep_up() -> None:
    slow = msgspec.structs.replace(health(10.0), rtf=1.2)
    assert "1.20 TOO SLOW" in text(status_lines(view_of(slow), 120, 2))


def test_sound_that_does_not_fill_a_window_yet_is_not_behind() -> None:
    waiting = msgspec.structs.replace(health(7.0), analysed=0, pending=7 * 16_000)
    assert "behind --" in text(status_lines(view_of(waiting), 160, 2))
    late = msgspec.structs.replace(health(7.0), pending=3 * 16_000)
    assert "behind 3.0 s" in text(status_lines(view_of(late), 160, 2))


def test_the_status_says_dba_of_a_calibrated_source_only() -> None:
    assert "dBA" not in text(status_lines(view_of(health(10.0)), 160, 2))
    level_dba = SoundLevel(
        leq_dba=51.6, l10_dba=60.0, l50_dba=45.0, l90_dba=40.0, over_s=60.0, calibrated_at=at(0.0)
    )
    calibrated = replace_struct(health(10.0), level_dba=level_dba)
    assert "last minute 52 dBA" in text(status_lines(view_of(calibrated), 160, 2))


def test_the_status_says_how_much_was_heard_and_since_when_nothing_is() -> None:
    lost = msgspec.structs.replace(health(70.0, "lost"), gap=10 * 16000)
    shown = text(status_lines(replace(view_of(lost), now_s=95.0), 160, 2))
    assert "LOST since 1 min 25 s" in shown
    assert "heard 0:01:00" in shown


def test_the_status_names_source_model_background_and_clock() -> None:
    shown = text(status_lines(view_of(health(10.0, classes=CLASSES)), 160, 2))
    for words in (
        "● running",
        "USB microphone",
        "0:00:10",
        "ready, 212 windows",
        "embedded",
        "48→16 kHz",
        "+12 ppm",
    ):
        assert words in shown


def test_the_status_says_for_a_while_that_another_background_was_noticed() -> None:
    before = msgspec.structs.replace(health(9.0), background=BackgroundState(True, 1.0, 212, 20, 0.9, 0))
    after = msgspec.structs.replace(health(10.0), background=BackgroundState(True, 1.0, 20, 20, 0.9, 1))
    view = view_of(before, after)
    assert "background another one, 20 windows" in text(status_lines(view, 160, 2))
    assert "background ready, 20 windows" in text(status_lines(replace(view, now_s=75.0), 160, 2))
    assert "another" not in text(status_lines(view_of(after), 160, 2))


def test_the_status_says_how_many_windows_a_background_still_needs() -> None:
    learning = msgspec.structs.replace(health(9.0), background=BackgroundState(False, 1.0, 7, 20))
    assert "background learning, 7 of 20" in text(status_lines(view_of(learning), 160, 2))


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (CalibrationState(0.5, 40.0, ready=False), "false alarms 0.5/h, learning, 40 s"),
        (CalibrationState(1 / 24, 725.0, ready=True), "false alarms 1/day, learnt from 12m05"),
    ],
)
def test_the_status_says_how_many_false_alarms_are_allowed(state: CalibrationState, says: str) -> None:
    shown = msgspec.structs.replace(health(10.0), calibration=state)
    assert says in text(status_lines(view_of(shown), 120, 2))
    assert "false alarms" not in text(status_lines(view_of(health(10.0)), 160, 2))


@pytest.mark.parametrize(
    ("today", "cells"),
    [("2026-03-14", "14:02:01"), ("2026-03-15", "Sa 14:02"), ("2026-03-21", "14.03.26"), (None, "14:02:01")],
)
def test_an_event_of_another_day_says_so(
    monkeypatch: pytest.MonkeyPatch, today: str | None, cells: str
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    day = None if today is None else date.fromisoformat(today)
    view = replace(view_of(event("offset", onset=1.0, offset=2.0)), today=day)
    assert f" ◇ {cells} siren" in text(events_lines(view, 80, 6))


def test_a_file_shows_positions() -> None:
    place = {"onset_position_s": 3725.4, "offset_position_s": 3726.0}
    ended = msgspec.structs.replace(event("offset", onset=1.0, offset=2.0), **place)
    miss = msgspec.structs.replace(near_miss(0.5), position_s=59.96)
    view = replace(view_of(ended, miss), show_near_misses=True)
    rows = text(events_lines(view, 80, 6))
    assert "01:02:05 siren" in rows
    assert "00:00:59 dog bark" in rows


def test_a_clock_that_was_set_is_told_for_a_while() -> None:
    step = ClockStep(1, at(2.0), -3600.0, 0.0)
    state = State().apply(health(1.0), 1.0)
    state = state.apply(msgspec.structs.replace(health(2.0), clock_step=step), 2.0)
    view = View(state=state, now_s=30.0, endpoint="tcp://127.0.0.1:5557")
    told = "the computer's clock was set back by 3600 s"
    assert told in text(status_lines(view, 140, 2))
    assert told not in text(status_lines(replace(view, now_s=90.0), 140, 2))
