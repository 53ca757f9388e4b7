"""What a class that is taught stands beside: the classes that are listened for, and those taught before."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import Config
from monitor.config.tuning import with_tuning
from monitor.detection.allowance import allowed_per_hour, threshold_of
from monitor.detection.rules import is_urgent
from monitor.encoders import Encoder
from monitor.errors import BackgroundError
from monitor.learning.checks import Surroundings
from monitor.learning.made_alarms import made_alarms
from monitor.learning.teaching import Tried
from monitor.names import as_words
from monitor.pipeline.scorers import Scorers
from monitor.pipeline.taught_classes import taught_aliases
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

    @property
    def allowed(self) -> Mapping[str, float]:
        """False alarms an hour that each class may give; one an hour where nothing is asked for."""
        names = [one.name for one in self.classes]
        if not self.config.calibration.false_alarms_per_hour:
            return dict.fromkeys(names, 1.0)
        return allowed_per_hour(names, self.config)


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
    """Return what the class of `prompt` is taught beside: what the configuration lists and what is taught."""
    config = with_tuning(config, encoder.info.tuning)
    taught = [one for one in taught_sounds()[0] if one.model == encoder.info.identity]
    beside = [one.sound for one in taught if one.sound.name != prompt.name]
    classes = {
        one.name: one for one in parse_classes(",".join(config.prompts.classes), config.prompts.aliases)
    }
    labels = {one.sound.name: one.label for one in taught}
    classes |= {one.name: ClassPrompt(one.name, one.words, labels[one.name]) for one in beside}
    classes[prompt.name] = prompt
    every = tuple(classes.values())
    others = {one.name: one for one in beside}
    return Listed(prompt, every, others, Scorers(encoder, every, config), config)


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
        per_hour=listed.allowed[listed.prompt.name],
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
        thresholds={name: threshold_of(rate) for name, rate in listed.allowed.items() if name != own},
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
