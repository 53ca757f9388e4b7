"""Event metrics in the terms of sound event detection (DCASE), by the programs the field compares with.

Event-based F1 is counted by `sed_eval` (A. Mesaros, T. Heittola, T. Virtanen, 2016): an event is found by a
detection of its class whose onset is within a collar of its own. PSDS is computed by `psds_eval` (C. Bilen
et al., 2020, arXiv:1910.08440) over all thresholds that are tried. Both count streams with and without
events.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.evaluation.metrics.event_metrics import Detection, Outcome, Reference

if TYPE_CHECKING:
    from monitor.evaluation.metrics.operating_points import Setting

COLLARS_S = {"event_f1_200ms": 0.2, "event_f1_1s": 1.0}
"""Metric -> collar of the onset: the field's, and one that a person would not mind."""


class Scenario(msgspec.Struct, frozen=True):
    """What PSDS asks for; names as in its paper."""

    dtc: float
    """Share of a detection that must lie on events of its class."""
    gtc: float
    """Share of an event that detections must cover."""
    cttc: float
    """Share of a detection on another class's event from which it counts as a cross-trigger."""
    alpha_ct: float
    """What a cross-trigger costs beside a false alarm."""
    alpha_st: float
    """What it costs that classes differ, in standard deviations."""
    most_per_hour: float
    """False alarms of a class per hour, up to which is averaged."""


SCENARIOS = {
    "psds1": Scenario(0.7, 0.7, 0.3, 0.0, 1.0, 100.0),
    "psds2": Scenario(0.1, 0.1, 0.3, 0.5, 1.0, 100.0),
}
"""Those of DCASE since 2021: exact times; right classes."""


class Counts(msgspec.Struct, frozen=True):
    """Events, detections and what fits, of one class in one stream."""

    events: int
    detections: int
    found: int


def is_there() -> bool:
    """Say whether both programs are installed (the extra `eval`)."""
    return all(find_spec(name) for name in ("sed_eval", "dcase_util", "psds_eval", "pandas"))


def count(outcome: Outcome, class_name: str, collar_s: float) -> Counts:
    """Return what `sed_eval` counts of one class in one stream; excused detections are left out."""
    events = tuple(one for one in outcome.references if one.class_name == class_name)
    detections = tuple(one for one in outcome.detections if one.class_name == class_name)
    if not events or not detections:
        return Counts(len(events), len(detections), 0)
    return _counted(events, detections, class_name, collar_s)


def psds(settings: Sequence[Setting], names: Sequence[str], scenario: Scenario) -> float:
    """Return the PSDS over all settings; nan where no event is there to be found.

    Parameters
    ----------
    settings
        The same streams at several thresholds.
    names
        The classes listened for; those without an event are left out, as the metric asks for one.
    """
    references = [one.references for one in settings[0].outcomes]
    sounding = sorted({event.class_name for events in references for event in events} & set(names))
    if not sounding:
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas' and its own: two thresholds with the same detections
        from psds_eval import PSDSEval

        durations = [(str(at), one.duration_s) for at, one in enumerate(settings[0].outcomes)]
        metric = PSDSEval(
            scenario.dtc,
            scenario.gtc,
            scenario.cttc,
            ground_truth=_table(references, sounding),
            metadata=_frame(durations, ["filename", "duration"]),
        )
        for setting in settings:
            metric.add_operating_point(_table([one.detections for one in setting.outcomes], sounding))
        over_false_alarms, _, over_both = metric.psd_roc_curves(scenario.alpha_ct)
    curve = over_both if len(sounding) > 1 else over_false_alarms  # one class has no cross-triggers
    rate = np.nan_to_num(np.maximum(curve.mean - scenario.alpha_st * curve.std, 0.0))
    return area(np.asarray(curve.xp), rate, scenario.most_per_hour)


def area(x: NDArray[np.float64], y: NDArray[np.float64], most: float) -> float:
    """Return the mean height of a staircase over [0, most]; `psds_eval`'s own fails with numpy 2.4.

    Parameters
    ----------
    x
        Ascending, from 0: where each step begins, float64 (n,).
    y
        Its height, (n,).
    """
    ends = np.minimum(np.append(x[1:], np.inf), most)
    return float(np.sum(y * np.maximum(ends - x, 0.0)) / most)


def f1(
    found: NDArray[np.float64], events: NDArray[np.float64], detections: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return 2 found / (events + detections); nan where there is neither."""
    both = events + detections
    return np.asarray(2.0 * found / np.where(both > 0.0, both, np.nan))


@lru_cache(maxsize=65536)
def _counted(
    events: tuple[Reference, ...], detections: tuple[Detection, ...], class_name: str, collar_s: float
) -> Counts:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of setuptools, which dcase_util still asks for its version
        from sed_eval.sound_event import EventBasedMetrics
    metric = EventBasedMetrics([class_name], t_collar=collar_s, evaluate_onset=True, evaluate_offset=False)
    metric.evaluate(_entries(events), _entries(detections))
    counted = metric.class_wise[class_name]
    return Counts(*(int(counted[key]) for key in ("Nref", "Nsys", "Ntp")))


def _entries(sounds: Sequence[Reference | Detection]) -> list[dict[str, str | float]]:
    return [
        {"event_label": one.class_name, "event_onset": one.onset_s, "event_offset": one.offset_s}
        for one in sounds
    ]


def _table(streams: Sequence[Sequence[Reference | Detection]], names: Sequence[str]) -> Any:
    """Return a data frame of sounds; those of a class that overlap are one, as the program asks for."""
    lines: list[tuple[str, float, float, str]] = []
    for at, sounds in enumerate(streams):
        for one in sorted(sounds, key=lambda one: (one.class_name, one.onset_s)):
            line = (str(at), one.onset_s, one.offset_s, one.class_name)
            if lines and (lines[-1][0], lines[-1][3]) == (line[0], line[3]) and one.onset_s < lines[-1][2]:
                line = (line[0], lines[-1][1], max(lines.pop()[2], one.offset_s), line[3])
            if one.class_name in names and line[2] > line[1]:
                lines.append(line)
    return _frame(lines, ["filename", "onset", "offset", "event_label"])


def _frame(lines: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> Any:
    import pandas

    return pandas.DataFrame(lines, columns=list(columns))
