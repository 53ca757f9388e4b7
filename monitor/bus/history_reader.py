"""Answers what is asked of the history, on a thread of its own: a slow disk delays neither sound nor bus.

Overflow: at most `MAX_WAITING` questions wait; further ones are refused at once.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from monitor.bus.messages import Reply, Request
from monitor.bus.requests import PendingRequest, RequestQueue

MAX_WAITING = 16
_NONE = Reply(ok=False, error="This monitor keeps no history; [history] keep = true begins one.")


class HistoryReader:
    """Reads for whoever asks, one after another.

    Parameters
    ----------
    find
        Answers a `history` request; None: there is no history.
    requests
        Takes the answers.
    """

    def __init__(self, find: Callable[[Request], Reply] | None, requests: RequestQueue) -> None:
        self._find = find
        self._requests = requests
        self._questions: queue.Queue[PendingRequest] = queue.Queue(MAX_WAITING)
        self._thread: threading.Thread | None = None

    def ask(self, question: PendingRequest) -> None:
        """Answer `question` soon; never waits."""
        if self._find is None:
            self._requests.reply(question, _NONE)
            return
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._read, args=(self._find,), name="history", daemon=True
            )
            self._thread.start()
        try:
            self._questions.put_nowait(question)
        except queue.Full:
            self._requests.refuse(question, MAX_WAITING)

    def _read(self, find: Callable[[Request], Reply]) -> None:
        while True:
            self._requests.answer(self._questions.get(), find)
