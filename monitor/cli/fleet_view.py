"""How nodes and what they report are shown: a row each, a line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.bus.messages import Report
from monitor.fleet.standing import Standing, own_clock_off_s
from monitor.sinks.line_texts import event_line, seen_line
from monitor.wording import HEARING, clock, roughly, spoken

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

_HEARINGS: dict[str, str] = dict(HEARING.items())
_OTHERS = {"unknown": "UNKNOWN", "lost": "LOST", "silent": "SILENT", "stopped": "stopped"}
_SILENT = frozenset({"unknown", "lost", "silent", "deaf"})
_TITLES = ("node", "hears", "last event", "version", "lag", "clock", "config", "why")


def status_table(found: Sequence[Standing], now: datetime) -> Table:
    """Return a row for each node, as they are given."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in _TITLES:
        table.add_column(title)
    for one in found:
        style = "" if one.well else "bold red" if one.status in _SILENT else "yellow"
        cells = (
            _name(one),
            _hears(one),
            _last(one, now),
            one.version,
            _lag(one),
            _clock(one),
            _config(one),
            one.why or "",
        )
        table.add_row(*(Text(cell) for cell in cells), style=style)
    return table


def counted(found: Sequence[Standing]) -> list[str]:
    """Return what is so of all nodes, a sentence each."""
    if not found:
        return ["No node has reported here. A node does so with [uplink] url, or `monitor run --uplink URL`."]
    kinds = Counter("well" if one.well else _called(one.status).lower() for one in found)
    parts = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    sentences = [f"{len(found)} {'node' if len(found) == 1 else 'nodes'}: {parts}."]
    if (off_s := own_clock_off_s(found)) is not None:
        side = "ahead" if off_s > 0 else "behind"
        sentences.append(f"Nodes agree: it is this computer's clock that is {roughly(abs(off_s))} {side}.")
    if lost := sum(one.lost for one in found):
        sentences.append(f"{lost} reports were given up by nodes: they were too old, or too many.")
    return sentences


def watched(found: Sequence[Standing], now: datetime, trouble: str | None) -> RenderableType:
    """Return what `--watch` draws."""
    from rich.console import Group
    from rich.text import Text

    lines = [f"{clock(now)}  {' '.join(counted(found))}"]
    if trouble:
        lines.insert(0, f"THE BROKER IS AWAY: {trouble}. What is below is old.")
    return Group(*map(Text, lines), Text(), status_table(found, now))


def report_line(report: Report) -> str:
    """Return a report as a line for a person, times where the reader is."""
    if report.event is not None:
        where = f"{report.node}, {report.event.source_name}"
        beside = report.event.type in {"acknowledged", "missed"}
        return (seen_line if beside else event_line)(report.event, where)
    change = report.hearing
    if change is None:
        return f"{clock(report.noted)}  {report.node}: a report of a later version"
    why = f": {change.reason}" if change.reason else ""
    where = f"{report.node}, {report.source_name}"
    return f"{clock(change.time)}  hearing {where}: {_called(change.hearing)}{why}"


def _called(status: str) -> str:
    return _OTHERS.get(status) or _HEARINGS.get(status, status)


def _name(one: Standing) -> str:
    return f"{one.node} ({one.place})" if one.place else one.node


def _hears(one: Standing) -> str:
    missed = f", {one.missed} MISSED" if one.missed else ""
    return _called(one.status) + missed


def _last(one: Standing, now: datetime) -> str:
    if one.last_event is None:
        return ""
    ago_s = max(0.0, (now - one.last_event.time).total_seconds() + (one.clock_s or 0.0))
    return f"{spoken(one.last_event.label or one.last_event.class_)}, {roughly(ago_s)} ago"


def _lag(one: Standing) -> str:
    return f"{one.waiting} wait, {roughly(one.lag_s)}" if one.waiting else "none"


def _clock(one: Standing) -> str:
    if one.clock_s is None:
        return "?"
    if not one.clock_wrong:
        return "right"
    return f"WRONG: {roughly(abs(one.clock_s))} {'ahead' if one.clock_s > 0 else 'behind'}"


def _config(one: Standing) -> str:
    """Return which settings from elsewhere a node runs with, where it takes any."""
    if one.config.accepts == "none":
        return ""
    own = one.config.hash or "own"
    outcome = one.config.outcome.replace("_", " ")
    return own if outcome in {"", "applied"} else f"{own}, {outcome}"
