"""What was measured, and what it means: how many microphones, and what stands in the way of more. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from monitor.bench.live import Live
from monitor.bench.stages import StageCost, StageCosts
from monitor.units import quantile

USABLE = 0.7
"""Share of the processor that a monitor may take: above it, sounds are told late when all else is busy."""

_LEAST_SHARE = 1e-6


class Latency(msgspec.Struct, frozen=True):
    """Quantiles of a few durations, seconds."""

    what: str
    n: int
    p50_s: float
    p95_s: float
    p99_s: float


class Report(msgspec.Struct, frozen=True):
    """All that `monitor bench` found."""

    model: str
    cores: int
    source: str
    stages: StageCosts
    live: Live
    latencies: tuple[Latency, ...]
    microphones: int
    """That this computer can hear with this model and hop, with `USABLE` of its processor."""
    limit: str
    """What stands in the way of more."""
    sentence: str
    """What this computer can do, in words."""


def report(model: str, cores: int, source: str, stages: StageCosts, live: Live) -> Report:
    """Return what was found, and what follows from it."""
    costliest = max(stages.stages, key=lambda one: one.share)
    shares = (live.share / cores, costliest.share)  # of all processors; of the one that a stage may have
    microphones = math.floor(USABLE / max(*shares, _LEAST_SHARE))
    limit = f"{costliest.name}, {_percent(_part(costliest, stages))} of all work on a window"
    said = _sentence(model, cores, stages.hop_s, live, microphones, limit)
    return Report(model, cores, source, stages, live, _latencies(live), microphones, limit, said)


def _sentence(model: str, cores: int, hop_s: float, live: Live, microphones: int, limit: str) -> str:  # noqa: PLR0913, PLR0917 - all that is said
    computer = f"This computer ({cores} core{'s' * (cores != 1)})"
    heard = f"with model {model}, a window every {hop_s:g} s"
    if not microphones:
        return (
            f"{computer} is too slow or too busy to hear one microphone {heard}: that takes "
            f"{_percent(live.share)} of a core; the limiting stage is {limit}. Try --hop {2 * hop_s:g}."
        )
    number = f"{microphones} microphone{'s' * (microphones != 1)}"
    return (
        f"{computer} can hear {number} {heard}, and keep {_percent(1.0 - USABLE)} of itself for others; "
        f"the limiting stage is {limit}."
    )


def _part(stage: StageCost, stages: StageCosts) -> float:
    return stage.share / sum(one.share for one in stages.stages)


def _latencies(live: Live) -> tuple[Latency, ...]:
    each = {
        "window's end to published": live.window_to_published_s,
        "sound's onset to event received": live.sound_to_received_s,
        "sound's onset to painted": live.sound_to_painted_s,
    }
    return tuple(_latency(what, times) for what, times in each.items() if times)


def _latency(what: str, times: Sequence[float]) -> Latency:
    ranked = sorted(times)
    return Latency(what, len(ranked), *(round(quantile(ranked, share), 3) for share in (0.5, 0.95, 0.99)))


def _percent(share: float) -> str:
    return f"{100.0 * share:.3g} %"
