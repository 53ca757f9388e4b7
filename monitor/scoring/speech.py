"""Whether a window may hold speech, by what it sounds like in words. Pure.

With z the window, S the phrases of speech and D those of other sounds, the odds of speech are
``T log sum_S exp(z.s / T) - T log sum_D exp(z.d / T)``, on the scale of cosines. From which odds on a window
counts as speech was tuned for a model and is stored with it (`Tuning.speech_odds`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import Config
from monitor.scoring.prototypes import embed_phrases

SPEECH = (
    "speech", "people talking", "a man speaking", "a woman speaking", "a child speaking", "conversation",
    "narration", "whispering", "shouting", "singing",
)  # fmt: skip
VOICES = frozenset(
    {
        "speech", "people talking", "crowd", "children playing", "singing", "laughter", "yelling", "choir",
        "radio", "television", "breathing",
    }
)  # fmt: skip
"""Distractors that may hold speech themselves: they say nothing against it."""
TEMPERATURE = 0.3
"""Wide: speech under another sound is a little nearer to every phrase of speech, and to none very near.

With .1, .15, .2, .3 and 1, at the same slips, 34, 12, 11, 10 and 8 % of scenes without speech of folds 1 to 3
were withheld (tools/train/tune_speech.py)."""


class SpeechFilter:
    """Tells windows that may hold speech.

    Parameters
    ----------
    speech, others
        Phrases, float32 (n, d), unit norm.
    odds
        From which odds on a window counts as speech.
    """

    def __init__(self, speech: NDArray[np.float32], others: NDArray[np.float32], odds: float) -> None:
        self._speech = speech
        self._others = others
        self._limit = odds

    def odds(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the odds of speech in windows, float32 (..., d): (...,)."""
        return _soft_max(vectors @ self._speech.T) - _soft_max(vectors @ self._others.T)

    def may_be_speech(self, vector: NDArray[np.float32]) -> bool:
        """Return whether a window, float32 (d,), may hold speech."""
        return bool(self.odds(vector) >= self._limit)


def make_speech_filter(
    embed_text: Callable[[Sequence[str]], NDArray[np.float32]],
    templates: Sequence[str],
    config: Config,
    odds: float,
) -> SpeechFilter:
    """Return a filter for the model that embeds text as `embed_text` does, in its `templates`."""
    others = [phrase for phrase in config.prompts.distractors if phrase not in VOICES]
    vectors = embed_phrases(embed_text, templates, [*SPEECH, *others])
    return SpeechFilter(vectors[: len(SPEECH)], vectors[len(SPEECH) :], odds)


def _soft_max(cosines: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return T log sum exp(x / T) over the last axis."""
    scaled = cosines.astype(np.float64) / TEMPERATURE
    top = scaled.max(axis=-1, keepdims=True)
    return np.asarray(TEMPERATURE * (top[..., 0] + np.log(np.exp(scaled - top).sum(axis=-1))))
