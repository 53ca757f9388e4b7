"""From a window's embedding to a score per class. Pure.

``s_p = z.C_p - tau B_p + beta z.d_p`` for classes and distractors p alike, then the odds of a class against
all distractors together, ``sigmoid((s_c - T log sum_q exp(s_q / T)) / T)`` over distractors q. Listed
classes do not compete with one another: two may sound at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.config import DriftConfig, ScorerConfig
from monitor.records import Prototypes, Score


class Scorer:
    """Scores embeddings against prototypes."""

    def __init__(self, prototypes: Prototypes, config: ScorerConfig, drift: DriftConfig) -> None:
        self._prototypes = prototypes
        self._config = config
        self._beta = drift.beta

    @property
    def prompts(self) -> dict[str, str]:
        """What each class is compared with."""
        return dict(zip(self._prototypes.classes, self._prototypes.prompts, strict=True))

    def profile(self, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosines to all prototypes, float32 (p,), of a unit embedding, float32 (d,)."""
        return np.asarray(self._prototypes.vectors @ embedding)

    def score(
        self,
        embedding: NDArray[np.float32],
        profile: NDArray[np.float32],
        offset: NDArray[np.float32],
        start: int,
        stop: int,
    ) -> Score:
        """Return the score of the window [start, stop).

        Parameters
        ----------
        embedding
            float32 (d,), unit norm.
        profile
            float32 (p,), its cosines to all prototypes.
        offset
            float32 (p,), tau * B.
        """
        adapted = profile - offset + self._beta * (self._prototypes.drift @ embedding)
        count = len(self._prototypes.classes)
        scaled = adapted.astype(np.float64) / self._config.temperature
        against = _log_sum_exp(scaled[count:])
        odds = scaled[:count] - against
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


def _log_sum_exp(values: NDArray[np.float64]) -> float:
    """Return log(sum(exp(values))); with no distractors the odds are against a cosine of 0."""
    if not len(values):
        return 0.0
    top = float(values.max())
    return top + float(np.log(np.exp(values - top).sum()))
