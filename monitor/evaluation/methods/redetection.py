"""Scores that were heard once, given to the detector again: at other thresholds, or at those a stream sets.

The scores stay those that were heard: what an event keeps from teaching the background is not heard again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from monitor.assemble import hop_len, make_calibration
from monitor.config.settings import Config
from monitor.detection.allowance import with_allowance
from monitor.detection.detector import Detector
from monitor.detection.rules import (
    odds_ratio,
    offset_below,
    rule_for,
    sure_above,
)
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.evaluation.methods.stream_runner import Reported, StreamResult, outcome_of
from monitor.evaluation.metrics.event_metrics import Outcome
from monitor.records import Transition, WindowScores


class Redetection:
    """What the detector makes of the scores of one stream, at any thresholds.

    Classes do not touch one another in the detector, so each is heard alone, and only once for all the
    thresholds between the same two scores of it.
    """

    def __init__(self, heard: StreamResult, config: Config, encoder: Encoder) -> None:
        self._heard = heard
        self._config = config
        self._encoder = encoder
        names = heard.scores[0].values
        self._sorted = {name: np.sort([score.values[name] for score in heard.scores]) for name in names}
        rules = {name: rule_for(name, config.detector, encoder.sample_rate) for name in names}
        self._ratios = {
            name: odds_ratio(rule.onset_threshold, rule.offset_threshold) for name, rule in rules.items()
        }
        self._known: dict[tuple[str, int, int, int], list[Reported]] = {}

    def at(self, onset_thresholds: Mapping[str, float]) -> Outcome:
        """Return the outcome at an onset threshold per class, the offset thresholds in proportion."""
        reported = [one for name, value in onset_thresholds.items() for one in self._of(name, value)]
        return outcome_of(self._heard.plan, reported)

    def at_all(self, onset_threshold: float) -> Outcome:
        """Return the outcome at one onset threshold for all classes."""
        return self.at(dict.fromkeys(self._sorted, onset_threshold))

    def _of(self, name: str, threshold: float) -> list[Reported]:
        scores = self._sorted[name]
        levels = [threshold, offset_below(threshold, self._ratios[name]), sure_above(threshold)]
        below = np.searchsorted(scores, levels).tolist()
        if below[0] == len(scores):
            return []
        key = (name, *below)
        if key not in self._known:
            self._known[key] = self._detect(name, threshold)
        return self._known[key]

    def _detect(self, name: str, threshold: float) -> list[Reported]:
        detector = _detector([name], self._config, self._encoder)
        detector.set_threshold(name, threshold)
        found = [
            item for score, length in _windows(self._heard.scores) for item in detector.update(score, length)
        ]
        found += detector.end("ended", self._heard.scores[-1].stop)
        return [
            Reported(item.type, item.class_, item.onset_sample, item.offset_sample, item.stop)
            for item in found
            if isinstance(item, Transition)
        ]


def learn_thresholds(heard: Sequence[StreamResult], config: Config, encoder: Encoder) -> dict[str, float]:
    """Return the onset thresholds in force after a monitor heard these streams, one after the other.

    They begin as configured and move from block to block, as in `monitor run --false-alarms`.

    Raises
    ------
    ConfigError
        `config` does not ask for it.
    """
    detector = _detector(list(heard[0].scores[0].values), config, encoder)
    calibration = make_calibration(detector, config, encoder.sample_rate, encoder.info.cohort is not None)
    if calibration is None:
        raise ConfigError("false_alarms_per_hour is 0: thresholds do not move; ask for more.")
    begin = 0
    for one in heard:
        for index, (score, length) in enumerate(_windows(one.scores)):
            moved = replace(score, start=begin + score.start, stop=begin + score.stop)
            detector.update(moved, length, discontinuous=index == 0)
            changed = calibration.learn(moved, length, sounding=bool(detector.open))
            for name, value in (changed or {}).items():
                detector.set_threshold(name, value)
        begin += one.plan.length
        detector.end("ended", begin)
    return {name: rule.onset_threshold for name, rule in detector.rules.items()}


def _detector(names: Sequence[str], config: Config, encoder: Encoder) -> Detector:
    settings = with_allowance(names, config, encoder.info.cohort is not None)
    return Detector(names, settings, encoder.sample_rate, encoder.window_len, hop_len(encoder, config))


def _windows(scores: Sequence[WindowScores]) -> Iterator[tuple[WindowScores, int]]:
    """Yield each score with the samples that its window is the first to analyse."""
    last = 0
    for score in scores:
        yield score, score.stop - max(last, score.start)
        last = score.stop
