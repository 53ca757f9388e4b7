"""The measurement of corrections, on scores that a test sets."""

from __future__ import annotations

import numpy as np

from monitor.config.settings import load_config
from monitor.config.tuning import with_tuning
from monitor.evaluation.synthesis.plans import StreamPlan
from monitor.scoring.corrections import BOUNDS
from tests.fakes import RATE, FakeEncoder
from tools.benchmark.correction_places import CLASSES, Heard, Place
from tools.benchmark.corrections import judge_place, table

ENCODER = FakeEncoder()
CONFIG = with_tuning(load_config(), ENCODER.info.tuning)


def stream(number: int) -> Heard:
    """Return ten seconds in which something barks like a dog for two, and is none."""
    heard = Heard(StreamPlan(f"stream-{number}", RATE, RATE * 10, 10.0, ()))
    for at in range(4, 41):
        sounds = 16 <= at < 24
        heard.starts.append((at - 4) * RATE // 4)
        heard.stops.append(at * RATE // 4)
        heard.hops.append(RATE // 4)
        heard.vectors.append(np.eye(4, dtype=np.float32)[0 if sounds else 3])
        scores = dict.fromkeys(CLASSES.split(","), 0.001)
        heard.scores.append(scores | {"dog_bark": 0.9} if sounds else scores)
    return heard


def test_false_alarms_that_are_said_to_be_wrong_do_not_come_again() -> None:
    place = Place([stream(number) for number in range(8)], [stream(9), stream(10)])
    results = judge_place(place, CONFIG, ENCODER, BOUNDS, [1, 8], False)
    assert [one.told for one in results] == [0, 1, 8]
    assert [sum(len(one.false_alarms) for one in result.outcomes) for result in results] == [2, 2, 0]
    rows = list(table([results]))
    assert rows[0].startswith("| 0 | 360.0 | +0% ")
    assert rows[2].startswith("| 8 | 0.0 | -100% ")
