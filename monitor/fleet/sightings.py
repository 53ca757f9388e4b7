"""What was seen of each node, filled by the thread of a reader and read by others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from monitor.bus.codec import decode_json
from monitor.bus.messages import Answer, NodeState, Order, Report
from monitor.errors import WireError

MOST_REPORTS = 10_000
"""Reports that wait for whoever reads them; a reader that is slower loses the newest, which are counted."""


_LOOK_S = 0.05


class Seen(msgspec.Struct, frozen=True):
    """What is known of one node."""

    state: NodeState | None = None
    """The last one."""
    presence: str = ""
    """What an MQTT broker says: online, stopped, lost; empty: nothing."""
    kept_at: datetime | None = None
    """When the broker had the state, by its clock; None: it does not say."""
    came_s: float | None = None
    """Monotonic clock, when a state or an answer came as it was sent; None: only what was kept has come."""
    order: Order | None = None
    """The last that was given to it."""
    offset_s: float | None = None
    """The node's clock ahead of this one's (behind when negative), from its answer; None: it gave none."""
    within_s: float = 0.0
    """Half the time of question and answer: `offset_s` may be wrong by as much."""


class Sightings:
    """Takes what a broker brings. Used by several threads.

    Overflow: `MOST_REPORTS` reports wait, of more the newest are dropped and counted.
    """

    def __init__(self) -> None:
        self.not_understood = 0
        """Messages that are none of ours, or say another node's name."""
        self.dropped = 0
        """Reports lost because nobody took them."""
        self.trouble: str | None = ""
        """Why there is no connection, as a clause; empty: not known yet; None: there is one."""
        self.ready = False
        """What the broker keeps has come."""
        self._taken = [0, 0]
        self._kept_s = 0.0  # monotonic clock, when something that was kept came last
        self._seen: dict[str, Seen] = {}
        self._reports: list[Report] = []
        self._asked: dict[str, tuple[float, datetime]] = {}
        self._changed = threading.Condition()

    @property
    def taken(self) -> tuple[int, int]:
        """How many messages came, and how many bytes they had."""
        return self._taken[0], self._taken[1]

    def seen(self) -> dict[str, Seen]:
        """Return what is known now, by node."""
        with self._changed:
            return dict(self._seen)

    def take_reports(self) -> list[Report]:
        """Return the reports that came since it was asked last, in their order."""
        with self._changed:
            reports, self._reports = self._reports, []
            return reports

    def until(self, done: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until `done`, which may look at all of this; return whether it is."""
        with self._changed:
            return self._changed.wait_for(done, timeout_s)

    def settle(self, for_s: float, timeout_s: float) -> None:
        """Wait until nothing that was kept has come for so long, whatever comes live."""
        begun_s = time.monotonic()
        while time.monotonic() - max(begun_s, self._kept_s) < for_s:
            if time.monotonic() - begun_s > timeout_s:
                return
            time.sleep(_LOOK_S)

    def note(self, trouble: str | None, ready: bool | None = None) -> None:
        """Take note of how the connection is."""
        with self._changed:
            self.trouble = trouble
            self.ready = self.ready if ready is None else ready
            self._changed.notify_all()

    def asked(self, ask: str) -> None:
        """Take note that clocks are compared from now on."""
        with self._changed:
            self._asked[ask] = (time.monotonic(), datetime.now(UTC))

    def answered(self) -> set[str]:
        """Return who has answered."""
        return {node for node, one in self._seen.items() if one.offset_s is not None}

    def take(self, node: str, what: str, payload: bytes, live: bool, kept_at: datetime | None = None) -> None:
        """Take one message: `what` of `node`; `live`: it came as it was sent."""
        with self._changed:
            self._taken[0] += 1
            self._kept_s = self._kept_s if live else time.monotonic()
            self._taken[1] += len(payload)
            try:
                self._take(node, what, payload, live, kept_at)
            except WireError:
                self.not_understood += 1
            self._changed.notify_all()

    def take_answer(self, payload: bytes) -> None:
        """Take an answer that says itself whose it is."""
        try:
            node = decode_json(payload, Answer).node
        except WireError:
            self.not_understood += 1
            return
        self.take(node, "answer", payload, live=True)

    def _take(self, node: str, what: str, payload: bytes, live: bool, kept_at: datetime | None) -> None:
        match what:
            case "state" if payload:
                state = decode_json(payload, NodeState)
                _own(state.node, node)
                came_s = time.monotonic() if live else self._of(node).came_s
                self._seen[node] = replace(self._of(node), state=state, kept_at=kept_at, came_s=came_s)
            case "state":
                self._seen.pop(node, None)
            case "presence" if payload:
                text = payload[:20].decode("ascii", "replace")
                if text not in {"online", "stopped", "lost"}:
                    raise WireError("no presence")
                self._seen[node] = replace(self._of(node), presence=text)
            case "order" if payload:
                order = decode_json(payload, Order)
                _own(order.node, node)
                self._seen[node] = replace(self._of(node), order=order)
            case "answer":
                self._compare(node, decode_json(payload, Answer))
            case "report":
                report = decode_json(payload, Report)
                _own(report.node, node)
                if len(self._reports) < MOST_REPORTS:
                    self._reports.append(report)
                else:
                    self.dropped += 1

    def _of(self, node: str) -> Seen:
        return self._seen.get(node, Seen())

    def _compare(self, node: str, answer: Answer) -> None:
        _own(answer.node, node)
        if answer.ask not in self._asked:  # somebody else's
            return
        asked_s, asked_at = self._asked[answer.ask]
        way_s = (time.monotonic() - asked_s) / 2.0
        offset_s = (answer.time - asked_at).total_seconds() - way_s
        self._seen[node] = replace(self._of(node), offset_s=offset_s, within_s=way_s, came_s=time.monotonic())


def _own(said: str, node: str) -> None:
    if said != node:
        raise WireError("A node speaks for another.")
