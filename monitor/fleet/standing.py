"""How a node stands, from what was seen of it. Pure.

Silence never looks like "nothing happened": who gives no sign of life is lost or silent, whatever it said.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from monitor.bus.messages import LastEvent, NodeConfig, NodeState
from monitor.fleet.sightings import Seen
from monitor.records import HearingState
from monitor.wording import roughly

Status = Literal["unknown", "lost", "silent"] | HearingState | Literal["stopped"]
WORST_FIRST: tuple[Status, ...] = (
    "unknown", "lost", "silent", "deaf", "too_quiet", "overloaded", "noisy", "stopped", "good",
)  # fmt: skip
WRONG_S = 2.0
"""A clock that differs by more is wrong: events of two nodes would be told in the wrong order."""
_MISSED_SIGNS = 3.0
"""Signs of life that may be missed."""
_SLACK_S = 2.0
_FEW = 3
"""Clocks that must differ from ours alike before it is ours that is wrong."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `monitor fleet status`."""

    node: str
    status: Status
    why: str | None = None
    """Why it is not `good`, in words."""
    place: str = ""
    version: str = ""
    last_event: LastEvent | None = None
    missed: int = 0
    """Urgent events that nobody has acknowledged."""
    seen_s: float | None = None
    """Seconds since its last sign of life; None: nobody can tell."""
    waiting: int = 0
    """Reports that the broker does not have yet."""
    lag_s: float = 0.0
    """For how long the oldest of them had waited."""
    lost: int = 0
    """Reports that the node gave up."""
    clock_s: float | None = None
    """Its clock ahead of this computer's (behind when negative); None: it could not be compared."""
    clock_within_s: float = 0.0
    """`clock_s` may be wrong by as much."""
    clock_wrong: bool = False
    started: datetime | None = None
    config: NodeConfig = NodeConfig()
    """Which settings from elsewhere it runs with."""

    @property
    def well(self) -> bool:
        """Whether nobody needs to look after it."""
        return self.status == "good" and not self.clock_wrong


def standings(
    seen: Mapping[str, Seen], now: datetime, now_s: float, asked: bool, expected: Iterable[str] = ()
) -> list[Standing]:
    """Return how all nodes stand, those first that somebody must look after.

    Parameters
    ----------
    now, now_s
        By this computer's clock, and by its monotonic clock.
    asked
        All were asked for their time, and had time to answer.
    expected
        Nodes that are missed where they were never seen.
    """
    found = [standing(node, one, now, now_s, asked) for node, one in seen.items()]
    found += [
        Standing(node=node, status="unknown", why="it has never reported")
        for node in expected
        if node not in seen
    ]
    return sorted(found, key=lambda one: (WORST_FIRST.index(one.status), not one.clock_wrong, one.node))


def standing(node: str, seen: Seen, now: datetime, now_s: float, asked: bool) -> Standing:
    """Return how one node stands; the others as for `standings`."""
    state = seen.state
    if state is None:
        return Standing(node=node, status="unknown", why="it has told nothing of itself")
    seen_s = _seen_s(seen, state, now, now_s)
    status, why = _status(seen, state, seen_s, asked)
    clock_s, within_s = _clock(seen, state)
    return Standing(
        node=node,
        status=status,
        why=why,
        place=state.place,
        version=state.version,
        last_event=state.last_event,
        missed=state.missed,
        seen_s=seen_s,
        waiting=state.waiting,
        lag_s=state.waiting_s,
        lost=state.lost,
        clock_s=clock_s,
        clock_within_s=within_s,
        clock_wrong=clock_s is not None and abs(clock_s) - within_s > WRONG_S,
        started=state.started,
        config=state.config,
    )


def own_clock_off_s(found: Sequence[Standing]) -> float | None:
    """Return by how much this computer's own clock seems wrong; None: nothing says so."""
    clocks = [one.clock_s for one in found if one.clock_s is not None]
    middle = statistics.median(clocks) if len(clocks) >= _FEW else 0.0
    agree = sum(abs(one - middle) < WRONG_S for one in clocks)
    return -middle if abs(middle) > WRONG_S and agree * 2 > len(clocks) else None


def _status(seen: Seen, state: NodeState, seen_s: float | None, asked: bool) -> tuple[Status, str | None]:
    longest_s = _MISSED_SIGNS * state.heartbeat_s + _SLACK_S
    answers = seen.offset_s is not None
    fresh = seen_s is not None and seen_s <= longest_s
    if seen.presence == "stopped" or state.stopped:
        return "stopped", "it was stopped"
    if seen.presence == "lost" and not (answers and fresh):
        return "lost", "its connection broke"
    if not fresh:
        return "silent", "no sign of life" if seen_s is None else f"no sign of life for {roughly(seen_s)}"
    if asked and not answers and seen.came_s is None:
        return "silent", "it does not answer"
    return state.hearing, state.reason


def _seen_s(seen: Seen, state: NodeState, now: datetime, now_s: float) -> float | None:
    """Return how old its last sign of life is; of a clock ahead of ours alone nobody can tell."""
    if seen.came_s is not None:
        return max(0.0, now_s - seen.came_s)
    if seen.kept_at is not None:
        return max(0.0, (now - seen.kept_at).total_seconds())
    age_s = (now - state.time).total_seconds()
    return max(0.0, age_s) if age_s > -_SLACK_S else None


def _clock(seen: Seen, state: NodeState) -> tuple[float | None, float]:
    """Return how far its clock is ahead: from its answer, else from when the broker had what it sent."""
    if seen.offset_s is not None:
        return round(seen.offset_s, 3), round(seen.within_s, 3)
    if seen.kept_at is not None:
        return round((state.time - seen.kept_at).total_seconds(), 3), 1.0
    return None, 0.0
