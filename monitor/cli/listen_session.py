"""`monitor listen`: print what a running monitor publishes, and say when there is nothing to print from."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from monitor.bus.client import BusClient, Contact
from monitor.bus.messages import Health
from monitor.bus.subscriber import Subscriber
from monitor.sinks.lines import LineSink

_RECEIVE_S = 0.1
_TOLD_BY_HEALTH = {"stalled", "moving"}


def listen(  # noqa: PLR0913, PLR0917 - what the command line offers, and its two outputs
    endpoint: str,
    as_json: bool,
    out: TextIO,
    near_misses: bool = False,
    duration_s: float | None = None,
    err: TextIO | None = None,
    control: str | None = None,
) -> int:
    """Print the events of the monitor on `endpoint` to `out` until interrupted, and return the exit code.

    Events that are open when it joins come first. With `as_json`, `out` carries events (near misses too where
    asked for) and troubles, and changes of health go to `err` in words, where the connection is commented on
    too. When the monitor goes, each open event gets an offset. `control` is where it answers, unless that can
    be found.
    Code 1 says that lines were lost: a full disk, or a reader that did not keep up.

    Raises
    ------
    PublishError
        `endpoint` is not an address.
    """
    topics = (
        "event/",
        "acknowledged/",
        "missed/",
        "clip/",
        "health/",
        *(["near_miss/"] if near_misses else []),
    )
    lines = LineSink(out, as_json, near_misses)
    comments = LineSink(sys.stderr if err is None else err, as_json=False)
    trouble = _Trouble(lines, comments)
    stop_s = None if duration_s is None else time.monotonic() + duration_s
    try:
        with Subscriber(endpoint, topics, control=control) as subscriber:
            listener = _Listener(
                BusClient(subscriber), lines, comments, health_to=comments if as_json else lines
            )
            while not lines.closed and (stop_s is None or time.monotonic() < stop_s):
                listener.step()
                trouble.look()
    except KeyboardInterrupt:
        pass
    finally:
        lines.close()
        trouble.look()
        comments.close()
    return 1 if lines.dropped else 0


class _Trouble:
    """Says once that lines are lost, and why."""

    def __init__(self, lines: LineSink, comments: LineSink) -> None:
        self._lines = lines
        self._comments = comments
        self._said = False

    def look(self) -> None:
        """Say it if it is so and has not been said."""
        if self._lines.trouble is not None and not self._said:
            self._said = True
            self._comments.say(self._lines.trouble)


class _Listener:
    """Carries what comes from a monitor to the lines, and comments on the connection."""

    def __init__(
        self, following: BusClient, lines: LineSink, comments: LineSink, health_to: LineSink
    ) -> None:
        self._following = following
        self._lines = lines
        self._comments = comments
        self._health_to = health_to

    def step(self) -> None:
        """Wait a moment for what comes next and print it."""
        came = self._following.step(_RECEIVE_S)
        sources = {one.source_id: one for one in reversed(came) if isinstance(one, Health)}
        if len(sources) > 1:
            self._health_to.join([*sources.values()])
        for found in came:
            if isinstance(found, Health) and self._health_to is not self._lines:
                self._health_to.emit(found)
            if not isinstance(found, Contact):
                self._lines.emit(found)
            elif found.change not in _TOLD_BY_HEALTH:
                self._comments.say(found.sentence)
