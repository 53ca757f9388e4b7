"""What a class that is taught stands beside: the classes that are listened for, and those taught before."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.config.by_class import by_class
from monitor.config.settings import Config
from monitor.config.tuning import with_tuning
from monitor.detection.allowance import with_allowance
from monitor.detection.rules import is_urgent, onset_threshold
from monitor.encoders import Encoder
from monitor.errors import BackgroundError
from monitor.learning.checks import Surroundings
from monitor.learning.made_alarms import made_alarms
from monitor.learning.teaching import Tried
from monitor.names import as_words
from monitor.pipeline.scorers import Scorers
from monitor.pipeline.taught_classes import listened_for, taught_aliases
from monitor.records import ClassPrompt, OwnSound
from monitor.scoring.prompts import parse_classes
from monitor.scoring.prototypes import embed_phrases
from monitor.storage.backgrounds import stored_backgrounds
from monitor.storage.own_sounds import taught_sounds


class Listed(msgspec.Struct, frozen=True):
    """The classes beside which one is taught, and what makes their scorers."""

    prompt: ClassPrompt
    """The one that is taught."""
    classes: tuple[ClassPrompt, ...]
    """All, with that one."""
    others: Mapping[str, OwnSound]
    """What was taught to this model before, without that one."""
    scorers: Scorers
    config: Config
    """With what was tuned for the model."""

    calibrated: bool
    """Whether a score says how often an hour of ordinary sound gets there."""

    @property
    def thresholds(self) -> Mapping[str, float]:
        """From which score on a run of these classes tells each."""
        names = [one.name for one in self.classes]
        config = by_class(self.config, self.classes, strict=False)
        detector = with_allowance(names, config, self.calibrated)
        return {name: onset_threshold(name, detector) for name in names}


def read_class(text: str, config: Config) -> ClassPrompt:
    """Return the class that is meant, as `--classes` writes one.

    Raises
    ------
    ConfigError
        It names no class, or several.
    """
    item = f'"{text}"' if "," in text and '"' not in text else text
    classes = parse_classes(item, taught_aliases(taught_sounds()[0], config))
    return classes[0]


def listed_with(prompt: ClassPrompt, encoder: Encoder, config: Config) -> Listed:
    """Return what the class of `prompt` is taught beside: what a run without `--classes` listens for."""
    config = with_tuning(config, encoder.info.tuning)
    taught = taught_sounds()[0]
    beside = [one.sound for one in taught if one.model == encoder.info.identity]
    classes = {one.name: one for one in listened_for(None, config, taught)}
    classes[prompt.name] = prompt
    every = tuple(classes.values())
    others = {one.name: one for one in beside if one.name != prompt.name}
    calibrated = encoder.info.cohort is not None
    return Listed(prompt, every, others, Scorers(encoder, every, config), config, calibrated)


def tried_among(listed: Listed, encoder: Encoder) -> Tried:
    """Return what the class is tried among, with alarms made by code as the model hears them."""
    alarms = made_alarms(encoder)
    words = embed_phrases(encoder.embed_text, encoder.info.templates, [one.wording for one in alarms])
    return Tried(
        classes=listed.classes,
        others=listed.others,
        build=listed.scorers.make,
        alarms=alarms,
        alarm_words=listed.scorers.class_cosines(words),
        threshold=listed.thresholds[listed.prompt.name],
    )


def surroundings(listed: Listed, encoder: Encoder, place: NDArray[np.float32] | None = None) -> Surroundings:
    """Return what examples are compared with.

    Parameters
    ----------
    place
        What the place alone sounds like, float32 (n,), at the model's rate; None: it was not recorded.
    """
    backgrounds = _stored_places(encoder)
    if place is not None and len(place) >= encoder.window_len:
        starts = range(0, len(place) - encoder.window_len + 1, encoder.window_len // 4)
        windows = [place[start : start + encoder.window_len] for start in starts]
        heard = np.concatenate([encoder.embed_audio(window[np.newaxis]) for window in windows])
        backgrounds = [heard.mean(axis=0), *backgrounds]
    own = listed.prompt.name
    return Surroundings(
        cohort=encoder.info.cohort,
        backgrounds=backgrounds,
        taught=tuple(listed.others.values()),
        scorer=listed.scorers.make(listed.others),
        thresholds={name: value for name, value in listed.thresholds.items() if name != own},
        labels={one.name: as_words(one.label or one.name) for one in listed.classes},
        urgent=frozenset(one.name for one in listed.classes if is_urgent(one.name, listed.config.detector)),
    )


def _stored_places(encoder: Encoder) -> list[NDArray[np.float32]]:
    """Return the backgrounds that were saved of this model."""
    found = []
    for stored in stored_backgrounds()[0]:
        if stored.model == encoder.info.identity:
            try:
                found.append(stored.vector(encoder.dim))
            except BackgroundError:
                continue  # `monitor background show` tells it
    return found
