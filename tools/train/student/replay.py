"""The deep maps of the last few thousand windows, to learn from again.

A window has thousands of positions in the first maps, few in the last, and one in the layers behind them. So
a batch is plenty for the first blocks and little for the last: these learn from earlier windows as well.
"""

from __future__ import annotations

import torch
from torch import Tensor

FIRST_MAP = 10
"""The first map that is kept; those before it are large, and have positions enough."""
CAPACITY = 6_000
"""Windows."""


class Replay:
    """A ring of float16 tensors, one for each kept map and layer; the oldest windows make way."""

    def __init__(self, seed: int, capacity: int = CAPACITY) -> None:
        self._capacity, self._kept, self._next = capacity, 0, 0
        self._rings: list[Tensor] = []
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        """Count the windows kept."""
        return self._kept

    def keep(self, parts: list[Tensor]) -> None:
        """Add a batch: tensors (n, ...), the same kinds each time."""
        if not self._rings:
            self._rings = [
                torch.empty((self._capacity, *part.shape[1:]), dtype=torch.float16).contiguous(
                    memory_format=torch.channels_last if part.dim() == 4 else torch.contiguous_format
                )
                for part in parts
            ]
        places = torch.arange(self._next, self._next + len(parts[0])) % self._capacity
        for ring, part in zip(self._rings, parts, strict=True):
            ring[places] = part.half()
        self._next = int(places[-1]) + 1
        self._kept = min(self._capacity, self._kept + len(places))

    def draw(self, kinds: range, n: int) -> list[Tensor]:
        """Draw n windows, and of each the parts asked for: float32 (n, ...)."""
        rows = torch.randint(self._kept, (n,), generator=self._generator)
        return [self._rings[kind][rows].float() for kind in kinds]
