"""A message to everybody who is told, to see whether it arrives: nothing was heard."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from monitor.bus.messages import Event, Latency
from monitor.config.settings.notify import TargetConfig
from monitor.errors import ConfigError
from monitor.records import BackgroundState
from monitor.sinks.notify.letters import Letter, NotTold
from monitor.sinks.notify.messenger import Messenger
from monitor.sinks.notify.texts import payload_of
from monitor.sinks.notify.ways import open_channel
from monitor.wording import clock

_CLASS = "test"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the test message to one target."""

    target: str
    delivered: bool
    seconds: float
    """How long it took until it was known."""
    why: str = ""
    """Why it was not delivered, as a sentence or a clause."""


def try_targets(targets: Mapping[str, TargetConfig], node: str = "") -> list[Outcome]:
    """Tell all `targets` side by side, once, whatever the hour; return what became of it, in their order."""
    outcomes: dict[str, Outcome] = {}

    def work(name: str) -> None:
        outcomes[name] = _try(name, targets[name], node)

    threads = [threading.Thread(target=work, args=(name,), daemon=True) for name in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [outcomes[name] for name in targets]


def trial_letter(node: str, now: datetime) -> Letter:
    """Return what is sent: marked as a test wherever a person or a program looks."""
    where = f" on {node}" if node else ""
    text = f"Sent by monitor{where} at {clock(now)} to see whether it arrives. Nothing was heard."
    event = Event(
        type="onset", id=f"test-{now:%Y%m%dT%H%M%S}", source_id=_CLASS, source_name="test", class_=_CLASS,
        prompt="a test, nothing was heard", score=0.0, threshold=1.0, candidates=[], onset_time=now,
        offset_time=None, onset_sample=0, offset_sample=None, sample_rate=1, latency_s=Latency(0.0, 0.0),
        level_dbfs=-120.0, floor_dbfs=-120.0, snr_db=0.0,
        background=BackgroundState(ready=False, age_s=0.0, windows=0), urgent=False, model="none",
        label="test, nothing was heard", node=node,
        rejected_because="it is a test of the way to whoever is told; nothing was heard",
    )  # fmt: skip
    payload = payload_of(event).encode() + b"\n"
    return Letter("test", "TEST of monitor", text, payload, urgent=False, times=1, late_s=0.0)


def _try(name: str, target: TargetConfig, node: str) -> Outcome:
    begun_s = time.monotonic()
    why = ""
    try:
        channel = open_channel(name, target)
        try:
            if isinstance(channel, Messenger):
                channel.check()
                begun_s = time.monotonic()
            channel.send(trial_letter(node, datetime.now(UTC)))
        finally:
            channel.close()
    except (ConfigError, NotTold) as error:
        why = str(error)
    return Outcome(target=name, delivered=not why, seconds=round(time.monotonic() - begun_s, 3), why=why)
