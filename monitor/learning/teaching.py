"""From examples to a class that was taught: built, tried beside what there was before, and kept if no worse.

Each example is left out once and looked for with the others; ordinary sound on which neither version was
fitted says how many false alarms are to be expected, and alarms made by code must be found as before
(`trial.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.encoders import Encoder
from monitor.learning.examples import Example, own_sound, without
from monitor.learning.made_alarms import MadeAlarm
from monitor.learning.trial import Trial, Version, compare, heard_from, split_cohort
from monitor.records import ClassPrompt, Cohort, OwnSound
from monitor.scoring.scorer import Scorer
from monitor.storage.own_sound_file import Quality, TaughtSound

Build = Callable[[Mapping[str, OwnSound], Cohort | None], Scorer]
"""What returns a scorer of all classes of a trial: with these taught, normalised by this cohort."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a class that is taught is tried among."""

    classes: tuple[ClassPrompt, ...]
    """All that are listened for, with the one that is taught."""
    others: Mapping[str, OwnSound]
    """Those that were taught before, without it."""
    build: Build
    alarms: Sequence[MadeAlarm] = ()
    alarm_words: NDArray[np.float32] | None = None
    """As in `Trial`."""
    threshold: float = 0.5
    """Score from which on the class is told, as in a run of these classes."""

    @property
    def per_hour(self) -> float:
        """False alarms an hour that ordinary sound gives at that threshold."""
        return 1.0 / self.threshold - 1.0

    def place_of(self, name: str) -> int:
        """Return where among the classes the one of that name stands."""
        return [one.name for one in self.classes].index(name)


class Taught(msgspec.Struct, frozen=True):
    """What came of it."""

    sound: TaughtSound
    kept: bool
    """Whether it is no worse than its words alone."""
    reason: str
    """Why it is, or is not, in a sentence for the user."""


def teach(
    prompt: ClassPrompt, examples: Sequence[Example], encoder: Encoder, tried: Tried, now: datetime
) -> Taught:
    """Build the class of `prompt` from examples, and try it."""
    sound = own_sound(prompt, examples)
    cohort = encoder.info.cohort
    fitted, left = (None, None) if cohort is None else split_cohort(cohort)
    before = tried.build(tried.others, fitted).log_odds
    taught = tried.build({**tried.others, sound.name: sound}, fitted)
    after = taught.log_odds
    trial = Trial(
        classes=tuple(one.label or one.name for one in tried.classes),
        cohort=left,
        kinds=taught.kind_cosines,  # ordinary sound that is the very thing is no false alarm
        alarms=tried.alarms,
        alarm_words=tried.alarm_words,
        per_hour=tried.per_hour,
        taught=prompt.label or prompt.name,
    )
    verdict = compare(before, after, trial)
    hourly = verdict.classes[tried.place_of(sound.name)].false_alarms_per_hour
    found, by_words = _found_when_left_out(sound, examples, before, tried, fitted)
    doubt = "" if verdict.kept else verdict.reason
    if found < by_words:
        doubt = doubt or (
            f"Not kept: of {len(examples)} examples that are left out its words alone find {by_words}, and "
            f"with the other examples {found}."
        )
    if not found and len(examples) > 1:
        doubt = doubt or (
            f"Not kept: none of {len(examples)} examples that are left out is found by the others, so it "
            "would hardly be heard."
        )
    quality = Quality(found, by_words, None if hourly is None else hourly[1], doubt)
    notes = tuple(one.note for one in examples)
    kept = TaughtSound(prompt.label or prompt.name, sound, encoder.info.identity, now, notes, quality)
    return Taught(kept, not doubt, doubt or told(kept))


def told(taught: TaughtSound) -> str:
    """Return how well a taught sound is found, in a sentence for the user."""
    quality, count = taught.quality, len(taught.examples)
    if quality is None:
        return "It was not tried."
    if count > 1:
        text = f"Found {quality.found} of {count} left-out examples (by its words alone {quality.by_words})"
    else:
        text = "Of one example none can be left out, so nobody knows how well it is found"
    if quality.false_alarms_per_hour is None:
        return f"{text}; this model has no ordinary sound to try false alarms on."
    return f"{text}; about {quality.false_alarms_per_hour:.1g} false alarms an hour are to be expected."


def _found_when_left_out(
    sound: OwnSound, examples: Sequence[Example], before: Version, tried: Tried, fitted: Cohort | None
) -> tuple[int, int]:
    """Return how many examples the others find, and how many the words alone."""
    at, least = tried.place_of(sound.name), heard_from(tried.per_hour)
    found = by_words = 0
    for number, example in enumerate(examples if len(examples) > 1 else ()):
        after = tried.build({**tried.others, sound.name: without(sound, number)}, fitted).log_odds
        found += bool(after(example.vectors)[:, at].max() >= least)
        by_words += bool(before(example.vectors)[:, at].max() >= least)
    return found, by_words
