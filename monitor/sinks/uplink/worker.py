"""The thread of a node's uplink: takes records, writes reports down, sends them in order, says that it lives.

Overflow: where the disk takes nothing, `MOST_HELD` reports wait in memory and are written when it does. What
waits on the disk is bounded by `spool.py`. A broker that comes back is sent at most `per_second` reports a
second.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from monitor.bus.codec import encode_json
from monitor.bus.messages import Answer, Event, Health, NodeState, Report, Request
from monitor.bus.requests import PendingRequest
from monitor.config.settings import UplinkConfig
from monitor.sinks.broker import BrokerWorker, Close
from monitor.sinks.uplink.link import Acknowledged, Asked, Connected, Link, Lost, Ordered
from monitor.sinks.uplink.pace import Pace
from monitor.sinks.uplink.remote import Remote
from monitor.sinks.uplink.spool import Spool
from monitor.sinks.uplink.summary import Summary, Waits, shown
from monitor.storage.database import FAILURES

MOST_HELD = 1000
IN_FLIGHT = 50
"""Messages that the broker has not acknowledged, at once."""
_LOOK_S, _CLOSING_LOOK_S, _SHORTEST_S = 1.0, 0.05, 0.01
"""How long it waits for something to come, at most: in a run, at its end; and at least."""
_DISK_AGAIN_S = 5.0
_ANSWERS_PER_S = 2.0
_SOON_S = 1.0
"""States are not sent more often, whatever changes."""


class Worker(BrokerWorker):
    """Reports what the mailbox brings, until it is closed.

    Parameters
    ----------
    name, news
        As for `BrokerWorker`.
    summary, spool, remote
        Used by this thread only; it closes the spool.
    connect
        Returns a link that tells what happens to what it is given.
    settings
        How often it says that it lives, and how fast it catches up.
    """

    from_others = Asked | Ordered
    waiting = "Reports wait on the disk"

    def __init__(  # noqa: PLR0913, PLR0917 - what an uplink is made of
        self,
        name: str,
        summary: Summary,
        spool: Spool,
        remote: Remote,
        connect: Callable[[Callable[[object], None]], Link],
        settings: UplinkConfig,
        news: deque[str],
    ) -> None:
        super().__init__(name, news)
        self._summary = summary
        self._spool = spool
        self._lost_before = spool.lost
        self._link: Link = connect(self._hear)
        self._remote = remote
        self._heartbeat_s = settings.heartbeat_s
        self._pace = Pace(settings.per_second)
        self._answers = Pace(_ANSWERS_PER_S)
        self._held: deque[Report] = deque()  # the disk did not take them
        self._disk_s = 0.0  # when it is tried again
        self._in_flight: dict[int, int] = {}  # of the link -> of the spool; 0: it is a state
        self._done: list[int] = []  # of the spool, acknowledged and not removed from it yet
        self._handed = 0  # sequence of the last report that the link has
        self._told: NodeState | None = None
        self._told_s = -1e9

    @property
    def connected(self) -> bool:
        """Whether there is a broker at present."""
        return self._connected

    def run(self) -> None:
        """Work until it is closed."""
        super().run()
        self._spool.close()

    def _step(self, closing: Close | None) -> Close | None:
        longest_s = _LOOK_S if closing is None else _CLOSING_LOOK_S
        timeout_s = self._pace.wait_s if self._may_send() else longest_s
        came = self._take(max(_SHORTEST_S, min(timeout_s, _LOOK_S)))
        self._forget()
        self._write(again=came is not None)
        self._steer()
        self._send()
        self._tell()
        return came

    def _is_behind(self) -> bool:
        return bool(self._in_flight or self._spool)

    def _may_send(self) -> bool:
        return (
            self._connected and len(self._in_flight) < IN_FLIGHT and len(self._spool) > len(self._in_flight)
        )

    def _note(self, item: object) -> None:
        match item:
            case Event() | Health():
                self._held += self._summary.take(item, datetime.now(UTC))
                if isinstance(item, Health):
                    self._remote.take(item, time.monotonic())
            case Acknowledged(id=id_):
                self._done.append(self._in_flight.pop(id_, 0))
            case Connected():
                self._welcome(f"; {len(self._spool)} reports wait for it")
                self._told = None
            case Lost(why=why):
                self._miss(why)
            case Ordered(payload=payload):
                self._remote.order(payload)
            case Asked() if self._connected and self._answers.may():
                answer = Answer(node=self._summary.node, ask=item.ask, time=datetime.now(UTC))
                self._link.answer(item, encode_json(answer))

    def _steer(self) -> None:
        """Ask of the pipeline what settings from elsewhere need."""
        now_s = time.monotonic()
        for answer in self.requests.take_answers(now_s):
            self._remote.replied(answer.reply, now_s)
        if (wanted := self._remote.step(now_s)) is not None:
            self.requests.ask(PendingRequest([], Request(wanted, client="the uplink"), now_s))

    def _write(self, again: bool) -> None:
        """Write down what is held, unless the disk did not take it a moment ago; `again`: even then."""
        if not self._held or not (again or time.monotonic() >= self._disk_s):
            return
        try:
            self._spool.add(list(self._held))
        except FAILURES as error:
            if not self._disk_s:
                why = getattr(error, "strerror", None) or str(error)
                self.news.append(f"Reports cannot be written down ({why}); they wait in memory.")
            self._disk_s = time.monotonic() + _DISK_AGAIN_S
            while len(self._held) > MOST_HELD:
                self._held.popleft()
                self.lost += 1
            return
        if self._disk_s:
            self._disk_s = 0.0
            self.news.append("Reports are written down again.")
        self._held.clear()
        self._count_lost()

    def _count_lost(self) -> None:
        given_up = self._spool.lost - self._lost_before
        if given_up:
            if not self.lost:
                self.news.append(
                    "Reports that wait for the broker are too many or too old: the oldest are lost."
                )
            self._lost_before = self._spool.lost
            self.lost += given_up

    def _forget(self) -> None:
        """Let the spool forget what the broker has."""
        done, self._done = [sequence for sequence in self._done if sequence], []
        try:
            self._spool.remove(done)
        except FAILURES:  # they are sent again by the next run, and known again by their ids
            return

    def _send(self) -> None:
        """Hand over what waits, as far as the broker keeps up and the pace allows."""
        if not self._may_send():
            return
        found = self._spool.after(self._handed, IN_FLIGHT - len(self._in_flight))
        if not found:  # the rest was given up
            self._handed = self._spool.last
        for waiting in found:
            if not self._pace.may():
                return
            self._in_flight[self._link.report(waiting.id, waiting.payload)] = waiting.sequence
            self._handed = waiting.sequence

    def _tell(self) -> None:
        """Send how the node is, where that is news or it is time for a sign of life."""
        now_s = time.monotonic()
        due = now_s - self._told_s >= self._heartbeat_s
        if not self._connected or not (self._told is None or due or now_s - self._told_s >= _SOON_S):
            return
        state = self._summary.state(datetime.now(UTC), self._waits(), self._remote.told)
        if self._told is None or due or shown(state) != shown(self._told):
            self._told, self._told_s = state, now_s
            self._in_flight[self._link.state(encode_json(state), stopped=False)] = 0

    def _waits(self) -> Waits:
        """Return what waits for the broker; what is just under way to it does not."""
        waiting, oldest = self._spool.behind(self._handed if self._connected else 0)
        return Waits(waiting + len(self._held), oldest, self._spool.lost)

    def _end(self, closing: Close) -> None:
        self._say_good_bye(closing)
        self.lost += len(self._held)
        if self._held:
            self.news.append(f"{len(self._held)} reports were never written down; they are lost.")

    def _say_good_bye(self, closing: Close) -> None:
        if not self._connected:
            return
        state = self._summary.state(datetime.now(UTC), self._waits(), self._remote.told, stopped=True)
        self._in_flight = {self._link.state(encode_json(state), stopped=True): 0}
        while self._in_flight and self._connected and time.monotonic() < closing.deadline_s:
            self._take(_CLOSING_LOOK_S)
