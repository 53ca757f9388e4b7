"""The field's own programs count what we count, where both ask for the same."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.evaluation.metrics.event_metrics import Detection, Hit, Outcome, Reference, match
from monitor.evaluation.metrics.figures import ALL, Case
from monitor.evaluation.metrics.operating_points import Setting
from monitor.evaluation.metrics.sed import COLLARS_S, SCENARIOS, area, count, is_there, psds
from monitor.evaluation.metrics.sed_figures import f1_rows, psds_rows

pytestmark = pytest.mark.skipif(not is_there(), reason="sed_eval and psds_eval come with the extra `eval`")
CLASSES = ("siren", "dog_bark")
COLLAR_S = 0.25

sounds = st.lists(
    st.tuples(st.sampled_from(CLASSES), st.integers(0, 160).map(lambda at: at / 16)), max_size=8
)


@settings(deadline=None)
@given(sounds, sounds)
def test_our_matching_finds_as_many_as_sed_eval(
    events: list[tuple[str, float]], detected: list[tuple[str, float]]
) -> None:
    """An event without length, and as much time before it as after it, is its onset and their collar."""
    references = [Reference(name, at, at) for name, at in events]
    detections = [Detection(name, at, at + 1.0, at + 1.0) for name, at in detected]

    ours = match(references, detections, 60.0, collar_s=COLLAR_S, early_s=COLLAR_S)

    for name in CLASSES:
        theirs = count(ours, name, COLLAR_S)
        assert theirs.found == sum(hit.reference.class_name == name for hit in ours.hits)
        assert theirs.events == sum(event.class_name == name for event in references)
        assert theirs.detections == sum(one.class_name == name for one in detections)


def outcome(hits: int, missed: int, false_alarms: int, late_s: float = 0.0, number: int = 0) -> Outcome:
    """Return a minute of sirens of two seconds, each found `late_s` after its onset, or missed."""
    events = [Reference("siren", 4.0 * at, 4.0 * at + 2.0, f"siren {number}") for at in range(hits + missed)]
    found = [Hit(one, detection(one.onset_s + late_s, one.offset_s)) for one in events[:hits]]
    alarms = tuple(detection(40.0 + 3.0 * at, 41.0 + 3.0 * at) for at in range(false_alarms))
    return Outcome(60.0, tuple(found), tuple(events[hits:]), (), alarms, f"street {number}")


def detection(onset_s: float, offset_s: float) -> Detection:
    return Detection("siren", onset_s, offset_s, offset_s)


def case(outcomes: list[Outcome]) -> Case:
    return Case("monitor", 0.0, "1/h", dict.fromkeys(CLASSES, 0.5), outcomes, [])


def test_event_f1_counts_hits_within_the_collar() -> None:
    found = {
        (row.metric, row.class_name): row
        for row in f1_rows(case([outcome(3, 1, 2, late_s=0.5, number=number) for number in range(5)]))
    }

    assert found["event_f1_1s", "siren"].value == pytest.approx(2 * 3 / (2 * 3 + 1 + 2))
    assert found["event_f1_200ms", "siren"].value == 0.0
    assert found["event_f1_1s", ALL].value == found["event_f1_1s", "siren"].value, "other classes have none"
    assert {metric for metric, _ in found} == set(COLLARS_S)


def test_event_f1_is_less_sure_where_streams_differ() -> None:
    alike = [outcome(2, 2, 1, number=number) for number in range(12)]
    unlike = [outcome(4 * (number % 2), 4 * (1 - number % 2), 1, number=number) for number in range(12)]

    even, uneven = (next(iter(f1_rows(case(outcomes)))) for outcomes in (alike, unlike))

    assert even.value == uneven.value
    assert even.low <= even.value <= even.high
    assert uneven.high - uneven.low > 2.0 * (even.high - even.low) + 0.1


def test_psds_is_one_for_a_perfect_monitor_and_less_with_false_alarms() -> None:
    perfect = [Setting(0.5, (outcome(4, 0, 0),) * 2)]
    loud = [Setting(0.5, (outcome(4, 0, 1),) * 2)]

    for scenario in SCENARIOS.values():
        assert psds(perfect, CLASSES, scenario) == pytest.approx(1.0)
        assert psds(loud, CLASSES, scenario) == pytest.approx(0.4), "nothing up to 60 of 100 an hour"


def test_psds_asks_that_events_are_covered() -> None:
    late = [Setting(0.5, (outcome(4, 0, 0, late_s=1.5),))]

    assert psds(late, CLASSES, SCENARIOS["psds1"]) == 0.0
    assert psds(late, CLASSES, SCENARIOS["psds2"]) == pytest.approx(1.0)


@given(st.lists(st.tuples(st.floats(0.0, 120.0), st.floats(0.0, 1.0)), max_size=6))
def test_the_area_under_a_staircase_is_its_mean_height(steps: list[tuple[float, float]]) -> None:
    x = np.array([0.0, *sorted(at for at, _ in steps)])
    y = np.array([0.5, *(height for _, height in steps)])
    places = (np.arange(20_000) + 0.5) / 200.0

    heights = y[np.searchsorted(x, places, side="right") - 1]

    assert area(x, y, 100.0) == pytest.approx(heights.mean(), abs=1e-3)


def test_detections_that_overlap_are_no_error() -> None:
    again = outcome(1, 0, 0)
    both = Outcome(60.0, again.hits, (), (detection(1.0, 3.0), detection(1.5, 2.0)), ())

    assert psds([Setting(0.5, (both,))], CLASSES, SCENARIOS["psds2"]) == pytest.approx(1.0)
    assert psds([Setting(0.5, (both,))], CLASSES, SCENARIOS["psds1"]) == 0.0, "a third is beside it"


def test_without_events_there_is_no_figure() -> None:
    nothing = [Setting(0.5, (outcome(0, 0, 2),))]

    assert list(f1_rows(case([outcome(0, 0, 2)]))) == []
    assert all(math.isnan(row.value) for row in psds_rows("monitor", 0.0, nothing, CLASSES, "labels"))
