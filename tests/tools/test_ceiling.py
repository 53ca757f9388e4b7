"""What is to be had at most: each class by its own best threshold, whatever the scale of its log-odds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.config.settings import Config
from monitor.evaluation.methods.results_at_thresholds import together
from monitor.evaluation.synthesis.parts import Bench, Part
from monitor.evaluation.synthesis.plans import Piece, StreamPlan
from monitor.evaluation.synthesis.streams import Stream
from monitor.records import ClassPrompt, Window
from tests.fakes import RATE, FakeEncoder

pytest.importorskip("torch", reason="the tool hears with the audio teacher, which needs torch")

from tools.benchmark.ceiling import Heard, best_of_all, best_of_one, hear, settings_of, windows_of
from tools.benchmark.taggers_on_streams import added_up

NAMES = ("siren", "dog")
BENCH = Bench(FakeEncoder(), [ClassPrompt(name, name) for name in NAMES], Config())
LENGTH = 20 * RATE
EVENT = Piece("event", "siren", "siren.wav", 0, 3 * RATE, 8 * RATE, 1.0, 0, 0)
WITH = StreamPlan("with", RATE, LENGTH, 0.0, (EVENT,))
WITHOUT = StreamPlan("without", RATE, LENGTH, None, ())


class Counting:
    """Gives each window its own end, and counts how often it is asked."""

    name = "counting"

    def __init__(self) -> None:
        self.asked = 0

    def hear(self, _: NDArray[np.float32], windows: Sequence[Window], /) -> NDArray[np.float64]:
        self.asked += 1
        return np.array([[one.stop, 0.0] for one in windows], np.float64)


def part() -> Part:
    """Return one silent stream."""
    return Part(10.0, 1, [Stream(WITH, np.zeros(LENGTH, np.float32))])


def odds(siren: float, elsewhere: float = -3.0, dog: float = -3.0) -> tuple[Heard, Heard]:
    """Return a stream with an event and one without: so high the siren is where it sounds, and elsewhere."""
    spans = [(one.start, one.stop) for one in windows_of(Stream(WITH, np.zeros(LENGTH, np.float32)), BENCH)]
    quiet, loud = np.full((len(spans), 2), -3.0), np.full((len(spans), 2), -3.0)
    for at, (_, stop) in enumerate(spans):
        if 8.5 * RATE <= stop <= 11 * RATE:
            loud[at, 0], quiet[at] = siren, (elsewhere, dog)
    return Heard(WITH, spans, loud), Heard(WITHOUT, spans, quiet)


def found(pair: tuple[Heard, Heard], rate: float, tops: tuple[float, float] = (6.0, 6.0)) -> int:
    """Return how many sirens are found where sirens alone keep within a rate."""
    loud, quiet = (settings_of([one], np.array(tops), BENCH) for one in pair)
    return best_of_one(together([loud, quiet]), "siren", rate)


def test_what_is_louder_than_all_else_is_found_without_a_false_alarm() -> None:
    assert found(odds(siren=4.0, elsewhere=3.0), rate=0.0) == 1


def test_what_something_else_surpasses_costs_a_false_alarm() -> None:
    pair = odds(siren=3.0, elsewhere=4.0)
    assert found(pair, rate=0.0) == 0
    assert found(pair, rate=3600.0 / 40.0) == 1


def test_false_alarms_of_another_class_cost_it_nothing() -> None:
    assert found(odds(siren=2.0, dog=5.0), rate=0.0) == 1


def test_where_the_log_odds_of_a_class_lie_changes_nothing() -> None:
    assert found(odds(siren=4.0, elsewhere=3.0), rate=0.0, tops=(-90.0, 6.0)) == 0
    loud, quiet = odds(siren=4.0, elsewhere=3.0)
    moved = tuple(Heard(one.plan, one.spans, one.odds - 96.0) for one in (loud, quiet))
    assert found((moved[0], moved[1]), rate=0.0, tops=(-90.0, -90.0)) == 1


def test_all_classes_together_find_what_one_threshold_each_finds() -> None:
    loud, quiet = (settings_of([one], np.array([6.0, 6.0]), BENCH) for one in odds(siren=4.0, elsewhere=3.0))
    assert best_of_all(together([loud, quiet]), NAMES, 0.0) == pytest.approx(1.0)


def test_the_odds_of_the_columns_of_a_class_add_up() -> None:
    logits = np.log(np.array([[1.0, 3.0, 5.0]]))
    assert np.exp(added_up(logits, [[0, 1], [2]])) == pytest.approx(np.array([[4.0, 5.0]]))


def test_what_is_kept_is_not_heard_again(tmp_path: Path) -> None:
    listener = Counting()
    first = hear(part(), [listener], BENCH, tmp_path)["counting"][0]
    second = hear(part(), [listener], BENCH, tmp_path)["counting"][0]
    assert listener.asked == 1
    assert np.array_equal(first.odds, second.odds)
    assert len(first.odds) == len(first.spans)
