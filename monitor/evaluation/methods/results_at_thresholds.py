"""What one method made of streams, at every kind of thresholds that is reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from monitor.config.settings import Config
from monitor.detection.allowance import with_allowance
from monitor.detection.rules import rule_for
from monitor.encoders import Encoder
from monitor.evaluation.methods.redetection import Redetection, learn_thresholds
from monitor.evaluation.methods.stream_runner import StreamResult
from monitor.evaluation.metrics.bootstrap import NO_SOURCES, Sources
from monitor.evaluation.metrics.event_metrics import Outcome
from monitor.evaluation.metrics.figures import BEFOREHAND, CONFIGURED, LABELS, LEARNT, Case
from monitor.evaluation.metrics.operating_points import (
    Setting,
    at_thresholds,
    best_per_class,
    best_within,
    sweep,
)

Thresholds = Mapping[str, float]
"""Class -> onset threshold."""


class TunedMethod(msgspec.Struct, frozen=True):
    """One method, and the thresholds it learnt."""

    method: str
    config: Config
    encoder: Encoder
    learnt: Mapping[float, Thresholds] = {}
    """By false alarms per hour that were asked for."""
    asked: Mapping[float, Thresholds] = {}
    """The same, as the cohort gives them beforehand; empty for a model without one."""


class ResultsAtThresholds(msgspec.Struct, frozen=True):
    """What became of some streams."""

    configured: list[Outcome]
    settings: list[Setting]
    learnt: dict[float, list[Outcome]]
    asked: dict[float, list[Outcome]]
    """At the thresholds that a rate of false alarms gives before anything is heard."""


def teach(tuned: TunedMethod, negatives: Sequence[StreamResult], rates: Sequence[float]) -> TunedMethod:
    """Return `tuned` with the thresholds that `negatives` set, one after the other."""
    configs = {rate: _asking(tuned.config, rate) for rate in rates}
    learnt = {rate: learn_thresholds(negatives, config, tuned.encoder) for rate, config in configs.items()}
    return replace(tuned, learnt=learnt)


def ask(tuned: TunedMethod, names: Sequence[str], rates: Sequence[float]) -> TunedMethod:
    """Return `tuned` with the thresholds its cohort gives for each rate of false alarms an hour."""
    if tuned.encoder.info.cohort is None:
        return tuned
    configs = {rate: _asking(tuned.config, rate) for rate in rates if rate}
    return replace(
        tuned, asked={rate: _thresholds(names, one, tuned.encoder) for rate, one in configs.items()}
    )


def _asking(config: Config, rate: float) -> Config:
    return replace(config, calibration=replace(config.calibration, false_alarms_per_hour=rate))


def _thresholds(names: Sequence[str], config: Config, encoder: Encoder) -> Thresholds:
    detector = with_allowance(names, config, encoder.info.cohort is not None)
    return {name: rule_for(name, detector, encoder.sample_rate).onset_threshold for name in names}


def results_of(tuned: TunedMethod, heard: Sequence[StreamResult], taught: int = 0) -> ResultsAtThresholds:
    """Return what became of streams; of the first `taught`, which set the learnt thresholds, not at these."""
    streams = [Redetection(one, tuned.config, tuned.encoder) for one in heard]
    others = streams[taught:]
    return ResultsAtThresholds(
        configured=[one.outcome for one in heard],
        settings=sweep(streams),
        learnt={rate: [one.at(values) for one in others] for rate, values in tuned.learnt.items()},
        asked={rate: [one.at(values) for one in streams] for rate, values in tuned.asked.items()},
    )


def together(parts: Sequence[Sequence[Setting]]) -> list[Setting]:
    """Return, per threshold, the outcomes of all parts, in their order."""
    return [
        Setting(settings[0].threshold, tuple(outcome for one in settings for outcome in one.outcomes))
        for settings in zip(*parts, strict=True)
    ]


def as_labelled(results: ResultsAtThresholds) -> ResultsAtThresholds:
    """Return what became of the streams if only what is labelled is there."""

    def plain(outcomes: Sequence[Outcome]) -> list[Outcome]:
        return [one.as_labelled() for one in outcomes]

    return ResultsAtThresholds(
        configured=plain(results.configured),
        settings=[Setting(one.threshold, tuple(plain(one.outcomes))) for one in results.settings],
        learnt={rate: plain(outcomes) for rate, outcomes in results.learnt.items()},
        asked={rate: plain(outcomes) for rate, outcomes in results.asked.items()},
    )


class MethodResults(msgspec.Struct, frozen=True):
    """One method at one SNR: the streams with events, and those without any."""

    tuned: TunedMethod
    snr_db: float
    events: ResultsAtThresholds
    negatives: ResultsAtThresholds
    sources: Sources = NO_SOURCES
    """Where the recordings come from."""
    truth: str = LABELS

    def as_labelled(self) -> MethodResults:
        """Return the same if only what is labelled is there."""
        return replace(
            self, events=as_labelled(self.events), negatives=as_labelled(self.negatives), truth=LABELS
        )

    @property
    def settings(self) -> list[Setting]:
        """Both kinds of streams at each threshold."""
        return together([self.events.settings, self.negatives.settings])

    def cases(self, names: Sequence[str], rates: Sequence[float]) -> Iterator[Case]:
        """Yield the thresholds to report, for the classes `names` and each allowed rate of false alarms."""
        yield self._configured(names)
        settings = self.settings
        for rate in rates:
            yield from self._in_hindsight(settings, names, rate)
            if rate in self.tuned.asked:
                outcomes, negatives = self.events.asked[rate], self.negatives.asked[rate]
                yield self._case(f"{rate:g}/h{BEFOREHAND}", self.tuned.asked[rate], outcomes, negatives)
            if rate in self.tuned.learnt:
                outcomes, negatives = self.events.learnt[rate], self.negatives.learnt[rate]
                yield self._case(f"{rate:g}/h{LEARNT}", self.tuned.learnt[rate], outcomes, negatives)

    def _configured(self, names: Sequence[str]) -> Case:
        values = _thresholds(names, self.tuned.config, self.tuned.encoder)
        return self._case(CONFIGURED, values, self.events.configured, self.negatives.configured)

    def _in_hindsight(self, settings: Sequence[Setting], names: Sequence[str], rate: float) -> Iterator[Case]:
        """Yield the best common threshold and the best of each class, if any keeps within the rate."""
        best = best_within(settings, rate)
        if best is None:
            return
        count = len(self.events.configured)
        values = dict.fromkeys(names, best.threshold)
        yield self._case(f"{rate:g}/h", values, best.outcomes[:count], best.outcomes[count:])
        own = best_per_class(settings, names, rate)
        outcomes = at_thresholds(settings, own)
        yield self._case(f"{rate:g}/h, per class", own, outcomes[:count], outcomes[count:])

    def _case(
        self, kind: str, values: Thresholds, outcomes: Sequence[Outcome], negatives: Sequence[Outcome]
    ) -> Case:
        return Case(
            self.tuned.method, self.snr_db, kind, values, outcomes, negatives, self.sources, self.truth
        )
