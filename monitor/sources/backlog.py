"""The bounded queue between the driver's callback and the pipe; messages go the same way, in order.

When full it drops the newest blocks and counts their samples exactly; the count travels with the next block
that fits. One thread puts, one takes; neither ever holds a lock the other waits for.
"""

from __future__ import annotations

import queue

from monitor.sources.capture_messages import Message, RawBlock


class Backlog:
    """Blocks that were captured and not yet written to the pipe."""

    def __init__(self, limit_len: int) -> None:
        """Hold at most `limit_len` samples per channel."""
        self._limit_len = limit_len
        self._blocks: queue.SimpleQueue[tuple[RawBlock | Message, int] | None] = queue.SimpleQueue()
        self._put_len = 0  # written by the putting thread only
        self._taken_len = 0  # written by the taking thread only
        self._lost_len = 0
        self._overflow = False

    @property
    def lost_len(self) -> int:
        """Samples dropped since the last block that fitted."""
        return self._lost_len

    def put(self, data: bytes, captured_s: float, block_len: int, overflow: bool) -> None:
        """Queue one block of `block_len` samples per channel, or drop and count it. Never waits."""
        self._overflow = self._overflow or overflow
        if self._put_len - self._taken_len + block_len > self._limit_len:
            self._lost_len += block_len
            return
        self._put_len += block_len
        self._blocks.put((RawBlock(data, captured_s, self._lost_len, self._overflow), block_len))
        self._lost_len, self._overflow = 0, False

    def say(self, message: Message) -> None:
        """Queue a message behind the blocks that are there. Never waits; any thread."""
        self._blocks.put((message, 0))

    def end(self) -> None:
        """Say that no block will follow."""
        self._blocks.put(None)

    def take(self) -> RawBlock | Message | None:
        """Wait for the oldest block or message and return it; None after the last."""
        entry = self._blocks.get()
        if entry is None:
            return None
        block, block_len = entry
        self._taken_len += block_len
        return block
