"""The rolling profile of the room, learnt from windows in which nothing happens. Pure.

It is the median, per prototype, of the cosine profiles of the low-activity windows of the last minutes.
Guards: digital silence is a fault and no background; a window in which a listed class scores, or sounds,
teaches nothing, so that a three-minute siren stays detected; what is subtracted is bounded.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from monitor.config import BackgroundConfig
from monitor.records import Activity, BackgroundState


class Background:
    """Profile of the room, blended from text to sound as it is learnt.

    Parameters
    ----------
    text_profile
        float32 (p,), cosines of the text-derived background to all prototypes.
    sample_rate
        Hz of the stream indices.
    """

    def __init__(self, text_profile: NDArray[np.float32], sample_rate: int, config: BackgroundConfig) -> None:
        self._text_profile = text_profile
        self._sample_rate = sample_rate
        self._config = config
        self._learnt: deque[tuple[int, NDArray[np.float32]]] = deque()
        self._median: NDArray[np.float32] | None = None

    def offset(self) -> NDArray[np.float32]:
        """Return tau * B, float32 (p,), within +-`max_drop`: what to subtract from a window's profile.

        P_f = P(z) - tau P_b (arXiv 2506.04376), tau and P_b blended from text to sound.
        """
        share = min(1.0, len(self._learnt) / self._config.ready_windows)
        offset = (1.0 - share) * self._config.tau_text * self._text_profile
        if self._learnt:
            if self._median is None:
                self._median = np.median([profile for _, profile in self._learnt], axis=0).astype(np.float32)
            offset = offset + share * self._config.tau_audio * self._median
        return np.asarray(np.clip(offset, -self._config.max_drop, self._config.max_drop), np.float32)

    def learn(self, profile: NDArray[np.float32], stop: int, activity: Activity, best_score: float) -> None:
        """Take in the profile of a window that ends at `stop`, if it may teach.

        Parameters
        ----------
        profile
            float32 (p,), cosines to all prototypes.
        best_score
            Highest score of a listed class in it; 1.0 while one is sounding.
        """
        if activity == "low" and best_score < self._config.guard_score:
            self._learnt.append((stop, profile))
            self._median = None
        self._forget(stop - round(self._config.memory_s * self._sample_rate))

    def state(self, stop: int) -> BackgroundState:
        """Return readiness and age at stream index `stop`."""
        age = (stop - self._learnt[-1][0]) / self._sample_rate if self._learnt else 0.0
        ready = len(self._learnt) >= self._config.ready_windows
        return BackgroundState(ready=ready, age_s=round(age, 2), windows=len(self._learnt))

    def _forget(self, before: int) -> None:
        """Drop what is older than `before`, but never below what readiness needs."""
        while len(self._learnt) > self._config.ready_windows and self._learnt[0][0] < before:
            self._learnt.popleft()
            self._median = None
