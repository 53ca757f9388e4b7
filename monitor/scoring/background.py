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
_SPARE = 64
"""Windows that fit behind those of a block before a new one is needed."""
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
        self._learnt = _Learnt(dim)
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
            self._mean = self._trimmed_mean() if len(self._learnt) else np.zeros(self._dim, np.float32)
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
            self._learnt.append(stop, embedding)
            self._mean = None
            if self._is_another_background():
                self._keep(self._needed)
                self._changes += 1
        self._forget(stop - self._memory_len)

    def remember(self, known: NDArray[np.float32]) -> None:
        """Begin with a mean, float32 (dim,), as it was learnt before; what has been learnt since is newer."""
        self._learnt.put_before(known, self._needed)
        self._mean = None

    def forget(self) -> None:
        """Begin again, as if nothing had been learnt."""
        self._keep(0)

    def state(self, stop: int) -> BackgroundState:
        """Return readiness and age at stream index `stop`."""
        age = (stop - self._learnt.stops[-1]) / self._sample_rate if self._learnt.stops else 0.0
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
        vectors = self._learnt.vectors
        fits = vectors @ vectors.mean(axis=0)
        left_out = math.ceil(TRIMMED * (len(fits) - 1))
        return np.asarray(vectors[fits >= np.partition(fits, left_out)[left_out]].mean(axis=0), np.float32)

    def _is_another_background(self) -> bool:
        """Say whether the newest windows fit the older ones far less than these fit one another."""
        count = _SPELL * self._needed
        if len(self._learnt) < 2 * count:
            return False
        vectors = self._learnt.vectors
        before = vectors[:-count].mean(axis=0)
        usual, now = np.median(vectors[:-count] @ before), np.median(vectors[-count:] @ before)
        return bool(now < self._change_ratio * usual)

    def _keep(self, count: int) -> None:
        """Forget all but the newest `count` windows."""
        self._learnt.drop(len(self._learnt) - count)
        self._mean = None

    def _forget(self, before: int) -> None:
        """Drop what is older than `before`, but never below what readiness needs."""
        while len(self._learnt) > self._needed and self._learnt.stops[0] < before:
            self._learnt.drop(1)
            self._mean = None


class _Learnt:
    """The windows that taught, oldest first: where each ended, and all embeddings in one block of memory."""

    def __init__(self, dim: int) -> None:
        self.stops: deque[int] = deque()
        self._block = np.empty((_SPARE, dim), np.float32)
        self._begin = 0

    def __len__(self) -> int:
        return len(self.stops)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Embeddings, float32 (n, dim); valid until the next change."""
        return self._block[self._begin : self._begin + len(self.stops)]

    def append(self, stop: int, embedding: NDArray[np.float32]) -> None:
        if self._begin + len(self) == len(self._block):
            self._move(np.empty_like(self._block, shape=(2 * len(self) + _SPARE, self._block.shape[1])), 0)
        self.stops.append(stop)
        self.vectors[-1] = embedding

    def put_before(self, embedding: NDArray[np.float32], count: int) -> None:
        """Put `count` times the same before all others."""
        self._move(
            np.empty_like(self._block, shape=(len(self) + count + _SPARE, self._block.shape[1])), count
        )
        self._begin = 0
        self.stops.extendleft([0] * count)
        self.vectors[:count] = embedding

    def drop(self, count: int) -> None:
        """Forget the `count` oldest."""
        for _ in range(count):
            self.stops.popleft()
        self._begin += count

    def _move(self, block: NDArray[np.float32], begin: int) -> None:
        """Go on in another block, from its row `begin` on."""
        block[begin : begin + len(self)] = self.vectors
        self._block, self._begin = block, begin
