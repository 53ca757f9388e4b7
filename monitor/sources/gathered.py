"""One of many sources: what it brings is taken in larger pieces, for each piece wakes a thread.

Of a hundred microphones with blocks of 20 ms, five thousand blocks a second come, and the threads that take
them in would keep the one that analyses them from its work. So a thread looks five times a second, and passes
on all that has come meanwhile as one block; a source that can wait is left alone for longer, until what it
hears is wanted. What is heard stays the same, sample for sample.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

from monitor.errors import SourceError
from monitor.records import Block
from monitor.sources import Patient, Source

GATHER_S = 0.2
"""Seconds from one look to the next, and so the latency that it costs at most."""
_MOST_S = 1.0
"""Sound that is passed on at once, at most: what comes faster is taken without a pause."""


class GatheredSource:
    """Passes on what another source brings, in larger blocks. Satisfies `Source` and `Patient`.

    Overflow: nothing is held longer than `GATHER_S`, or for as long as a source can wait; what the source
    brings meanwhile waits where it always waits: in its pipe or queue.
    """

    def __init__(
        self,
        source: Source,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source = source
        self._patient = source if isinstance(source, Patient) else None
        self._monotonic = monotonic
        self._sleep = sleep
        self._looked_s = 0.0
        self._drained = False  # the last look took all there was
        self._next: Block | None = None  # what does not fit to the blocks before it
        self._error: Exception | None = None  # what was raised behind blocks that are passed on first
        self._rate = 0

    @property
    def id(self) -> str:
        """That of the source."""
        return self._source.id

    @property
    def name(self) -> str:
        """That of the source."""
        return self._source.name

    @property
    def live(self) -> bool:
        """As the source is."""
        return self._source.live

    @property
    def sample_rate(self) -> int:
        """Hz of the block that was passed on last; before the first, what the source says."""
        return self._rate or self._source.sample_rate

    @property
    def rest_s(self) -> float:
        """Seconds for which nobody need look; 0 where the source keeps nothing for so long."""
        return 0.0 if self._patient is None else self._patient.rest_s

    @property
    def block_s(self) -> float:
        """Seconds from one block of the source to the next."""
        return GATHER_S if self._patient is None else self._patient.block_s

    def open(self) -> None:
        """Open the source."""
        self._next, self._error, self._drained, self._rate = None, None, False, 0
        self._source.open()

    def read(self, timeout_s: float) -> Block | None:
        """Return all that has come since the last look, or None if nothing came within `timeout_s` seconds.

        Raises
        ------
        EOFError, SourceError
            What the source raised, behind all that it brought before.
        """
        if self._pauses(timeout_s):
            return None
        self._looked_s = self._monotonic()
        first = self._take(timeout_s)
        if first is None:
            self._raise()
            return None
        self._rate = rate = self._source.sample_rate
        blocks, length = [first], len(first.samples)
        most_len = _MOST_S * (rate or 1)
        while length < most_len and (block := self._more(first, rate)) is not None:
            blocks.append(block)
            length += len(block.samples)
        return _joined(blocks)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def _pauses(self, timeout_s: float) -> bool:
        """Let sound come, unless there is more than could be taken; True while it is too soon to look."""
        pause_s = self._looked_s + GATHER_S - self._monotonic()
        if not self._drained or self._error is not None or pause_s <= 0.0:
            return False
        self._sleep(min(pause_s, timeout_s))
        return pause_s > timeout_s

    def _take(self, timeout_s: float) -> Block | None:
        """Return the next block, if one comes in time; keep what is raised."""
        block, self._next = self._next, None
        if block is not None or self._error is not None:
            return block
        try:
            block = self._source.read(timeout_s)
        except (EOFError, SourceError) as error:
            self._error = error
            return None
        self._drained = block is None
        return block

    def _more(self, first: Block, rate: int) -> Block | None:
        """Return another block that can be joined to `first`, if it is there already."""
        block = self._take(0.0)
        if block is None:
            return None
        whole = not block.lost_len and not block.overflow
        if whole and self._source.sample_rate == rate and block.samples.shape[1:] == first.samples.shape[1:]:
            return block
        self._next = block
        return None

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error


def _joined(blocks: list[Block]) -> Block:
    """Return `blocks`, each of which follows on the one before, as one."""
    first, last = blocks[0], blocks[-1]
    if first is last:
        return first
    return replace(
        last,
        samples=np.concatenate([block.samples for block in blocks]),
        lost_len=first.lost_len,
        overflow=first.overflow,
        warning=_newest([block.warning for block in blocks]),
        kept_quiet=_newest([block.kept_quiet for block in blocks]),
    )


def _newest(said: list[str | None]) -> str | None:
    """Return what was said last; None: nothing new was."""
    return next((one for one in reversed(said) if one is not None), None)
