"""Records to send: one plain example of each kind, and strategies for all that the wire can carry."""

from __future__ import annotations

import types
import typing
from datetime import UTC, datetime
from typing import Any, Literal, get_args, get_origin

import msgspec
from hypothesis import strategies as st

from monitor.bus.messages import (
    BackgroundProfile,
    Candidate,
    ClassInBackground,
    ClassState,
    Event,
    Health,
    Latency,
    Level,
    NearMissMessage,
)
from monitor.records import BackgroundState, EventType, Likeness, SourceState
from monitor.text import clean

NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
RATE = 32000


def event(type_: EventType = "onset", class_: str = "dog_bark", id_: str = "run-dog_bark-0") -> Event:
    ended = type_ == "offset"
    return Event(
        type=type_,
        id=id_,
        source_id="mic0",
        source_name="USB microphone",
        class_=class_,
        prompt="a dog barking",
        score=0.8125,
        threshold=0.5,
        candidates=[Candidate("dog_bark", 0.8125), Candidate("siren", 0.1)],
        onset_time=NOON,
        offset_time=NOON.replace(second=3) if ended else None,
        onset_sample=0,
        offset_sample=3 * RATE if ended else None,
        sample_rate=RATE,
        latency_s=Latency(0.2, 0.3),
        level_dbfs=-32.1,
        floor_dbfs=-50.0,
        snr_db=17.9,
        background=BackgroundState(ready=True, age_s=1.0, windows=40),
        urgent=False,
        model="embedded",
        peak_score=0.93,
        ended_by="quiet" if ended else None,
    )


def near_miss() -> NearMissMessage:
    return NearMissMessage("mic0", "dog_bark", "below_threshold", 0.41, 0.5, NOON, -40.0, 6.0)


def level(bands_dbfs: list[float] | None = None) -> Level:
    return Level("mic0", NOON, 3200, -40.0, -30.0, -50.0, 9.5, "normal", bands_dbfs or [-60.0] * 32)


def health(state: SourceState = "running", reason: str | None = None, skipped: int = 0) -> Health:
    return Health(
        source_id="mic0",
        source_name="USB microphone",
        time=NOON,
        state=state,
        reason=reason,
        uptime_s=12.0,
        device_sample_rate=48000,
        sample_rate=RATE,
        captured=12 * RATE,
        analysed=12 * RATE - skipped,
        pending=0,
        gap=0,
        overflow=0,
        overwritten=0,
        skipped=skipped,
        invalid=0,
        reopened=0,
        clock_ppm=None,
        rtf=0.1,
        model="embedded",
        background=BackgroundState(ready=True, age_s=1.0, windows=40),
        classes=[ClassState("dog_bark", "a dog barking", 0.5, 0.3, muted=False, urgent=False)],
    )


def background(source_id: str = "mic0") -> BackgroundProfile:
    return BackgroundProfile(
        source_id=source_id,
        source_name="USB microphone",
        model="embedded-3fa2",
        state=BackgroundState(ready=True, age_s=1.0, windows=40, needed=20, likeness=0.5, changes=0),
        mean=[0.3, 0.4, 0.0, 0.0],
        sounds_like=[Likeness("fan", 0.5), Likeness("air conditioner", 0.25)],
        classes=[ClassInBackground("dog_bark", -0.02), ClassInBackground("siren", 0.2)],
    )


any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
"""Whatever UTF-8 can carry, terminal controls included."""

plain_text = any_text.map(clean)
"""What a terminal can show."""

_times = st.datetimes(datetime(1970, 1, 2), datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def records(kind: type[msgspec.Struct], text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Return a strategy for any record of `kind` whose strings come from `text`."""
    return st.builds(
        kind, **{name: _values(hint, text) for name, hint in typing.get_type_hints(kind).items()}
    )


def _values(hint: Any, text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: text,
        bool: st.booleans(),
        int: st.integers(1, 2**31),
        float: st.floats(allow_nan=False, allow_infinity=False),
        datetime: _times,
        type(None): st.none(),
    }
    parts = get_args(hint)
    if hint in simple:
        return simple[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(parts)
    if get_origin(hint) is list:
        return st.lists(_values(parts[0], text), max_size=3)
    if get_origin(hint) is dict:
        return st.dictionaries(_values(parts[0], text), _values(parts[1], text), max_size=3)
    if get_origin(hint) in {typing.Union, types.UnionType}:
        return st.one_of([_values(part, text) for part in parts])
    return records(hint, text)
