"""Is a typed word known to a model? By spelling, and by where its embedding lies.

- A name of the list of sounds is known.
- A word that neither the lists nor the model's tokenizer has whole, and that is a letter or two from a word
  of the list, is misspelt: the pieces it is cut into mean nothing, or something else.
- All else is known if its embedding lies among the names of sounds (`reach.py`).

What it cannot know: whether the audio side hears the sound. And where a model's text side does not tell names
of sounds from other words, nothing is known of any word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.names import folded_words
from monitor.vocabulary.reach import Reach, learn_reach, nearest
from monitor.vocabulary.spelling import is_form_of, meant_by, plain
from monitor.vocabulary.word_lists import Names, read_names, single_words

EmbedPhrases = Callable[[Sequence[str]], NDArray[np.float32]]
"""Phrases -> float32 (n, d), unit norm, each in the model's own prompt."""
CountPieces = Callable[[Sequence[str]], list[int]]
"""Words -> into how many pieces the model's tokenizer cuts each; 1: it has it whole."""

SHOWN = 3
"""Nearest sounds that are told."""
MOST_ERROR = 0.3
"""A model that puts a larger share of the lists on the wrong side has no say."""


class Near(msgspec.Struct, frozen=True):
    """A name that is near, and how near."""

    name: str
    cosine: float
    """Of the two embeddings, in [-1, 1]."""


class Verdict(msgspec.Struct, frozen=True):
    """What is known of one typed word."""

    wording: str
    known: bool | None
    """None: it cannot be told for this model."""
    why: Literal["listed", "near", "misspelt", "far", "untold"]
    """`listed`: a name of the list; `near`, `far`: its embedding lies among the names of sounds, or does not;
    `untold`: the model does not tell names of sounds from other words."""
    nearest: tuple[Near, ...]
    """Other sounds that are nearest, the nearest first."""
    meant: str = ""
    """Of a misspelt one: the whole wording, corrected."""


class Judge:
    """Judges words by one model; its lists are embedded when they are first needed."""

    def __init__(self, embed: EmbedPhrases, count_pieces: CountPieces, names: Names | None = None) -> None:
        self._embed = embed
        self._count_pieces = count_pieces
        self._names = names or read_names()
        self._listed = {folded_words(name) for name in (*self._names.sounds, *self._names.imitative)}
        self._words = {*self._names.lexicon, *single_words(self._names.soundless)}

    def is_listed(self, wording: str) -> bool:
        """Return whether `wording` is a name of the list: known without a look at the model."""
        return folded_words(wording) in self._listed

    def judge(self, wordings: Sequence[str]) -> list[Verdict]:
        """Return what is known of each of `wordings`."""
        vectors = self._embed(wordings)
        values = self.reach.values(vectors)
        return [
            self._verdict(wording, vector, bool(value >= self.reach.threshold))
            for wording, vector, value in zip(wordings, vectors, values, strict=True)
        ]

    @cached_property
    def sounds(self) -> NDArray[np.float32]:
        """The embeddings of the names of sounds, float32 (n, d), unit norm."""
        return self._embed(self._names.sounds)

    @cached_property
    def reach(self) -> Reach:
        """What the model makes of the lists."""
        return learn_reach(self.sounds, self._embed(self._names.others))

    def _verdict(self, wording: str, vector: NDArray[np.float32], within: bool) -> Verdict:
        near = self._nearest(wording, vector)
        listed = self.is_listed(wording)
        meant, faults = ("", 0) if listed else self._corrected(wording)
        if faults == 1 or (faults and not within):
            return Verdict(wording, False, "misspelt", near, meant)
        if self.reach.error > MOST_ERROR:
            return Verdict(wording, None, "untold", near)
        if listed:
            return Verdict(wording, True, "listed", near)
        return Verdict(wording, within, "near" if within else "far", near)

    def _nearest(self, wording: str, vector: NDArray[np.float32]) -> tuple[Near, ...]:
        cosines = self.sounds @ vector
        same = folded_words(wording)
        places = nearest(cosines, SHOWN + 1)
        names = [(self._names.sounds[place], float(cosines[place])) for place in places]
        return tuple(Near(name, cosine) for name, cosine in names if folded_words(name) != same)[:SHOWN]

    def _corrected(self, wording: str) -> tuple[str, int]:
        """Return `wording` with its misspelt words put right, and the most faults in one of them."""
        words = folded_words(wording).split()
        strange = [word for word in map(plain, words) if not is_form_of(word, self._words)]
        whole = dict(zip(strange, self._count_pieces(strange), strict=True)) if strange else {}
        meant = {
            word: found
            for word in strange
            if whole[word] != 1 and (found := meant_by(word, self._names.lexicon)) is not None
        }
        corrected = (meant[plain(word)].word if plain(word) in meant else word for word in words)
        return " ".join(corrected), max((found.faults for found in meant.values()), default=0)
