"""Brings one fault about, watches, puts an end to it, and judges what became of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise

from msgspec.structs import replace

from monitor.bus.messages import Health
from tools.benchmark.faults.records import Fault, Outcome, is_well, lost_between, unaccounted
from tools.benchmark.faults.runs import START_S, Run
from tools.benchmark.faults.world import World
from tools.benchmark.faults.worlds import opened

_WELL_S = 1.5
"""Seconds for which a monitor has run well before anything is done to it."""
_UNSEEN_S = 4.0
"""Seconds for which a fault that nobody is to notice goes on."""
_NEXT_S = 5.0
_SKIPPED = frozenset({"skipped_s"})


def tried(fault: Fault) -> Outcome:
    """Return what becomes of `fault` in a world of its own."""
    with opened(fault.world) as world:
        before = _first(world.run) if fault.at_start else _until_well(world.run)
        if before is None:
            lines = "; ".join(one.words for one in world.run.lines[-5:])
            return Outcome(fault, wrong=(f"The monitor never ran well: {lines}",))
        return _tried(fault, world, before)


def _tried(fault: Fault, world: World, before: Health) -> Outcome:
    run = world.run
    begun_s = run.first_s if fault.at_start else time.monotonic()
    fault.begin(world)
    seen = run.line(fault.seen, begun_s, fault.within_s + _NEXT_S) if fault.seen else None
    time.sleep(fault.lasts_s if fault.seen else _UNSEEN_S)
    ended_s = time.monotonic()
    fault.end(world)
    since_s = begun_s if seen is None else seen.at_s  # its end may be told before `end` has come back
    back = run.line(fault.back, since_s, fault.back_within_s) if fault.back else None
    well = run.state(fault.well, max(ended_s, back.at_s if back else 0.0), fault.back_within_s)
    after = None if well is None else run.state(fault.well, well.at_s + 1.0, _NEXT_S)
    outcome = Outcome(
        fault,
        seen_s=None if seen is None else round(seen.at_s - begun_s, 2),
        words="" if seen is None else seen.words.replace(str(world.folder), "…"),
        back_s=None if well is None else round(max(0.0, (back or well).at_s - ended_s), 2),
        back_words="" if back is None else back.words,
        lost=lost_between(before, (after or run.healths[-1]).health),
    )
    return replace(outcome, wrong=tuple(_wrong(outcome, run)))


def _wrong(one: Outcome, run: Run) -> Iterator[str]:
    """Find what is not as the table demands."""
    fault, lines = one.fault, "; ".join(line.words for line in run.lines[-6:])
    if fault.seen and (one.seen_s is None or one.seen_s > fault.within_s):
        yield f"not told within {fault.within_s:g} s: {fault.seen!r}; told: {lines}"
    if fault.back and not one.back_words:
        yield f"its end was not told: {fault.back!r}; told: {lines}"
    if one.back_s is None:
        yield f"it is not heard again: {run.health.state}, {run.health.reason}"
    late = (
        _SKIPPED if run.line("LATE", 0.0, 0.0) else frozenset[str]()
    )  # this computer had no time, and it said so
    if one.lost.kinds - fault.may_lose - late:
        yield f"lost what may not be lost: {one.lost.told}"
    missing = [unaccounted(told.health) for told in run.healths]
    if any(missing):
        yield f"samples unaccounted for: {max(missing, key=abs)}"
    if not fault.seen and (pause_s := _longest_pause_s(run)) > fault.within_s:
        yield f"nothing was published for {pause_s:.1f} s"
    if run.process.poll() is not None:
        yield "the monitor ended"


def _longest_pause_s(run: Run) -> float:
    """Return the longest time for which another subscriber heard nothing; health is said once a second."""
    return max((later.at_s - sooner.at_s for sooner, later in pairwise(run.healths)), default=0.0)


def _until_well(run: Run) -> Health | None:
    first = run.state(is_well, 0.0, START_S)
    if first is None:
        return None
    well = run.state(is_well, first.at_s + _WELL_S, START_S)
    return None if well is None else well.health


def _first(run: Run) -> Health | None:
    first = run.state(lambda _: True, 0.0, START_S)
    return None if first is None else first.health
