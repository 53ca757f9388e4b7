"""Questions to the pipeline, handed over between the thread that receives them and the one that knows.

Overflow: at most `MAX_WAITING` questions wait; further ones are refused at once. One that is not taken within
`TIMEOUT_S` is taken back and refused: the pipeline stands still, and whoever asks must hear so.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from monitor.bus.messages import Reply, Request
from monitor.errors import MonitorError

MAX_WAITING = 100
TIMEOUT_S = 1.0
"""Less than whoever asks waits."""


class Bell(Protocol):
    """Wakes the thread that asks; a `Wakeup` is one."""

    def ring(self) -> None:
        """Let it look for answers; never waits."""


class WayIn(Protocol):
    """Where a question came in, and its answer goes out; a `Door` is one."""

    def answer(self, envelope: list[bytes], answer: Reply) -> None:
        """Send `answer` back to whoever `envelope` names."""


class PendingRequest(msgspec.Struct, frozen=True):
    """A request, and the way back to whoever sent it."""

    envelope: list[bytes]
    request: Request
    asked_s: float
    """Monotonic clock, seconds."""
    door: WayIn | None = None
    """None: whoever asked looks for the answer himself."""


class Answer(msgspec.Struct, frozen=True):
    """What becomes of a question."""

    question: PendingRequest
    reply: Reply

    def send(self) -> None:
        """Send it back; for the thread that owns the sockets."""
        if self.question.door is not None:
            self.question.door.answer(self.question.envelope, self.reply)


class RequestQueue:
    """Where questions wait for the pipeline and answers for their way back."""

    def __init__(self, wakeup: Bell) -> None:
        self._wakeup = wakeup
        self._lock = threading.Lock()
        self._questions: deque[PendingRequest] = deque()
        self._answers: deque[Answer] = deque()

    def ask(self, question: PendingRequest) -> None:
        """Let `question` wait for the pipeline."""
        with self._lock:
            if len(self._questions) < MAX_WAITING:
                self._questions.append(question)
                return
        self.refuse(question, MAX_WAITING)

    def serve(self, handle: Callable[[Request], Reply], most: int) -> None:
        """Answer at most `most` questions with `handle`; called by the pipeline."""
        for _ in range(most):
            question = self._next()
            if question is None:
                return
            self.answer(question, handle)

    def take_answers(self, now_s: float) -> list[Answer]:
        """Return what can be sent back at `now_s`; questions that waited for too long are refused."""
        while (late := self._next(before_s=now_s - TIMEOUT_S)) is not None:
            waited_s = now_s - late.asked_s
            self.reply(
                late,
                Reply(
                    ok=False, error=f"Not done: the monitor stands still ({waited_s:.0f} s); try again later."
                ),
            )
        with self._lock:
            answers = list(self._answers)
            self._answers.clear()
        return answers

    def _next(self, before_s: float = float("inf")) -> PendingRequest | None:
        """Take the oldest question if it was asked before `before_s`."""
        with self._lock:
            due = bool(self._questions) and self._questions[0].asked_s < before_s
            return self._questions.popleft() if due else None

    def answer(self, question: PendingRequest, handle: Callable[[Request], Reply]) -> None:
        """Let what `handle` says to `question` find its way back; from any thread."""
        try:
            reply = handle(question.request)
        except MonitorError as error:
            reply = Reply(ok=False, error=str(error))
        self.reply(question, reply)

    def refuse(self, question: PendingRequest, most: int) -> None:
        """Refuse `question` where `most` wait, and no more may; from any thread."""
        self.reply(question, Reply(ok=False, error=f"{most} requests wait already; try again later."))

    def reply(self, question: PendingRequest, reply: Reply) -> None:
        """Let `reply` find its way back; from any thread."""
        with self._lock:
            self._answers.append(Answer(question, reply))
        self._wakeup.ring()
