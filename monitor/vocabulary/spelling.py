"""What a misspelt word was meant as. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence

import msgspec

SHORTEST = 4
"""Letters of the shortest word that is held to be misspelt, but for two letters in the wrong order."""
TWICE_FROM = 8
"""Letters from which a word may have two faults."""
_ENDINGS = ("s", "es", "ing", "ed", "d", "er", "y", "ly")
_SHORTEST_STEM = 3


class Meant(msgspec.Struct, frozen=True):
    """A word that a misspelt one is near to."""

    word: str
    faults: int
    """Letters left out, added, wrong, or two neighbours in the wrong order."""


def plain(word: str) -> str:
    """Return `word` in small letters, without the marks on them."""
    decomposed = unicodedata.normalize("NFD", word.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def meant_by(word: str, lexicon: Sequence[str]) -> Meant | None:
    """Return the word of `lexicon` that `word`, which is none of it, was likely meant as; None: none is near.

    The first letter is taken to be right, or to be missing. Of several that are as near, one of the same
    length wins, then the first of the lexicon.
    """
    most = 2 if len(word) >= TWICE_FROM else 1
    found = [
        (faults(word, one), abs(len(one) - len(word)), order, one)
        for order, one in enumerate(lexicon)
        if abs(len(one) - len(word)) <= most and _may_be(word, one)
    ]
    count, _, _, nearest = min(found, default=(most + 1, 0, 0, ""))
    return Meant(nearest, count) if count <= most else None


def _may_be(word: str, other: str) -> bool:
    if len(word) < SHORTEST:  # of so short a word every other is near: only the order may be wrong
        return len(word) > 2 and sorted(word) == sorted(other)
    return len(other) >= SHORTEST and (word[0] == other[0] or word == other[1:])


def faults(word: str, other: str) -> int:
    """Return the optimal string alignment distance (Damerau 1964, restricted: no part is changed twice)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, char in enumerate(word, 1):
        line = [row]
        for column, wanted in enumerate(other, 1):
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (char != wanted))
            if row > 1 and column > 1 and (char, word[row - 2]) == (other[column - 2], wanted):
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, last = last, line
    return last[-1]


def is_form_of(word: str, known: Collection[str]) -> bool:
    """Return whether `word` is in `known`, or is a regular form of a word there: bells, drilling, honked."""
    return any(stem in known for stem in _stems(word))


def _stems(word: str) -> Iterator[str]:
    yield from (word, *_forms(word))
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= _SHORTEST_STEM:
            yield from (stem, *_forms(stem))
            if stem[-1] == stem[-2]:  # knocked, humming
                yield stem[:-1]


def _forms(stem: str) -> tuple[str, ...]:
    return f"{stem}s", f"{stem}e", f"{stem}ing"
