"""How a run is asked to end: by Ctrl-C, SIGTERM or a hang-up, and what it leaves behind then: nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from monitor.sinks.service_manager import notify_address
from monitor.start import importing, leave_at_once

_AGAIN_S = 0.05
"""Seconds until it is tried again where a module was being imported."""
_TRIES = 20
"""An import that takes longer is not waited for."""
_ENDED_BY_SIGNAL = 128
"""Added to a signal's number: the exit code of a program that it ended, as shells have it."""


@contextlib.contextmanager
def unwinding() -> Iterator[None]:
    """Let a signal end what is going on in order: sockets, devices and terminal are put back.

    What is ignored (a hang-up under `nohup`, Ctrl-C in the background) stays so.

    Raises
    ------
    SystemExit
        One of them came.
    """
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    signals = _signals(signal.SIGTERM, signal.SIGALRM, *([] if ignored else [signal.SIGINT]))
    asked: list[int] = []

    def unwind(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        if importing(frame):
            if len(asked) > _TRIES:
                leave_at_once(_ENDED_BY_SIGNAL + asked[0])
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


@contextlib.contextmanager
def asked_to_reload(ask: Callable[[], None]) -> Iterator[None]:
    """Let a hang-up of a service ask for its configuration; of any other run it stays what it is."""
    if notify_address(os.environ) is None:
        yield
        return
    before = signal.signal(signal.SIGHUP, lambda *_: ask())
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Let all signals wait that ask a run to end: what is opened here is also noted down to be closed."""
    came: list[int] = []
    signals = (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
        signal.SIGALRM,
    )  # the last: one that waits already
    heard = [one for one in signals if signal.getsignal(one) is not signal.SIG_IGN]
    before = [signal.signal(number, lambda number, _: came.append(number)) for number in heard]
    try:
        yield
    finally:
        for number, handler in zip(heard, before, strict=True):
            signal.signal(number, handler)
        for first in came[:1]:
            signal.raise_signal(first)


def _signals(*always: signal.Signals) -> tuple[signal.Signals, ...]:
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return always if ignored else (*always, signal.SIGHUP)
