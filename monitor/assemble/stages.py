"""The stages of the line of one source, from its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from monitor.config.checks import check_window
from monitor.config.settings import Config
from monitor.config.tuning import with_tuning
from monitor.detection.allowance import set_by_hand, with_allowance
from monitor.detection.calibration import Calibration, Condition
from monitor.detection.detector import Detector
from monitor.detection.loud_sounds import LoudSounds
from monitor.encoders import Encoder
from monitor.pipeline.scorers import Scorers
from monitor.pipeline.self_test.alarm import alarm_classes, alarm_config
from monitor.pipeline.self_test.rehearsal import StagesFor
from monitor.pipeline.stages import Stages
from monitor.records import ClassPrompt, OwnSound
from monitor.scoring.background import Background
from monitor.scoring.scorer import NOTHING_TAUGHT, Scorer
from monitor.stream.level import LevelMeter
from monitor.stream.windows import Windower
from monitor.units import seconds_to_len


def make_stages(
    encoder: Encoder,
    classes: Sequence[ClassPrompt],
    config: Config,
    own: Mapping[str, OwnSound] = NOTHING_TAUGHT,
) -> Stages:
    """Return the stages of the line for `classes`, their texts embedded, some of them taught.

    Raises
    ------
    ConfigError
        The prompt template does not fit.
    """
    config = with_tuning(config, encoder.info.tuning)
    scorer = Scorers(encoder, classes, config).make(own)
    return stages_of(encoder, scorer, config, list(scorer.prompts))


def stages_of(encoder: Encoder, scorer: Scorer, config: Config, classes: Sequence[str]) -> Stages:
    """Return the stages of the line of one source, which listens for `classes`; `config` is tuned."""
    rate, hop = encoder.sample_rate, hop_len(encoder, config)
    settings = with_allowance(classes, config, scorer.calibrated)
    detector = Detector(classes, settings, rate, encoder.window_len, hop)
    return Stages(
        meter=LevelMeter(rate, config.level),
        windower=Windower(encoder.window_len, hop, rate),
        encoder=encoder,
        background=Background(encoder.dim, rate, hop, config.background),
        scorer=scorer,
        detector=detector,
        loud=LoudSounds(config.detector, rate, config.level.tick_s, classes),
        calibration=make_calibration(detector, config, rate, scorer.calibrated),
        long_event_is_background=config.detector.long_event_is_background,
    )


def alarm_stages(encoder: Encoder, config: Config, listed: int) -> StagesFor:
    """Return what makes stages that listen for the alarm of a self-test; its text is embedded once."""
    own = alarm_config(config, listed)

    @cache
    def scorers() -> Scorers:
        return Scorers(encoder, alarm_classes(), own)

    def stages(mean: NDArray[np.float32]) -> Stages:
        made = stages_of(encoder, scorers().make({}), own, [one.name for one in alarm_classes()])
        if mean.any():
            made.background.remember(mean)
        return made

    return stages


def make_calibration(
    detector: Detector, config: Config, sample_rate: int, calibrated: bool
) -> Calibration | None:
    """Return what moves the thresholds of `detector` that are not set by hand; None where all stay."""
    if not config.calibration.false_alarms_per_hour:
        return None
    rules = detector.rules
    held = set_by_hand(tuple(rules), config)
    conditions = {
        name: Condition(rule.onset_threshold, rule.confirm_len, rule.sure_len)
        for name, rule in rules.items()
        if name not in held
    }
    return Calibration(conditions, config.calibration, sample_rate, calibrated)


def hop_len(encoder: Encoder, config: Config) -> int:
    """Return samples from window to window: what the configuration says, else what suits the model.

    Raises
    ------
    ConfigError
        The hop is longer than the model's window, or the ring shorter.
    """
    check_window(config, encoder.window_len / encoder.sample_rate)
    return min(
        seconds_to_len(config.window.hop_s or encoder.info.hop_s, encoder.sample_rate), encoder.window_len
    )
