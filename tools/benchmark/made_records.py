"""Records as a monitor publishes them, for what measures sinks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from monitor.bus.messages import Candidate, ClassState, Event, Health, Latency, NearMissMessage
from monitor.records import BackgroundState, EventType

RATE = 32_000
_LASTS = 2 * RATE


def made_event(type_: EventType, id_: str, class_: str = "siren", *, urgent: bool = True) -> Event:
    """Return a message of an event that begins now."""
    now = datetime.now(UTC)
    ended = type_ == "offset"
    return Event(
        type=type_, id=id_, source_id="made", source_name="made by code", class_=class_, prompt=class_,
        score=0.9, threshold=0.5, candidates=[Candidate(class_, 0.9)], onset_time=now,
        offset_time=now if ended else None, onset_sample=0, offset_sample=_LASTS if ended else None,
        sample_rate=RATE, latency_s=Latency(0.1, 0.1), level_dbfs=-30.0, floor_dbfs=-50.0, snr_db=20.0,
        background=BackgroundState(ready=True, age_s=1.0, windows=40), urgent=urgent, model="made",
        peak_score=0.9, ended_by="quiet" if ended else None,
    )  # fmt: skip


def made_health(classes: Sequence[str]) -> Health:
    """Return that the source runs and hears, and is listened to for `classes`."""
    listed = [ClassState(name, name, 0.5, 0.3, muted=False, urgent=True) for name in classes]
    return Health(
        source_id="made", source_name="made by code", time=datetime.now(UTC), state="running", reason=None,
        uptime_s=1.0, device_sample_rate=RATE, sample_rate=RATE, captured=RATE, analysed=RATE, pending=0,
        gap=0, overflow=0, overwritten=0, skipped=0, invalid=0, reopened=0, clock_ppm=None, rtf=0.1,
        model="made", background=BackgroundState(ready=True, age_s=1.0, windows=40), classes=listed,
    )  # fmt: skip


def made_near_miss(number: int) -> NearMissMessage:
    """Return a near miss of now; its score follows from `number`."""
    return NearMissMessage(
        "made", "siren", "below_threshold", number % 7 / 7, 0.5, datetime.now(UTC), -40.0, 6.0
    )


def made_noise(length: int) -> NDArray[np.float32]:
    """Return one window of quiet noise, float32 (1, length)."""
    return (0.01 * np.random.default_rng(0).standard_normal((1, length))).astype(np.float32)
