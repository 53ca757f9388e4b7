"""What was tuned for one model, and how a configuration that leaves it to the model takes it. Pure.

Cosines of one model are not on the scale of another's: what turns them into scores, and what was set on those
scores, is stored with the model (`ModelEntry.tuning`). A configuration says "auto" where the model is to say.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec.structs import replace

from monitor.config import limits
from monitor.config.checks import check_thresholds
from monitor.config.settings import Auto, Config, Threshold, within


class Tuning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The constants of one model; the defaults are those of a model for which nothing was tuned."""

    temperature: Annotated[float, within(limits.TEMPERATURE)] = 0.07
    """As `[scorer] temperature`. Untuned: where contrastive training begins (Radford 2021, section 2.5)."""
    guard_score: Annotated[float, within(limits.GUARD_SCORE)] = 0.3
    """As `[background] guard_score`."""
    change_ratio: Annotated[float, within(limits.CHANGE_RATIO)] = 0.0
    """As `[background] change_ratio`. Untuned: a change of place is not looked for."""
    onset_threshold: Threshold = 0.5
    """As `[detector] onset_threshold`. Untuned: as likely as all other sounds together."""
    offset_threshold: Threshold = 0.27
    """As `[detector] offset_threshold`. Untuned: odds that are a factor e lower."""
    speech_odds: Annotated[float, within(limits.SPEECH_ODDS)] | None = None
    """From which odds on a window counts as speech (`scoring/speech.py`). Untuned: that cannot be told."""


UNTUNED = Tuning()


def with_tuning(config: Config, tuning: Tuning | None) -> Config:
    """Return `config` with the constants of a model where it leaves them to the model; None: it has none.

    Raises
    ------
    ConfigError
        A threshold that is set and one of the model's contradict each other.
    """
    own = tuning or UNTUNED
    scorer, background, detector = config.scorer, config.background, config.detector
    tuned = replace(
        config,
        scorer=replace(scorer, temperature=fixed(scorer.temperature, own.temperature)),
        background=replace(
            background,
            guard_score=fixed(background.guard_score, own.guard_score),
            change_ratio=fixed(background.change_ratio, own.change_ratio),
        ),
        detector=replace(
            detector,
            onset_threshold=fixed(detector.onset_threshold, own.onset_threshold),
            offset_threshold=fixed(detector.offset_threshold, own.offset_threshold),
        ),
    )
    check_thresholds(tuned, "the configuration for this model")
    return tuned


def fixed(value: float | Auto, own: float) -> float:
    """Return `value`, or the model's `own` where it is left to the model."""
    return own if value == "auto" else value
