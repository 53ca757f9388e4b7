"""An encoder that goes wrong when a test says so."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tests.fakes import FakeEncoder

Fault = Literal["well", "raises", "exits", "nan", "inf", "zero", "short", "flat", "hangs"]
FAILURES: tuple[Fault, ...] = ("raises", "exits", "nan", "inf", "zero", "short", "flat")
"""All that come back."""


class Faulty(FakeEncoder):
    """Goes wrong as `faults` say, one per call, the last one for ever."""

    def __init__(self, faults: Iterable[Fault], batches: bool = False) -> None:
        super().__init__()
        self.batches = batches
        self.released = threading.Event()
        """Ends a hang."""
        self.calls = 0
        self._faults: Iterator[Fault] = iter(faults)

    @classmethod
    def after(cls, count: int, *faults: Fault) -> Faulty:
        """Work well `count` times, then go wrong as told, and the last for ever."""
        return cls(chain(repeat("well", count), faults[:-1], repeat(faults[-1])))

    def go_wrong(self, *faults: Fault) -> None:
        """Go wrong as told from the next call on, and the last for ever."""
        self._faults = chain(faults[:-1], repeat(faults[-1]))

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        self.calls += 1
        return self._spoil(next(self._faults, "well"), super().embed_audio(windows))

    def _spoil(self, fault: Fault, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        match fault:
            case "raises":
                raise RuntimeError("out of memory")
            case "exits":
                raise SystemExit
            case "hangs":
                self.released.wait()
            case "nan":
                vectors[0, 1] = np.nan
            case "inf":
                vectors[0, 1] = np.inf
            case "zero":
                vectors[0] = 0.0
            case "short":
                return vectors[:, 1:]
            case "flat":
                return np.asarray(vectors[0])
            case "well":
                pass
        return vectors
