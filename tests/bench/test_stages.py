from __future__ import annotations

import pytest

from monitor.bench.stages import CAPTURE, REST, Stopwatch, measure_stages
from monitor.config.settings import load_config
from monitor.scoring.prompts import parse_classes
from tests.fakes import FakeEncoder


def work() -> None:
    sum(number * number for number in range(60_000))


def test_what_one_stage_does_within_another_counts_once() -> None:
    watch = Stopwatch()
    with watch.on("outer"):
        work()
        with watch.on("inner"):
            work()
            work()
    watch.lap()
    (lap,) = watch.laps
    assert lap["inner"] > lap["outer"] > 0.0
    assert lap[REST] < lap["outer"]


def test_a_stage_that_raises_is_counted_and_the_one_around_it_goes_on() -> None:
    watch = Stopwatch()
    with watch.on("outer"), pytest.raises(ValueError, match="no"), watch.on("inner"):
        raise ValueError("no")
    watch.lap()
    assert set(watch.laps[0]) == {"outer", "inner", REST}


def test_every_stage_of_the_line_is_measured_at_every_window() -> None:
    config = load_config(flags={"prompts": {"distractors": ["middle"]}})
    found = measure_stages(FakeEncoder(), parse_classes("low,smoke_alarm"), config)
    assert found.windows > 50
    names = [one.name for one in found.stages]
    assert names[0] == CAPTURE
    assert "model" in names
    assert all(0.0 <= one.median_ms <= one.p95_ms for one in found.stages)
    assert all(one.share > 0.0 for one in found.stages)
