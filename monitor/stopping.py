"""How a run is asked to end: by Ctrl-C, SIGTERM or a hang-up, and what it leaves behind then: nothing."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from monitor.start import importing

_AGAIN_S = 0.05
"""Seconds until it is tried again where a module was being imported."""
_ENDED_BY_SIGNAL = 128
"""Added to a signal's number: the exit code of a program that it ended, as shells have it."""


@contextlib.contextmanager
def unwinding() -> Iterator[None]:
    """Let SIGTERM and a hang-up end what is going on in order: sockets, devices and terminal are put back.

    Ctrl-C does so anyway. A hang-up that is ignored (`nohup`) stays so.

    Raises
    ------
    SystemExit
        One of them came.
    """
    signals = _signals(signal.SIGTERM, signal.SIGALRM)
    asked: list[int] = []

    def unwind(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        if importing(frame):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
            return
        for one in signals:  # once is enough
            signal.signal(one, lambda *_: None)
        raise SystemExit(_ENDED_BY_SIGNAL + asked[0])

    before = [signal.signal(number, unwind) for number in signals]
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


@contextlib.contextmanager
def asked_to_stop(stopped: threading.Event) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a hang-up set `stopped`, so that a run ends between two steps.

    Once it is set it stays so, and what is put in order then is not disturbed by another one.
    """
    signals = _signals(signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stopped.set()) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            if not stopped.is_set() or number == signal.SIGINT:
                signal.signal(number, handler)


def _signals(*always: signal.Signals) -> tuple[signal.Signals, ...]:
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return always if ignored else (*always, signal.SIGHUP)
