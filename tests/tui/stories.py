"""What the interface is for, one story each: what has arrived, and what the user has opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import TypeVar

import msgspec

from monitor.bus.messages import Event, Health, Level, NearMissMessage, PublishedRecord
from monitor.records import SourceState
from monitor.tui.source_states import States, after
from monitor.tui.state import State
from monitor.tui.view import View

from .fakes import SOURCE_ID, at, class_state, event, health, level, near_miss, scores

T = TypeVar("T", bound=msgspec.Struct)

LISTED = (
    class_state("smoke_alarm", threshold=0.5, urgent=True),
    class_state("siren", threshold=0.96, urgent=True),
    class_state("dog_bark", threshold=0.96),
    class_state("doorbell", threshold=0.5),
    class_state("glass_breaking", threshold=0.994),
    class_state("baby_crying", threshold=0.5, muted=True),
)
SIRNE = msgspec.structs.replace(class_state("sirne", urgent=True), unknown=True)
"""A word that the model does not know."""
NOW_S = 60.0


def heard(*records: PublishedRecord, **changes: object) -> View:
    """Return the view of a minute of a calm place, and then of `records`."""
    states: States = {}
    calm = [level(NOW_S - 40 + k / 10, -56.0) for k in range(400)]
    everything: list[PublishedRecord] = [now(captured=320_000), *calm, *EARLIER]
    everything += [scores(NOW_S, siren=0.12, dog_bark=0.07, doorbell=0.31, smoke_alarm=0.02), now(), *records]
    for number, record in enumerate(everything):
        time = NOW_S - 40 + number / 10 if isinstance(record, Level) else NOW_S
        states = after(states, record, time, 0 if isinstance(record, Event) else number)
    view = View(
        state=states[SOURCE_ID], states=states, now_s=NOW_S + 0.6, endpoint="tcp://127.0.0.1:5557",
        today=date(2026, 3, 14),
    )  # fmt: skip
    return replace(view, **changes)  # type: ignore[arg-type]


def past(class_: str, hours: float, lasted: float = 2.0, *, urgent: bool = False, seen: bool = True) -> Event:
    """Return an event that ended so many hours ago."""
    onset = NOW_S - hours * 3600.0
    made = event("offset", class_, onset=onset, offset=onset + lasted, urgent=urgent, ended_by="quiet")
    if urgent and seen:
        made = msgspec.structs.replace(made, acknowledged_by="you", acknowledged_at=at(0.0))
    return made


EARLIER: list[Event | NearMissMessage] = [
    past("doorbell", 30.0),
    past("dog_bark", 5.0, 12.0),
    past("siren", 3.0, 21.0, urgent=True),
    near_miss(20.0),
]
SOUNDING = scores(NOW_S + 0.1, smoke_alarm=0.97, dog_bark=0.71, siren=0.2, doorbell=0.1)
SMOKE = event("onset", "smoke_alarm", onset=NOW_S - 4.0, score=0.97, urgent=True, dbfs=-31.0)
BARK = event("onset", "dog_bark", onset=NOW_S - 2.0, score=0.71, dbfs=-40.0)


def now(state: SourceState = "running", reason: str | None = None, **changes: object) -> Health:
    """Return how the source is now."""
    told = health(NOW_S, state, reason, classes=LISTED)
    return msgspec.structs.replace(told, calibrated=True, **changes)


HUNDRED = 100
"""Sources of a fleet."""


def bed(number: int, record: T) -> T:
    """Return `record` as one source of a fleet sends it."""
    told = {"source_id": f"bed-{number}", "source_name": f"Bed {number}", "id": f"{number}"}
    return msgspec.structs.replace(
        record, **{key: value for key, value in told.items() if key in record.__struct_fields__}
    )


def fleet() -> View:
    """Return the view of a hundred sources, of which some are not heard and one sounds."""
    states: States = {}
    wrong: dict[int, Health] = {
        17: now("lost", "the camera does not answer."),
        58: now("lost", "unplugged."),
        73: now(hearing="noisy", hearing_reason="a siren must be 8 dB louder; move it away."),
        90: now(hearing="too_quiet", hearing_reason="the microphone is muted."),
    }
    for number in range(1, HUNDRED + 1):
        told: list[PublishedRecord] = [wrong.get(number, now()), level(NOW_S, -58.0 + number % 7)]
        told += [event("onset", "doorbell", onset=55.0)] if number == 84 else []
        for record in told:
            states = after(states, bed(number, record), NOW_S, 1)
    return View(
        state=states["bed-84"], states=states, now_s=NOW_S + 0.6, endpoint="tcp://127.0.0.1:5557",
        today=date(2026, 3, 14),
    )  # fmt: skip


STORIES: Mapping[str, Callable[[], View]] = {
    "listening": lambda: heard(level(NOW_S, -41.0)),
    "event": lambda: heard(level(NOW_S, -40.0, 0.4), BARK, SOUNDING),
    "urgent": lambda: heard(level(NOW_S, -31.0, 0.7), SMOKE, BARK, SOUNDING),
    "ended": lambda: heard(event("offset", "dog_bark", onset=50.0, offset=56.0, ended_by="quiet")),
    "missed": lambda: heard(
        past("smoke_alarm", 5.6, 30.0, urgent=True, seen=False),
        *(past("siren", hours, urgent=True, seen=False) for hours in (7.0, 8.0, 9.0)),
    ),
    "noisy": lambda: heard(now(hearing="noisy", hearing_reason="a siren must be 8 dB louder; move it away.")),
    "too-quiet": lambda: heard(now("silent", "the microphone is muted.", hearing="too_quiet")),
    "lost": lambda: heard(now("lost", "USB microphone was unplugged.")),
    "gone": lambda: heard(contact="gone", contact_since_s=NOW_S - 75.0, contact_since=at(-15.0)),
    "loading": lambda: View(
        state=State(), now_s=NOW_S, endpoint="", contact="none", contact_since_s=NOW_S - 2.0,
        doing="loading the model embedded",
    ),
    "muted-urgent": lambda: heard(
        now(classes=[msgspec.structs.replace(LISTED[0], muted=True), *LISTED[1:]])
    ),
    "unknown-word": lambda: heard(now(classes=[LISTED[0], SIRNE, *LISTED[2:]])),
    "unknown-word-maker": lambda: heard(now(classes=[LISTED[0], SIRNE, *LISTED[2:]]), maker=True),
    "hundred": fleet,
    "maker": lambda: heard(level(NOW_S, -40.0, 0.4), BARK, SOUNDING, maker=True, show_near_misses=True),
}  # fmt: skip

SCREENS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "detail": ("event", ("enter",)),
    "history": ("missed", ("slash",)),
    "question": ("listening", ("m",)),
}
"""What covers the screen: over which story, and the keys that lead there."""

SIZES = ((80, 24), (120, 36), (200, 60), (20, 5))
STORY_SIZE = (60, 16)
"""In which stories are kept in colours."""
IN_COLOURS = (
    "listening",
    "event",
    "urgent",
    "ended",
    "missed",
    "noisy",
    "lost",
    "muted-urgent",
    "unknown-word",
)
