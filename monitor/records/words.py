"""What is listened for: words, what they are compared with, examples that a user gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ClassPrompt(msgspec.Struct, frozen=True):
    """One class the user listens for."""

    name: str
    """Lower-case letters, digits, `_` and `-`; part of topics."""
    wording: str
    """What it is called in words, e.g. `dog bark`."""
    label: str = ""
    """What the user calls it, in any script; empty: like `name`."""
    unknown: bool = False
    """The model was asked and does not know its words: it may never be told."""


class Prompts(msgspec.Struct, frozen=True):
    """Every phrase of a run that is compared with sound."""

    templates: tuple[str, ...]
    """Each holds `{}` once; a phrase is the unit mean of what they make of it."""
    classes: tuple[str, ...]
    """Names of the listed classes."""
    wordings: tuple[str, ...]
    """One phrase per class."""
    distractors: tuple[str, ...]
    """What else there is to hear."""
    noise_phrases: tuple[str, ...]
    """Noise words p of "c with p"."""

    @property
    def class_prompts(self) -> tuple[str, ...]:
        """The wordings in the first template: what a user is told they are compared with."""
        return tuple(self.templates[0].replace("{}", wording) for wording in self.wordings)


class Prototypes(msgspec.Struct, frozen=True):
    """All unit vectors of one run; classes come first, distractors after them."""

    classes: tuple[str, ...]
    """Names of the listed classes, k of them."""
    prompts: tuple[str, ...]
    """What each class is compared with, in words."""
    distractors: tuple[str, ...]
    """Phrases of the m distractors: those that are a competitor of at least one class."""
    vectors: NDArray[np.float32]
    """float32 (k + m, d), unit norm: a window's profile is its cosines to these."""
    drift: NDArray[np.float32]
    """float32 (k + m, d), unit norm: d_c of each prototype."""
    competitors: NDArray[np.bool_]
    """bool (k, m): which distractors each class is weighed against; not those that say the same."""


class Cohort(msgspec.Struct, frozen=True):
    """A collection of ordinary and confusable sound, as one model hears it."""

    vectors: NDArray[np.float32]
    """float32 (n, d), unit norm."""
    kinds: tuple[str, ...]
    """What the sounds are called, each name once."""
    kind_of: NDArray[np.intp]
    """(n,), index into `kinds`; -1: nobody said."""
    sounds_per_hour: float
    """So many of its sounds are as hard as an hour of ordinary life."""


class OwnSound(msgspec.Struct, frozen=True):
    """What one class sounds like here: examples that the user has given, as one model hears them."""

    name: str
    """The class it belongs to: lower-case letters, digits, `_` and `-`."""
    words: str
    """What the user calls it: the wording of the class."""
    vectors: NDArray[np.float32]
    """float32 (n, d), unit norm: windows of the examples."""
    example_of: NDArray[np.intp]
    """(n,), which example each window comes from, counted from 0."""

    @property
    def examples(self) -> int:
        """How many examples there are."""
        return len(set(self.example_of.tolist()))
