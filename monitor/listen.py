"""`monitor listen`: print what a running monitor publishes, and say when there is nothing to print from."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from monitor.errors import PublishError
from monitor.records import Event, Health, Request, Snapshot
from monitor.sinks.lines import LineSink
from monitor.subscriber import Subscriber

ABSENT_AFTER_S = 1.5
"""A running monitor is heard of within a second; after this long without, the user is told."""

_RECEIVE_S = 0.1


class Watch:
    """Puts into words how the connection is; every change once."""

    def __init__(self, endpoint: str, started_s: float) -> None:
        """Watch `endpoint` from `started_s` (monotonic clock, seconds)."""
        self._endpoint = endpoint
        self._started_s = started_s
        self._present: bool | None = None
        self._lost = 0
        self._restarts = 0
        self._malformed = 0
        self._malformed_when_alive = 0
        self._understood = True

    def notes(self, now_s: float, alive: bool, lost: int, restarts: int, malformed: int) -> list[str]:
        """Return what there is to tell the user at `now_s`, one sentence each."""
        if alive:
            self._malformed_when_alive = malformed
        odd = malformed > self._malformed_when_alive
        about = (
            None if odd else self._presence(now_s, alive),
            self._restart(restarts),
            self._misunderstood(malformed, odd),
        )
        found = [note for note in about if note]
        if lost > self._lost:
            found.append(f"Messages missed: {lost - self._lost}, in all {lost}.")
        self._lost = lost
        return found

    def _presence(self, now_s: float, alive: bool) -> str | None:
        if alive == self._present or (not alive and now_s - self._started_s < ABSENT_AFTER_S):
            return None
        before, self._present = self._present, alive
        if alive:
            return None if before is None else f"The monitor on {self._endpoint} is there."
        if before is None:
            return f"Nobody publishes on {self._endpoint} yet; waiting. Start one with: monitor run"
        return f"The monitor on {self._endpoint} is gone; what happens now is not shown. Waiting for it."

    def _restart(self, restarts: int) -> str | None:
        if restarts == self._restarts:
            return None
        self._restarts = restarts
        return "The monitor was started anew."

    def _misunderstood(self, malformed: int, odd: bool) -> str | None:
        """Tell it when it begins, and again where nothing else comes any more (`odd`)."""
        begins = malformed > self._malformed and (self._malformed == 0 or (odd and self._understood))
        self._malformed = malformed
        self._understood = not odd
        return f"Messages not understood: {malformed} (another version of monitor?)." if begins else None


def listen(  # noqa: PLR0913, PLR0917 - what the command line offers, and its two outputs
    endpoint: str,
    as_json: bool,
    out: TextIO,
    near_misses: bool = False,
    duration_s: float | None = None,
    err: TextIO | None = None,
) -> int:
    """Print the events of the monitor on `endpoint` to `out` until interrupted, and return the exit code.

    Events that are open when it joins come first. With `as_json`, `out` carries nothing but events (and near
    misses where asked for), and changes of health go to `err`, where the connection is commented on too. Code
    1 says that lines were lost: a full disk, or a reader that did not keep up.

    Raises
    ------
    PublishError
        `endpoint` is not an address.
    """
    topics = ("event.", "health.", *(["near_miss."] if near_misses else []))
    lines = LineSink(out, as_json, near_misses)
    comments = LineSink(sys.stderr if err is None else err, as_json=False)
    trouble = _Trouble(lines, comments)
    stop_s = None if duration_s is None else time.monotonic() + duration_s
    try:
        with Subscriber(endpoint, topics) as subscriber:
            listener = _Listener(subscriber, lines, comments, health_to=comments if as_json else lines)
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
    """Carries messages from a subscriber to the lines, and comments on the connection."""

    def __init__(
        self, subscriber: Subscriber, lines: LineSink, comments: LineSink, health_to: LineSink
    ) -> None:
        self._subscriber = subscriber
        self._lines = lines
        self._comments = comments
        self._health_to = health_to
        self._watch = Watch(subscriber.endpoint, time.monotonic())
        self._joined: int | None = None
        self._shown: list[Event] = []

    def step(self) -> None:
        """Wait a moment for the next message and print it."""
        subscriber = self._subscriber
        message = subscriber.receive(_RECEIVE_S)
        now_s = time.monotonic()
        counters = subscriber.lost, subscriber.restarts, subscriber.malformed
        for note in self._watch.notes(now_s, subscriber.alive(now_s), *counters):
            self._comments.say(note)
        if message is None:
            return
        if subscriber.restarts != self._joined:
            self._joined = subscriber.restarts
            self._show_open()
        if message.record in self._shown:
            self._shown.remove(message.record)
        elif isinstance(message.record, Health):
            self._health_to.emit(message.record)
        else:
            self._lines.emit(message.record)

    def _show_open(self) -> None:
        """Print what is sounding at present, unless the monitor does not answer in time."""
        try:
            snapshot = self._subscriber.request(Request(request="snapshot"), timeout_s=1.0)
        except PublishError:
            return
        self._shown = snapshot.open_events if isinstance(snapshot, Snapshot) else []
        for health in snapshot.health if isinstance(snapshot, Snapshot) else []:
            self._health_to.emit(health)  # first, so that where there are several each event names its source
        for event in self._shown:
            self._lines.emit(event)
