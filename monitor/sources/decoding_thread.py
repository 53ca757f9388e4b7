"""A thread that decodes what arrives: a decoder waits for its bytes, and who reads from it must not.

The queue between holds few pieces. When it is full the thread waits, and so do the pipe and the program
before it.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator

from monitor.sources.decoder import Piece

_MAX_PIECES = 16
_STOPS_S = 1.0
_NOTICE_S = 0.1


class DecodingThread:
    """Runs one iterator of pieces on a thread of its own."""

    def __init__(self, pieces: Callable[[], Iterator[Piece]]) -> None:
        """Prepare to run `pieces`; what it raises is raised by `get`."""
        self._pieces = pieces
        self._queue: queue.Queue[Piece | BaseException] = queue.Queue(_MAX_PIECES)
        self._thread = threading.Thread(target=self._run, name="decoder", daemon=True)
        self._end: BaseException | None = None
        self.stopped = threading.Event()
        """Set by `stop`; what waits for bytes gives up then."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def get(self, timeout_s: float) -> Piece | None:
        """Return the next piece, or None if none came within `timeout_s` seconds.

        Raises
        ------
        EOFError
            The iterator is at its end.
        BaseException
            What it raised.
        """
        if self._end is not None:
            raise self._end
        try:
            item = (
                self._queue.get(timeout=max(timeout_s, 0.0)) if timeout_s > 0.0 else self._queue.get_nowait()
            )
        except queue.Empty:
            return None
        if isinstance(item, Piece):
            return item
        self._end = item
        raise item

    def stop(self) -> None:
        """End the thread, soon if its iterator hangs; may be called twice."""
        self.stopped.set()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(_STOPS_S)

    def _run(self) -> None:
        try:
            for piece in self._pieces():
                if not self._put(piece):
                    return
            self._put(EOFError())
        except BaseException as error:  # noqa: BLE001 - it is raised where the pieces are taken
            self._put(error)

    def _put(self, item: Piece | BaseException) -> bool:
        while not self.stopped.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=_NOTICE_S)
                return True
        return False
