"""As many classes as may be listed, all with the longest names and words there are."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from textual.strip import Strip

from monitor.bus.codec import MAX_MESSAGE_LEN
from monitor.bus.messages import Candidate, Event, Health, PublishedRecord, ScoresMessage, Snapshot
from monitor.config.settings import MAX_CLASSES
from monitor.tui.panels.banner import banner_lines
from monitor.tui.panels.classes import classes_lines
from monitor.tui.panels.events import events_lines
from monitor.tui.panels.plain_classes import plain_classes_lines
from monitor.tui.panels.status import status_lines
from monitor.tui.parts import Lines
from monitor.tui.state import State
from monitor.tui.view import View
from tests.tui.fakes import at, class_state, event, health

NAMES = [f"{number:03d}_{'x' * 36}" for number in range(MAX_CLASSES)]
WORDING = "y" * 200


def crowded_health() -> Health:
    listed = [msgspec.structs.replace(class_state(name), prompt=WORDING) for name in NAMES]
    return msgspec.structs.replace(health(1.0), classes=listed)


def onset_of_all() -> list[Event]:
    candidates = [Candidate(name, 0.5) for name in NAMES[:5]]
    changed = {"prompt": WORDING, "candidates": candidates}
    return [
        msgspec.structs.replace(event("onset"), id=f"e{number}", class_=name, **changed)
        for number, name in enumerate(NAMES)
    ]


def scores_of_all() -> ScoresMessage:
    return ScoresMessage(
        source_id=health(1.0).source_id,
        time=at(2.0),
        start=0,
        stop=32_000,
        sample_rate=16_000,
        scores=dict.fromkeys(NAMES, 0.9),
        other="rain",
        other_score=0.1,
    )


@pytest.mark.parametrize("width", [20, 37, 50, 72])
@pytest.mark.parametrize("lines", [classes_lines, plain_classes_lines])
def test_a_word_that_the_model_does_not_know_is_never_said_to_be_quiet(lines: Lines, width: int) -> None:
    """It may never be told: nothing that is heard of it means anything."""
    unknown = msgspec.structs.replace(class_state("sirne", urgent=True), unknown=True)
    state = State().apply(msgspec.structs.replace(health(1.0), classes=[unknown]), 1.0)
    look = View(state=state, now_s=1.0, endpoint="")
    row = lines(look, width, 4)[1].text
    assert "quiet" not in row
    assert "? unknown word"[: width - 7] in row


@pytest.fixture(scope="module")
def view() -> View:
    state = State()
    records: list[PublishedRecord] = [crowded_health(), *onset_of_all(), scores_of_all()]
    for record in records:
        state = state.apply(record, 2.0)
    return View(state=state, now_s=2.0, endpoint="tcp://127.0.0.1:5557")


def text(lines: list[Strip]) -> str:
    return "\n".join(strip.text for strip in lines)


def test_all_of_them_can_sound_at_once(view: View) -> None:
    assert len(view.state.open_events) == MAX_CLASSES
    for draw in (banner_lines, classes_lines, events_lines, status_lines):
        for width, height in ((40, 3), (80, 12), (120, 40)):
            lines = draw(view, width, height)
            assert len(lines) == height
            assert all(line.cell_length == width for line in lines)


@pytest.mark.parametrize("selected", [0, 250, MAX_CLASSES - 1])
def test_the_list_of_classes_scrolls_to_the_selected_one(view: View, selected: int) -> None:
    shown = text(classes_lines(replace(view, selected=selected), 80, 12))
    assert f"▶ {selected:03d}" in shown
    assert f"{MAX_CLASSES - 10} more" in shown


def test_a_late_joiner_gets_it_all_in_one_message() -> None:
    snapshot = Snapshot(
        epoch="e",
        time=at(3.0),
        sequences={f"event/demo/{name}/": 3 for name in NAMES},
        health=[crowded_health()],
        open_events=onset_of_all(),
        recent_events=onset_of_all()[:100],
    )
    assert len(msgspec.json.encode(snapshot)) < MAX_MESSAGE_LEN
    state = State().apply(snapshot, 3.0)
    assert len(state.open_events) == MAX_CLASSES
