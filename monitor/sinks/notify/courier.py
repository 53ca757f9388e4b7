"""Brings messages to one target, by a thread of its own: urgent ones first, until they are told.

Overflow: when `MAX_WAITING` messages wait, the oldest that is not urgent is dropped and counted; so is one
that waited longer than it is worth, and one that was refused `MAX_REFUSALS` times.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from monitor.sinks.notify.letters import Channel, Message, NotTold
from monitor.sinks.notify.moments import Moment, present
from monitor.sinks.notify.spool import Spool
from monitor.sinks.notify.texts import as_letter

MAX_WAITING = 500
MAX_REFUSALS = 5
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 300.0
CLOSE_S = 2.0
"""Seconds in which what waits may still be told at the end."""


class _Waiting:
    """A message, and how often it was tried."""

    def __init__(self, message: Message, since_s: float | None = None) -> None:
        self.message = message
        self.tries = 0
        self._since_s = since_s

    def late_s(self, now: Moment) -> float:
        """Return how long it has waited; only what an earlier run left goes by the clock on the wall."""
        if self._since_s is not None:
            return now.elapsed_s - self._since_s
        return max(0.0, (now.time - self.message.created).total_seconds())


class Courier:
    """Brings messages to `channel`.

    Parameters
    ----------
    name
        What a person calls the target, at the beginning of a sentence.
    channel
        Used by one thread; it gives up by itself what takes too long.
    spool
        Keeps what waits.
    keep_s
        What waits longer is dropped.
    now
        The clock.
    """

    def __init__(
        self, name: str, channel: Channel, spool: Spool, keep_s: float, now: Callable[[], Moment] = present
    ) -> None:
        self.dropped = 0
        """Sounds and other news that were never told."""
        self._name = name
        self._channel = channel
        self._spool = spool
        self._keep_s = keep_s
        self._now = now
        self._changed = threading.Condition()
        self._waiting: dict[str, _Waiting] = {key: _Waiting(message) for key, message in spool.found()}
        self._number = 0
        self._failures = 0
        self._not_before_s = -1.0
        self._closing = False
        self._told: set[str] = set()
        self._news: list[str] = []
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """Messages that are not told yet."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to tell, by a thread."""
        self._thread = threading.Thread(target=self._work, name=f"notify {self._name}", daemon=True)
        self._thread.start()

    def post(self, messages: Iterable[Message]) -> None:
        """Take messages over; once they are kept they survive the program. Never waits for the target."""
        for message in messages:
            with self._changed:
                self._number += 1
                key = f"{time.time_ns():020d}-{self._number}"
                self._waiting[key] = _Waiting(message, self._now().elapsed_s)
                while len(self._waiting) > MAX_WAITING:
                    self._drop_oldest()
            self._spool.add(key, message)
            with self._changed:
                if key not in self._waiting:  # told in the meantime
                    self._spool.remove(key)
                if self._spool.trouble is not None:
                    self._say(f"cannot keep what waits on the disk ({self._spool.trouble}), only in memory")
                self._changed.notify()

    def withdraw(self, event_id: str) -> None:
        """Forget repeats that wait because of an event that somebody has acknowledged."""
        with self._changed:
            for key, waiting in list(self._waiting.items()):
                rest = tuple(one for one in waiting.message.ids if one != event_id)
                if waiting.message.ids and not rest:
                    self._forget(key)
                elif rest != waiting.message.ids:
                    waiting.message = replace(waiting.message, ids=rest)

    def step(self) -> float | None:
        """Try to tell one message if it is time; return the seconds to the next try, None: none waits."""
        with self._changed:
            now = self._now()
            self._drop_old(now)
            key = self._next(now)
            if key is None:
                return max(0.0, self._not_before_s - now.elapsed_s) if self._waiting else None
            waiting = self._waiting[key]
        try:
            self._channel.send(as_letter(waiting.message, waiting.late_s(now)))
        except NotTold as error:
            self._failed(key, waiting, str(error), error.refused)
        except Exception as error:  # noqa: BLE001 - the next ones may be told; its text may hold an address
            self._failed(key, waiting, f"the program failed, {type(error).__name__}", refused=True)
        else:
            self._delivered(key)
        return 0.0

    def news(self) -> list[str]:
        """Return what has not been told the user yet, one sentence each."""
        with self._changed:
            news, self._news = self._news, []
        return news

    def close(self, grace_s: float = CLOSE_S) -> None:
        """Tell what waits, for at most `grace_s` seconds; the rest is told by the next run."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(grace_s)
        with self._changed:
            self._leave_rest()
        self._channel.close()
        self._spool.close()

    def _work(self) -> None:
        while True:
            pause_s = self.step()
            with self._changed:
                if self._closing and (pause_s is None or pause_s > 0.0 or self._failures):
                    return
                if pause_s is None or pause_s > 0.0:
                    self._changed.wait(pause_s)

    def _next(self, now: Moment) -> str | None:
        """Return the key of the message to try: urgent first, then those tried least, then the oldest."""
        if not self._waiting:
            return None
        order = {key: (not one.message.urgent, one.tries, key) for key, one in self._waiting.items()}
        key = min(order, key=order.__getitem__)
        fresh = self._waiting[key].message.urgent and self._waiting[key].tries == 0
        return key if fresh or now.elapsed_s >= self._not_before_s else None

    def _delivered(self, key: str) -> None:
        with self._changed:
            self._forget(key)
            if self._failures:
                self._news.append(f"{self._name} is told again; {len(self._waiting)} more wait.")
            self._failures, self._not_before_s = 0, -1.0
            self._told.clear()

    def _failed(self, key: str, waiting: _Waiting, why: str, refused: bool) -> None:
        with self._changed:
            waiting.tries += 1
            pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self._failures, 20))
            self._failures += 1
            self._not_before_s = self._now().elapsed_s + pause_s
            self._say(f"could not be told ({why}); it is tried again")
            if refused and waiting.tries >= MAX_REFUSALS and key in self._waiting:
                self._lose(key, f"refused a message {MAX_REFUSALS} times ({why}); it is lost")

    def _drop_old(self, now: Moment) -> None:
        for key, waiting in list(self._waiting.items()):
            if waiting.late_s(now) > self._keep_s:
                self._lose(
                    key, f"could not be told for {self._keep_s:g} s; messages older than that are lost"
                )

    def _drop_oldest(self) -> None:
        key = min(self._waiting, key=lambda key: (self._waiting[key].message.urgent, key))
        self._lose(key, f"has more than {MAX_WAITING} messages waiting; the oldest are lost")

    def _lose(self, key: str, why: str) -> None:
        """Count a message as lost, and tell why, once until it goes well again; with the lock held."""
        self.dropped += self._waiting[key].message.times
        self._forget(key)
        self._say(why)

    def _forget(self, key: str) -> None:
        self._waiting.pop(key, None)
        self._spool.remove(key)

    def _say(self, what: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self._news.append(f"{self._name} {what}.")

    def _leave_rest(self) -> None:
        """Say what becomes of the messages that wait at the end; with the lock held."""
        count = len(self._waiting)
        messages = "1 message" if count == 1 else f"{count} messages"
        if count and self._spool.lasting:
            rest = "waits" if count == 1 else "wait"
            self._news.append(f"{self._name}: {messages} {rest} on the disk; the next run tells the rest.")
        elif count:
            self.dropped += sum(one.message.times for one in self._waiting.values())
            self._news.append(f"{self._name}: {messages} not told in time and lost.")
        self._waiting.clear()
