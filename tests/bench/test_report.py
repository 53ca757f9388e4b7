from __future__ import annotations

import msgspec

from monitor.bench.live import Live
from monitor.bench.report import USABLE, report
from monitor.bench.stages import StageCost, StageCosts

LIVE = Live(20.0, 0.0777, 60.0, 140.0, (1.5,), (0.1, 0.2), (0.7,), (0.8,), 6)


def costs(**shares: float) -> StageCosts:
    return StageCosts(150, 0.25, tuple(StageCost(name, 1.0, 2.0, share) for name, share in shares.items()))


def test_all_processors_together_limit_the_microphones_where_no_stage_does() -> None:
    found = report("embedded", 4, "demo street", costs(model=0.01, scores=0.005), LIVE)
    assert found.microphones == 36  # of 0.7 * 4 cores, 0.0777 each, and no part of one
    assert "can hear 36 microphones" in found.sentence
    assert "limiting stage is model, 66.7 % of all work" in found.sentence


def test_a_stage_that_fills_a_processor_limits_them_however_many_there_are() -> None:
    found = report("embedded", 64, "demo street", costs(model=0.04, scores=0.01), LIVE)
    assert found.microphones == int(USABLE / 0.04)


def test_a_computer_that_is_too_slow_is_told_what_to_do() -> None:
    slow = msgspec.structs.replace(LIVE, share=1.8)
    found = report("clap", 1, "demo street", costs(model=1.6), slow)
    assert found.microphones == 0
    assert "too slow or too busy" in found.sentence
    assert "--hop 0.5" in found.sentence


def test_latencies_are_told_only_of_what_was_heard() -> None:
    found = report(
        "embedded", 2, "desk", costs(model=0.02), msgspec.structs.replace(LIVE, sound_to_painted_s=())
    )
    assert [(one.n, one.p50_s) for one in found.latencies] == [(2, 0.15), (1, 0.7)]
