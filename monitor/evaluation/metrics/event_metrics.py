"""Event-based metrics: which detections found which sounds, how many found nothing, how late. Pure.

A detection finds an event of its class when its onset lies in ``[onset - early_s, offset + collar_s]``. An
event is found once; further detections of it are fragments, counted apart. A detection of a sound that is
known to be there though nobody labelled it is excused: neither a hit nor a false alarm. Every other detection
is a false alarm. Laws: every event is found or missed, every detection is a hit, a fragment, excused or a
false alarm; the order in which they are given changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import compress
from operator import not_

import msgspec
import numpy as np
from msgspec.structs import replace

EARLY_S = 0.5
"""How much before a sound its detection may begin: windows reach back."""
COLLAR_S = 1.0
"""How much after its end."""
CONFIDENCE = 0.95


class Reference(msgspec.Struct, frozen=True):
    """A sound that is there."""

    class_name: str
    onset_s: float
    """Seconds since the start of the stream."""
    offset_s: float
    recording: str = ""
    """What it was cut from, for intervals."""


class Detection(msgspec.Struct, frozen=True):
    """An event a monitor reported."""

    class_name: str
    onset_s: float
    """Where the monitor says it began, seconds since the start of the stream."""
    offset_s: float
    decided_s: float
    """Stream time of the last sample the monitor needed before it reported the onset, seconds."""


class Hit(msgspec.Struct, frozen=True):
    """An event and the detection that found it."""

    reference: Reference
    detection: Detection

    @property
    def latency_s(self) -> float:
        """Seconds from the true onset to the decision; negative when the monitor was early."""
        return self.detection.decided_s - self.reference.onset_s


class Outcome(msgspec.Struct, frozen=True):
    """What became of the events and the detections of one stream."""

    duration_s: float
    hits: tuple[Hit, ...]
    missed: tuple[Reference, ...]
    fragments: tuple[Detection, ...]
    false_alarms: tuple[Detection, ...]
    background: str = ""
    """The recording the stream lies on, for intervals."""
    excused: tuple[Detection, ...] = ()
    """Of sounds that are there though nobody labelled them."""

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every event, found or missed."""
        return (*(hit.reference for hit in self.hits), *self.missed)

    @property
    def detections(self) -> tuple[Detection, ...]:
        """Every detection but the excused."""
        return (*(hit.detection for hit in self.hits), *self.fragments, *self.false_alarms)

    def as_labelled(self) -> Outcome:
        """Return what became of it if only what is labelled is there."""
        return replace(self, false_alarms=self.false_alarms + self.excused, excused=())


class Estimate(msgspec.Struct, frozen=True):
    """A number and its 95 % confidence interval; nan where nothing was observed."""

    value: float
    low: float
    high: float


class Summary(msgspec.Struct, frozen=True):
    """How well a monitor did over many streams."""

    events: int
    found: int
    fragments: int
    false_alarms: int
    hours: float
    recall: Estimate
    """Found over events, Wilson interval."""
    false_alarms_per_hour: Estimate
    """Exact Poisson interval."""
    latency_median_s: float
    """Of the found events, from true onset to decision; nan when none was found."""
    latency_p90_s: float


def match(
    references: Sequence[Reference],
    detections: Sequence[Detection],
    duration_s: float,
    collar_s: float = COLLAR_S,
    early_s: float = EARLY_S,
) -> Outcome:
    """Return what became of the events and detections of one stream of `duration_s` seconds.

    As many events are found as can be: detections are taken in order of onset, and each takes, among the
    events it may find, the free one that ends first.
    """
    free = sorted(references, key=_order)
    hits: list[Hit] = []
    rest: list[Detection] = []
    for detection in sorted(detections, key=_order):
        found = [event for event in free if _finds(detection, event, collar_s, early_s)]
        if found:
            first = min(found, key=lambda event: event.offset_s)
            free.remove(first)
            hits.append(Hit(first, detection))
        else:
            rest.append(detection)
    fragments, others = _split(rest, [hit.reference for hit in hits], collar_s, early_s)
    return Outcome(
        duration_s=duration_s,
        hits=tuple(hits),
        missed=tuple(free),
        fragments=fragments,
        false_alarms=others,
    )


def excuse(outcome: Outcome, unlabelled: Sequence[Reference]) -> Outcome:
    """Return an outcome without the false alarms that found one of the sounds nobody labelled."""
    excused, others = _split(outcome.false_alarms, unlabelled, COLLAR_S, EARLY_S)
    return replace(outcome, false_alarms=others, excused=outcome.excused + excused)


def summarise(outcomes: Sequence[Outcome], class_name: str | None = None) -> Summary:
    """Return the metrics over all streams, of one class or (None) of all classes together.

    The intervals take events and false alarms as independent; many clips of one recording are not.
    """
    hits = [hit for one in outcomes for hit in one.hits if class_name in (None, hit.reference.class_name)]
    missed = _count(outcomes, lambda one: one.missed, class_name)
    fragments = _count(outcomes, lambda one: one.fragments, class_name)
    false_alarms = _count(outcomes, lambda one: one.false_alarms, class_name)
    hours = sum(one.duration_s for one in outcomes) / 3600.0
    latencies_s = [hit.latency_s for hit in hits]
    return Summary(
        events=len(hits) + missed,
        found=len(hits),
        fragments=fragments,
        false_alarms=false_alarms,
        hours=hours,
        recall=wilson(len(hits), len(hits) + missed),
        false_alarms_per_hour=poisson_rate(false_alarms, hours),
        latency_median_s=float(np.median(latencies_s)) if hits else math.nan,
        latency_p90_s=float(np.percentile(latencies_s, 90)) if hits else math.nan,
    )


def wilson(successes: int, trials: int, confidence: float = CONFIDENCE) -> Estimate:
    """Return a share and its score interval (E. B. Wilson, 1927); nan in [0, 1] without trials."""
    if trials == 0:
        return Estimate(math.nan, 0.0, 1.0)
    from scipy.stats import binomtest

    found = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    share = successes / trials
    return Estimate(share, min(share, float(found.low)), max(share, float(found.high)))


def poisson_rate(count: int, exposure: float, confidence: float = CONFIDENCE) -> Estimate:
    """Return `count` per unit of `exposure` and its exact interval (F. Garwood, 1936); nan without exposure.

    The bounds are the means at which a count as low, or as high, has probability (1 - confidence) / 2.
    """
    if exposure <= 0.0:
        return Estimate(math.nan, 0.0, math.inf)
    from scipy.stats import chi2

    tail = (1.0 - confidence) / 2.0
    low = 0.0 if count == 0 else float(chi2.ppf(tail, 2 * count)) / 2.0
    return Estimate(count / exposure, low / exposure, float(chi2.isf(tail, 2 * count + 2)) / 2.0 / exposure)


def _order(one: Reference | Detection) -> tuple[float, float, str]:
    return one.onset_s, one.offset_s, one.class_name


def _finds(detection: Detection, event: Reference, collar_s: float, early_s: float) -> bool:
    in_time = event.onset_s - early_s <= detection.onset_s <= event.offset_s + collar_s
    return in_time and detection.class_name == event.class_name


def _split(
    detections: Sequence[Detection], events: Sequence[Reference], collar_s: float, early_s: float
) -> tuple[tuple[Detection, ...], tuple[Detection, ...]]:
    """Return the detections that are of one of the events, and the others."""
    of_them = [any(_finds(one, event, collar_s, early_s) for event in events) for one in detections]
    return tuple(compress(detections, of_them)), tuple(compress(detections, map(not_, of_them)))


def _count(
    outcomes: Sequence[Outcome],
    part: Callable[[Outcome], Sequence[Reference | Detection]],
    class_name: str | None,
) -> int:
    return sum(class_name in (None, one.class_name) for outcome in outcomes for one in part(outcome))
