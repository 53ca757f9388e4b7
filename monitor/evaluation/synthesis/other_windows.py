"""What the background of a mixture sounds like elsewhere: other windows of the same recording.

They depend on the mixture, the seed and the recordings there are, not on the other mixtures. They
lie outside the part that is in the mixture: in the same clip or, where that is too short, in other clips of
the recording. Where there are neither, one stands in that overlaps the part as little as can be (`apart` is
then false). They are heard as loud as they were recorded.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from monitor.corpus.clips import Clip, duration_of
from monitor.corpus.layouts import Corpus
from monitor.evaluation.synthesis.mixtures import Mixture, generator_for

BACKGROUND_WINDOWS = 5
_CLOSE_S = 1e-3
"""Lengths in an index are rounded to this."""


class Part(msgspec.Struct, frozen=True):
    """A window of a clip."""

    path: str
    """As `Corpus.find` takes it."""
    start_s: float


class Background(msgspec.Struct, frozen=True):
    """Where to hear what a mixture's background sounds like."""

    parts: tuple[Part, ...]
    """`BACKGROUND_WINDOWS`; one stands in for another where the recording has not as many."""
    apart: bool
    """Whether they are free of what is in the mixture."""


class Backgrounds:
    """Chooses backgrounds for windows of one length."""

    def __init__(self, corpus: Corpus, seed: int, window_s: float) -> None:
        self._corpus = corpus
        self._seed = seed
        self._window_s = window_s
        self._clips: dict[str, Clip] = {}
        self._recordings: dict[str, list[Clip]] = {}
        for clip in sorted(corpus.clips, key=lambda clip: clip.path):
            if clip.kind == "background" and clip.is_audible:
                self._recordings.setdefault(clip.group, []).append(clip)
                self._clips[clip.path] = clip

    def of(self, mixture: Mixture) -> Background:
        """Return the background of a mixture."""
        rng = generator_for(f"{self._seed} background {mixture.event} {mixture.background} {mixture.place}")
        last_s = max(0.0, self._duration_s(mixture.background) - self._window_s)
        own_s = mixture.place * last_s
        starts_s = _starts_s(last_s, self._window_s / 2.0)
        apart = [
            Part(mixture.background, at) for at in starts_s if abs(at - own_s) >= self._window_s - _CLOSE_S
        ]
        found = _shuffled(apart, rng)
        if len(found) < BACKGROUND_WINDOWS:
            found += self._elsewhere(mixture, rng)
        if found:
            return Background(_as_many(found), apart=True)
        furthest_s = max(starts_s, key=lambda at: abs(at - own_s))
        return Background(_as_many([Part(mixture.background, furthest_s)]), apart=False)

    def _elsewhere(self, mixture: Mixture, rng: np.random.Generator) -> list[Part]:
        """Return windows of other clips of the recording, of as few clips as will do."""
        others = [
            clip.path
            for clip in self._recordings.get(mixture.background_group, [])
            if clip.path != mixture.background
        ]
        found: list[Part] = []
        for at in rng.permutation(len(others)):
            path = others[int(at)]
            last_s = max(0.0, self._duration_s(path) - self._window_s)
            found += [Part(path, start_s) for start_s in _starts_s(last_s, self._window_s)]
            if len(found) >= BACKGROUND_WINDOWS:
                break
        return _shuffled(found, rng)

    def _duration_s(self, path: str) -> float:
        clip = self._clips.get(path)
        known = None if clip is None else clip.duration_s
        return duration_of(self._corpus.find(path)) if known is None else known


def _starts_s(last_s: float, hop_s: float) -> list[float]:
    """Return where windows begin, from 0 to `last_s`."""
    count = int(last_s / hop_s + 1e-6) + 1
    return [round(index * hop_s, 6) for index in range(count)]


def _shuffled(parts: Sequence[Part], rng: np.random.Generator) -> list[Part]:
    return [parts[int(at)] for at in rng.permutation(len(parts))]


def _as_many(parts: Sequence[Part]) -> tuple[Part, ...]:
    return tuple(parts[at % len(parts)] for at in range(BACKGROUND_WINDOWS))
