"""A part of the history as a table, as bars, as lines of JSON, and as files for other programs."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.bus.codec import encode_with_topic
from monitor.bus.messages import Event, Health, NearMissMessage
from monitor.console import drawing, show, show_json
from monitor.errors import HistoryError
from monitor.extras import install
from monitor.files.csv_table import csv_text
from monitor.storage.history import Asked, Found, Holdings, Repeated
from monitor.text import sanitise
from monitor.wording import (
    HEARING,
    NEAR_MISS,
    SOURCE_STATE,
    after,
    called,
    changed,
    ended_by,
    self_tested,
    snr,
    together,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

_BAR_CELLS = 40
_PIPED_WIDTH = 160
_MOST_ROWS = 30
_HOURS = 24
_AT_ONCE_S = 0.5
"""A change of hearing is reported within less."""
_COLUMNS = (
    "onset_time", "offset_time", "class", "label", "source_id", "source_name", "node", "urgent", "peak_score",
    "level_dbfs", "floor_dbfs", "snr_db", "ended_by", "acknowledged_by", "acknowledged_at", "clip", "model",
    "id",
)  # fmt: skip
"""Of a table of events for other programs."""


def table(found: Found, *, everything: bool) -> str:
    """Return the history as rows for a terminal, oldest first; empty where there are none."""
    from rich.table import Table

    rows = [(one.onset_time, one.source_name, _event_row(one)) for one in found.events]
    if everything:
        rows += _other_rows(found)
    if not rows:
        return ""
    several = everything or len({source for _, source, _ in rows}) > 1
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("when", *(["where"] if several else []), "", "what", "lasted", "peak", "SNR", ""):
        right = name in {"lasted", "peak", "SNR"}
        grid.add_column(name, justify="right" if right else "left", no_wrap=right or name == "when")
    for time, source, cells in sorted(rows, key=lambda row: row[0]):
        grid.add_row(_when(time), *([source] if several else []), *cells)
    return drawing([grid], piped_width=_PIPED_WIDTH)


def ids(found: Found, *, everything: bool) -> str:
    """Return events with their ids, each whole, for other verbs; oldest first; empty where there are none.

    With `everything` also what is no event and has no id, each with how it was.
    """
    from rich.table import Table

    rows = [
        (one.onset_time, one.source_name, (_event_row(one)[0], called(one), one.id)) for one in found.events
    ]
    others = _other_rows(found) if everything else []
    if not rows and not others:
        return ""
    grid = Table(box=None, pad_edge=False, header_style="dim")
    several = everything or len({source for _, source, _ in rows}) > 1
    for name in ("when", *(["where"] if several else []), "", "what", "id", *([""] if others else [])):
        grid.add_column(name, no_wrap=name in {"when", "id"}, overflow="fold")
    told = [(*row, "") for row in rows]
    told += [(time, source, (cells[0], cells[1], ""), cells[-1]) for time, source, cells in others]
    for time, source, cells, how in sorted(told, key=lambda row: row[0]):
        grid.add_row(_when(time), *([source] if several else []), *cells, *([how] if others else []))
    return drawing([grid], piped_width=_PIPED_WIDTH)


def summary(events: Sequence[Event]) -> str:
    """Return how many there were by class, by day and by hour of the day, as bars; empty where none was."""
    if not events:
        return ""
    local = [event.onset_time.astimezone() for event in events]
    classes = Counter(map(called, events)).most_common(_MOST_ROWS)
    sources = Counter(event.source_name for event in events).most_common(_MOST_ROWS)
    days = sorted(Counter(f"{time:%a %Y-%m-%d}" for time in local).items(), key=lambda one: one[0][4:])
    hours = Counter(time.hour for time in local)
    missed = sum(event.urgent and event.acknowledged_at is None for event in events)
    first, last = min(local), max(local)
    heading = f"{len(events)} events from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
    heading += f"; {missed} urgent, not acknowledged" if missed else ""
    return drawing(
        [
            heading,
            *_bars("by class", classes),
            *(_bars("by source", sources) if len(sources) > 1 else ()),
            *_bars("by day", days[-_MOST_ROWS:]),
            *_bars("by hour of the day", [(f"{hour:02}:00", hours[hour]) for hour in range(_HOURS)]),
        ],
        piped_width=_PIPED_WIDTH,
    )


def nothing(asked: Asked, there: Holdings) -> str:
    """Return why nothing is shown of what was asked, where `there` is what the history has at all."""
    if not there.anything:
        return (
            "No monitor has listened here yet (the demo, files and what is heard with --fast are not kept)."
        )
    if asked.class_ is not None and asked.class_ not in there.classes:
        return _never_heard(asked.class_, there)
    if asked.source_id is not None and asked.source_id not in there.sources:
        return f"No source {asked.source_id!r} was heard here; {_near(asked.source_id, there.sources)}"
    if asked.missed:
        return "Nothing waits to be acknowledged."
    if asked.class_ or asked.since or asked.until or asked.source_id:
        return "No event is of that class, time and source; `monitor history` alone shows the newest of all."
    return "Monitors have listened here, and heard no event yet; --all shows what they nearly heard."


def _never_heard(name: str, there: Holdings) -> str:
    if name in there.listened:
        return f"{name!r} is listened for, and was never heard here."
    what = "listened for" if there.listened else "heard"
    return f"{name!r} was never {what} here; {_near(name, sorted({*there.classes, *there.listened}))}"


def _near(name: str, known: Sequence[str]) -> str:
    """Return what may have been meant, or what there is."""
    if near := difflib.get_close_matches(name, known, n=1):
        return f"did you mean {near[0]!r}?"
    return f"there are: {together(known, _MOST_ROWS)}." if known else "nothing was yet."


def show_lines(found: Found, *, everything: bool) -> None:
    """Print what was published, one JSON object a line, each with its topic, oldest first."""
    records: list[tuple[datetime, Event | NearMissMessage | Health]] = [
        (event.onset_time, event) for event in found.events
    ]
    if everything:
        records += [(one.miss.time, one.miss) for one in found.near_misses]
        records += [(one.time, one) for one in found.health]
    for _, record in sorted(records, key=lambda one: one[0]):
        show_json(encode_with_topic(record))


def write_csv(events: Sequence[Event], path: Path) -> None:
    """Write events as a table with a heading; to ``-``: on standard output.

    Raises
    ------
    HistoryError
        It cannot be written.
    """
    text = csv_text(_COLUMNS, (_fields(event).values() for event in events))
    if str(path) == "-":
        show(text.rstrip("\n"))
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise HistoryError(f"{path} cannot be written: {error.strerror}.") from None


def write_parquet(events: Sequence[Event], path: Path) -> None:
    """Write events as a Parquet file; raises as `write_csv` does, and where pyarrow is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise HistoryError(f"Parquet needs pyarrow; install it with: {install(extra='parquet')}") from None
    times = ("onset_time", "offset_time", "acknowledged_at")
    rows = [{**_fields(event), **{name: getattr(event, name) for name in times}} for event in events]
    kinds = dict.fromkeys(_COLUMNS, pyarrow.string()) | dict.fromkeys(
        times, pyarrow.timestamp("us", tz="UTC")
    )
    kinds |= dict.fromkeys(("peak_score", "level_dbfs", "floor_dbfs", "snr_db"), pyarrow.float64())
    schema = pyarrow.schema([*(kinds | {"urgent": pyarrow.bool_()}).items()])
    try:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), path)
    except OSError as error:
        raise HistoryError(f"{path} cannot be written: {error.strerror or error}.") from None


def _when(time: datetime) -> str:
    return f"{time.astimezone():%a %Y-%m-%d %H:%M:%S}"


def _fields(event: Event) -> dict[str, Any]:
    fields = msgspec.to_builtins(event)
    return {name: fields.get(name) for name in _COLUMNS}


def _other_rows(found: Found) -> list[tuple[datetime, str, tuple[str, ...]]]:
    """Return what is no event, each with its time and its source."""
    names = {one.source_id: one.source_name for one in found.events}
    names |= {one.source_id: one.source_name for one in found.health}

    def row(time: datetime, source_id: str, cells: tuple[str, ...]) -> tuple[datetime, str, tuple[str, ...]]:
        return time, names.get(source_id, source_id), cells

    near = [row(one.miss.time, one.miss.source_id, _near_miss_row(one)) for one in found.near_misses]
    health = [row(one.time, one.source_id, ("health", "", "", "", "", _how(one))) for one in found.health]
    changes = [
        row(one.change.time, one.source_id, ("change", "", "", "", "", changed(one.change)))
        for one in found.changes
    ]
    return [*near, *health, *changes]


def _near_miss_row(near: Repeated) -> tuple[str, ...]:
    miss = near.miss
    why = NEAR_MISS[miss.reason].phrase + (f", {near.count} times" if near.count > 1 else "")
    return "nearly", called(miss), "", f"{miss.score:.2f}", snr(miss.snr_db), why


def _event_row(event: Event) -> tuple[str, ...]:
    lasted = ""
    if event.offset_time is not None:
        lasted = f"{(event.offset_time - event.onset_time).total_seconds():.1f} s"
    kind = "URGENT" if event.urgent else "event"
    return kind, called(event), lasted, f"{event.peak_score:.2f}", snr(event.snr_db), _state(event)


def _state(event: Event) -> str:
    """Return how an event ended and whether it was seen, in words."""
    if event.offset_time is None:
        return "SOUNDS NOW"
    why = "" if event.ended_by in {None, "quiet"} else ended_by(event.ended_by or "").phrase
    why = ", ".join(filter(None, [event.rhythm, event.rejected_because, why]))
    if event.urgent:
        seen = f"acknowledged by {sanitise(event.acknowledged_by or '')}"
        why = ", ".join(filter(None, ["MISSED" if event.acknowledged_at is None else seen, why]))
    return why


def _how(health: Health) -> str:
    """Return how a source was, in words."""
    state = SOURCE_STATE[health.state]
    heard = "" if health.state != "running" or health.hearing == "good" else f", {HEARING[health.hearing]}"
    reason = health.hearing_reason if heard else health.reason
    change = health.hearing_change
    new = change is not None and (health.time - change.time).total_seconds() < _AT_ONCE_S
    good_again = new and health.hearing == "good"
    lasted = f", hears again{after(change)}" if good_again else ""
    test = health.self_test
    if test is not None and (health.time - test.time).total_seconds() < _AT_ONCE_S:
        lasted += f", {self_tested(test)}"
    return f"{state}{heard}{lasted}" + (f": {reason}" if reason else "")


def _bars(title: str, counts: Sequence[tuple[str, int]]) -> list[RenderableType]:
    from rich.bar import Bar
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right")
    grid.add_column(width=_BAR_CELLS)
    most = max((count for _, count in counts), default=0)
    for name, count in counts:
        grid.add_row(name, str(count), Bar(most or 1, 0, count, width=_BAR_CELLS, color="cyan"))
    return ["", Text(title, "bold"), grid]
