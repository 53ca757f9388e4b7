"""The rolling profile of the background, learnt from windows in which nothing happens. Pure.

It is the mean m of the unit embeddings of the low-activity windows of the last minute; where low activity
hardly ever comes, as where people talk or a clock ticks, also of those of normal activity. Its direction
says what the background sounds like, in any words; its length, at most 1, how alike those windows are: one
that never sounds the same is described by a short vector, which takes little off anything. The windows that
fit it least are left out, so that a car that once sounds its horn is not the street.

Guards: digital silence is a fault and no background; a window in which a listed class scores, or sounds,
teaches nothing, so that a three-minute siren stays detected; a change of background is noticed, and the one
before it forgotten.
"""

from __future__ import annotations

import math
from collections import deque
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import BackgroundConfig
from monitor.config.tuning import UNTUNED, fixed
from monitor.records import Activity, BackgroundState

_MOST_RESTLESS = 3
"""Times what readiness needs, without low activity, until normal activity teaches too."""
_SPELL = 2
"""Times what readiness needs, all unlike what was before, is another place and no long sound."""
_FEWEST = 4
"""Windows that readiness needs at the longest hop; of fewer a mean and a median say nothing."""
TRIMMED = 0.25
"""Share of the windows, those nearest in direction to the others least, that the mean leaves out."""


class Background:
    """What the background sounds like, so far.

    Parameters
    ----------
    dim
        Dimensions of the embeddings.
    sample_rate
        Hz of the stream indices.
    hop_len
        Samples from window to window: how long a time is, is counted in windows, whatever the hop.
    known
        Mean embedding, float32 (dim,), of this background as it was learnt before; None: it is not known.
    """

    def __init__(
        self,
        dim: int,
        sample_rate: int,
        hop_len: int,
        config: BackgroundConfig,
        known: NDArray[np.float32] | None = None,
    ) -> None:
        self._dim = dim
        self._sample_rate = sample_rate
        self._needed = max(_FEWEST, math.ceil(config.ready_s * sample_rate / hop_len))
        noticeable_len = 2 * _SPELL * self._needed * hop_len
        self._memory_len = max(round(config.memory_s * sample_rate), noticeable_len)
        self._guard_score = fixed(config.guard_score, UNTUNED.guard_score)
        self._change_ratio = fixed(config.change_ratio, UNTUNED.change_ratio)
        self._learnt: deque[tuple[int, NDArray[np.float32]]] = deque()
        self._mean: NDArray[np.float32] | None = None
        self._changes = 0
        self._guarded = 0
        self._restless = 0
        if known is not None:
            self.remember(known)

    @property
    def mean(self) -> NDArray[np.float32]:
        """Mean embedding of what was learnt, float32 (dim,), at most of unit length; zeros: nothing yet."""
        if self._mean is None:
            self._mean = self._trimmed_mean() if self._learnt else np.zeros(self._dim, np.float32)
        return self._mean

    @property
    def estimate(self) -> NDArray[np.float32]:
        """The mean, float32 (dim,), shorter while it rests on too few windows."""
        return self.mean * np.float32(min(1.0, len(self._learnt) / self._needed))

    def learn(self, embedding: NDArray[np.float32], stop: int, activity: Activity, best_score: float) -> None:
        """Take in the embedding, float32 (dim,), of a window that ends at `stop`, if it may teach.

        Parameters
        ----------
        best_score
            Highest score of a listed class in it; 1.0 while one is sounding.
        """
        self._restless = 0 if activity == "low" else self._restless + 1
        patient = self._restless <= _MOST_RESTLESS * self._needed
        teaches = activity == "low" or (activity == "normal" and not patient)
        if teaches and best_score >= self._guard_score:
            self._guarded += 1
        elif teaches:
            self._guarded = 0
            self._learnt.append((stop, embedding))
            self._mean = None
            if self._is_another_background():
                self._keep(self._needed)
                self._changes += 1
        self._forget(stop - self._memory_len)

    def remember(self, known: NDArray[np.float32]) -> None:
        """Begin with a mean, float32 (dim,), as it was learnt before; what has been learnt since is newer."""
        self._learnt.extendleft([(0, known)] * self._needed)
        self._mean = None

    def forget(self) -> None:
        """Begin again, as if nothing had been learnt."""
        self._keep(0)

    def state(self, stop: int) -> BackgroundState:
        """Return readiness and age at stream index `stop`."""
        age = (stop - self._learnt[-1][0]) / self._sample_rate if self._learnt else 0.0
        return BackgroundState(
            ready=len(self._learnt) >= self._needed,
            age_s=round(age, 2),
            windows=len(self._learnt),
            needed=self._needed,
            likeness=round(float(np.linalg.norm(self.mean)), 4),
            changes=self._changes,
            guarded=self._guarded,
        )

    def _trimmed_mean(self) -> NDArray[np.float32]:
        vectors = np.array([embedding for _, embedding in self._learnt])
        fits = vectors @ vectors.mean(axis=0)
        return np.asarray(vectors[fits >= np.quantile(fits, TRIMMED)].mean(axis=0), np.float32)

    def _is_another_background(self) -> bool:
        """Say whether the newest windows fit the older ones far less than these fit one another."""
        count = _SPELL * self._needed
        if len(self._learnt) < 2 * count:
            return False
        vectors = np.array([embedding for _, embedding in self._learnt])
        before = vectors[:-count].mean(axis=0)
        usual, now = np.median(vectors[:-count] @ before), np.median(vectors[-count:] @ before)
        return bool(now < self._change_ratio * usual)

    def _keep(self, count: int) -> None:
        """Forget all but the newest `count` windows."""
        self._learnt = deque(islice(self._learnt, len(self._learnt) - count, None))
        self._mean = None

    def _forget(self, before: int) -> None:
        """Drop what is older than `before`, but never below what readiness needs."""
        while len(self._learnt) > self._needed and self._learnt[0][0] < before:
            self._learnt.popleft()
            self._mean = None
