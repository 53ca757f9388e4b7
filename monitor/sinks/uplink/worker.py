"""The thread of a node's uplink: takes records, writes reports down, sends them in order, says that it lives.

Overflow: `MOST_WAITING` records in the mailbox, then the newest is lost and counted. Where the disk takes
nothing, `MOST_HELD` reports wait in memory and are written when it does. What waits on the disk is bounded by
`spool.py`. A broker that comes back is sent at most `per_second` reports a second.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from queue import Empty, SimpleQueue

import msgspec

from monitor.bus.codec import encode_json
from monitor.bus.messages import Answer, Event, Health, NodeState, PublishedRecord, Report, Request
from monitor.bus.requests import PendingRequest, RequestQueue
from monitor.config.settings import UplinkConfig
from monitor.sinks.uplink.link import Acknowledged, Asked, Connected, Link, Lost, Ordered
from monitor.sinks.uplink.pace import Pace
from monitor.sinks.uplink.remote import Remote
from monitor.sinks.uplink.spool import Spool
from monitor.sinks.uplink.summary import Summary, Waits, shown
from monitor.storage.database import FAILURES

MOST_WAITING = 4000
MOST_HELD = 1000
IN_FLIGHT = 50
"""Messages that the broker has not acknowledged, at once."""
_AT_ONCE = 500
"""Records that are taken together, and written down in one transaction."""
_LOOK_S = 1.0
_DISK_AGAIN_S = 5.0
_ANSWERS_PER_S = 2.0
_SOON_S = 1.0
"""States are not sent more often, whatever changes."""


class _Close(msgspec.Struct, frozen=True):
    """The run ends."""

    deadline_s: float
    """Monotonic clock, seconds."""


class Worker(threading.Thread):
    """Reports what the mailbox brings, until it is closed.

    Parameters
    ----------
    name
        What a person calls the broker, at the beginning of a sentence.
    summary, spool, remote
        Used by this thread only; it closes the spool.
    connect
        Returns a link that tells what happens to what it is given.
    settings
        How often it says that it lives, and how fast it catches up.
    news
        Takes what a person is to be told.
    """

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
        super().__init__(name="uplink", daemon=True)
        self.mailbox: SimpleQueue[object] = SimpleQueue()
        """Where everything comes in."""
        self.requests = RequestQueue(self)
        """What the uplink asks of the pipeline."""
        self.news = news
        """What a person has not been told."""
        self.lost = 0
        """Reports of this run that nobody will ever have."""
        self._name = name
        self._summary = summary
        self._spool = spool
        self._lost_before = spool.lost
        self._link = connect(self.mailbox.put)
        self._remote = remote
        self._heartbeat_s = settings.heartbeat_s
        self._pace = Pace(settings.per_second)
        self._answers = Pace(_ANSWERS_PER_S)
        self._held: deque[Report] = deque()  # the disk did not take them
        self._disk_s = 0.0  # when it is tried again
        self._connected = False
        self._trouble = ""  # why there is no connection, as it was said
        self._in_flight: dict[int, int] = {}  # of the link -> of the spool; 0: it is a state
        self._handed = 0  # sequence of the last report that the link has
        self._told: NodeState | None = None
        self._told_s = -1e9

    @property
    def connected(self) -> bool:
        """Whether there is a broker at present."""
        return self._connected

    def take(self, record: PublishedRecord) -> bool:
        """Take `record` along; False: too many wait, and it is lost."""
        if self.mailbox.qsize() >= MOST_WAITING:
            return False
        self.mailbox.put(record)
        return True

    def ring(self) -> None:
        """Let it look for answers of the pipeline."""
        self.mailbox.put(None)

    def close(self, wait_s: float) -> None:
        """Let it write down and send what it can, and end; returns after `wait_s` in any case."""
        self.mailbox.put(_Close(time.monotonic() + 0.8 * wait_s))
        self.join(wait_s)

    def run(self) -> None:
        """Work until it is closed."""
        self._link.start()
        closing: _Close | None = None
        while closing is None:
            closing = self._step(_LOOK_S)
        self._write([], again=True)
        while self._may_deliver(closing):
            self._step(0.05)
        self._say_good_bye(closing)
        self.lost += len(self._held)
        if self._held:
            self.news.append(f"{len(self._held)} reports were never written down; they are lost.")
        self._link.close(max(0.1, closing.deadline_s - time.monotonic()))
        self._spool.close()

    def _step(self, longest_s: float) -> _Close | None:
        """Take what has come, and send what is new; return the end where that has come."""
        closing, reports = self._take(self._pace.wait_s if self._is_behind() else longest_s)
        self._write(reports)
        self._steer()
        self._send()
        self._tell()
        return closing

    def _is_behind(self) -> bool:
        return (
            self._connected and len(self._in_flight) < IN_FLIGHT and len(self._spool) > len(self._in_flight)
        )

    def _take(self, timeout_s: float) -> tuple[_Close | None, list[Report]]:
        """Take what has come, waiting for the first of it."""
        reports: list[Report] = []
        done: list[int] = []
        closing: _Close | None = None
        for count in range(_AT_ONCE):
            try:
                item = self.mailbox.get(block=not count, timeout=max(0.01, min(timeout_s, _LOOK_S)))
            except Empty:
                break
            match item:
                case _Close():
                    closing = item
                    break
                case Event() | Health():
                    reports += self._summary.take(item, datetime.now(UTC))
                    if isinstance(item, Health):
                        self._remote.take(item, time.monotonic())
                case Acknowledged(id=id_):
                    done.append(self._in_flight.pop(id_, 0))
                case _:
                    self._handle(item)
        self._forget([sequence for sequence in done if sequence])
        return closing, reports

    def _handle(self, item: object) -> None:
        match item:
            case Connected():
                if self._trouble:
                    self.news.append(f"{self._name} is connected; {len(self._spool)} reports wait for it.")
                self._connected, self._trouble, self._told = True, "", None
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

    def _miss(self, why: str) -> None:
        if self._connected:
            why = why or "the connection was lost"
        self._connected = False
        if why and why != self._trouble:
            self._trouble = why
            self.news.append(
                f"{self._name} cannot be reached: {why}. Reports wait on the disk; the monitor goes on."
            )

    def _write(self, reports: Sequence[Report], again: bool = False) -> None:
        """Write reports down, behind those that the disk did not take before."""
        self._held.extend(reports)
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

    def _forget(self, sequences: Sequence[int]) -> None:
        try:
            self._spool.remove(sequences)
        except FAILURES:  # they are sent again by the next run, and known again by their ids
            return

    def _send(self) -> None:
        """Hand over what waits, as far as the broker keeps up and the pace allows."""
        if not self._is_behind():
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

    def _may_deliver(self, closing: _Close) -> bool:
        """Return whether it is worth while to wait for the broker, which may just be being connected."""
        waits = bool(self._in_flight or self._spool)
        return waits and not self._trouble and time.monotonic() < closing.deadline_s

    def _say_good_bye(self, closing: _Close) -> None:
        if not self._connected:
            return
        state = self._summary.state(datetime.now(UTC), self._waits(), self._remote.told, stopped=True)
        self._in_flight = {self._link.state(encode_json(state), stopped=True): 0}
        while self._in_flight and self._connected and time.monotonic() < closing.deadline_s:
            self._take(0.05)
