"""That a self-test failed, as an urgent event: it stays missed until somebody has seen it."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from monitor.bus.messages import Event, Health, Latency, SelfTest
from monitor.records import SELF_TEST
from monitor.units import SILENCE_DBFS

PROMPT = "an alarm made by code"
"""What stands where the words of a class are."""


def failure(health: Health, run_id: str, test: SelfTest, now: datetime) -> list[Event]:
    """Return the event of a test that failed, its onset and its offset.

    Parameters
    ----------
    health
        The last of the source.
    run_id
        Makes ids of different runs differ.
    """
    onset = Event(
        type="onset",
        id=f"{run_id}-{SELF_TEST}-{test.number}",
        source_id=health.source_id,
        source_name=health.source_name,
        class_=SELF_TEST,
        prompt=PROMPT,
        score=test.score or 0.0,
        threshold=0.0,
        candidates=[],
        onset_time=now,
        offset_time=None,
        onset_sample=health.captured,
        offset_sample=None,
        sample_rate=health.sample_rate,
        latency_s=Latency(0.0, 0.0),
        level_dbfs=SILENCE_DBFS,
        floor_dbfs=SILENCE_DBFS,
        snr_db=test.snr_db or 0.0,
        background=health.background,
        urgent=True,
        model=health.model,
        peak_score=test.score or 0.0,
        label=f"self-test failed: {test.reason}",
        node=health.node,
        hearing=health.hearing,
    )
    offset = replace(onset, type="offset", offset_time=now, offset_sample=health.captured, ended_by="quiet")
    return [onset, offset]
