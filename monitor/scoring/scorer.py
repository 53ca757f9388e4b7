"""From a window's embedding to a score per class. Pure.

With z the window, m the mean of the room (`background.py`) and C_c the prototype of class c,

    s_c = z.C_c - tau m.C_c + beta z.d_c

is how much the window sounds like the class beyond what the room does all the time (arXiv 2506.04376,
2606.04844). tau is fixed, or, as it ships, z.m of the window itself: how much of it is room. Then s_c is the
cosine of the class with z less its part along m: all of the room goes where the room is all that is heard,
nothing where a sound is clean or the room another. Other sounds q, the distractors, lose nothing: what the
room sounds like stays a rival. Where the model has a network of its own that takes the room off
(`Encoder.clear`), a class counts as far as it sounds through either way: s_c is at most the cosine of the
class with what that network gives.

The score is the odds of a class against all of them together,
``sigmoid((s_c - T log sum_q exp(s_q / T)) / T)``. Listed classes do not compete with one another: two may
sound at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.config import DriftConfig, ScorerConfig, Tau
from monitor.records import Likeness, Prototypes, Score

NO_SOUND = "no sound"
"""What a window without sound is most like."""


class Scorer:
    """Scores embeddings against prototypes."""

    def __init__(self, prototypes: Prototypes, config: ScorerConfig, drift: DriftConfig, tau: Tau) -> None:
        self._prototypes = prototypes
        self._config = config
        self._beta = drift.beta
        self._tau = tau

    @property
    def prompts(self) -> dict[str, str]:
        """What each class is compared with."""
        return dict(zip(self._prototypes.classes, self._prototypes.prompts, strict=True))

    def score(
        self,
        embedding: NDArray[np.float32],
        room: NDArray[np.float32],
        start: int,
        stop: int,
        cleared: NDArray[np.float32] | None = None,
    ) -> Score:
        """Return the score of the window [start, stop).

        Parameters
        ----------
        embedding
            float32 (d,), unit norm.
        room
            float32 (d,), at most of unit length: the mean of the room; zeros while it is not known.
        cleared
            float32 (d,), unit norm: the embedding without the room, by the model's own network; None: it has
            none, or the room is not known.
        """
        count = len(self._prototypes.classes)
        adapted = self._prototypes.vectors @ embedding
        tau = own_tau(embedding, room) if self._tau == "auto" else self._tau
        adapted[:count] -= tau * self.class_cosines(room)
        if cleared is not None:
            adapted[:count] = np.minimum(adapted[:count], self.class_cosines(cleared))
        adapted += self._beta * (self._prototypes.drift @ embedding)
        scaled = adapted.astype(np.float64) / self._config.temperature
        odds = scaled[:count] - _log_sum_exp(scaled[count:])
        values = 1.0 / (1.0 + np.exp(-np.clip(odds, -60.0, 60.0)))
        shares = np.exp(scaled - _log_sum_exp(scaled))[count:]
        nearest = int(np.argmax(shares)) if len(shares) else -1
        return Score(
            start=start,
            stop=stop,
            values=dict(zip(self._prototypes.classes, values.tolist(), strict=True)),
            other=self._prototypes.distractors[nearest] if nearest >= 0 else "",
            other_score=float(shares[nearest]) if nearest >= 0 else 0.0,
        )

    def no_sound(self, start: int, stop: int) -> Score:
        """Return the score of a window in which there is no sound: it sounds like nothing."""
        return Score(start, stop, dict.fromkeys(self._prototypes.classes, 0.0), NO_SOUND, 1.0)

    def class_cosines(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the inner products of the classes with `vector`, float32 (d,): float32 (k,)."""
        return np.asarray(self._prototypes.vectors[: len(self._prototypes.classes)] @ vector)

    def sounds_like(self, vector: NDArray[np.float32], most: int) -> list[Likeness]:
        """Return the `most` classes and distractors nearest in direction to `vector`, float32 (d,).

        Best first; the shares of all of them add up to 1.
        """
        length = float(np.linalg.norm(vector))
        if not length:
            return []
        scaled = (self._prototypes.vectors @ vector).astype(np.float64) / length / self._config.temperature
        shares = np.exp(scaled - _log_sum_exp(scaled))
        phrases = [name.replace("_", " ") for name in self._prototypes.classes] + [
            *self._prototypes.distractors
        ]
        best = np.argsort(-shares, kind="stable")[:most]
        return [Likeness(phrases[index], float(shares[index])) for index in best]


def own_tau(embeddings: NDArray[np.float32], rooms: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return z.m of each window and its room, at least 0: float32 (...,) of float32 (..., d) each.

    The tau that needs no grid: it grows with the share of the room in what is heard, and with how alike the
    room's own windows are.
    """
    return np.asarray(np.maximum((embeddings * rooms).sum(axis=-1), 0.0), np.float32)


def _log_sum_exp(values: NDArray[np.float64]) -> float:
    """Return log(sum(exp(values))); with no distractors the odds are against a cosine of 0."""
    if not len(values):
        return 0.0
    top = float(values.max())
    return top + float(np.log(np.exp(values - top).sum()))
