"""Backgrounds as words, bars and JSON: what `monitor background show` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from monitor.bus.messages import BackgroundProfile, ClassInBackground
from monitor.console import drawing
from monitor.wording import called, roughly

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from monitor.storage.backgrounds import StoredBackground

STEADY = 0.9
"""Likeness from which on a background is steady: three of four recordings reach it (training folds)."""
CHANGING = 0.7
"""Likeness below which it is never the same: no recording of one background is, several put together are."""
RESEMBLES = 0.1
"""Cosine from which on a background is said to resemble a class: twice the temperature of a score."""
_MOST_ROWS = 8
_WORDS_CELLS = 16
_BAR_CELLS = 24
_EIGHTHS = " ▏▎▍▌▋▊▉█"


class BackgroundLine(msgspec.Struct, frozen=True):
    """One background in a list: as a running monitor knows it, as it is stored, or both."""

    background: BackgroundProfile | None
    stored: StoredBackground | None
    fault: str = ""
    """Why what is stored cannot be used."""


def as_json(lines: Sequence[BackgroundLine]) -> bytes:
    """Return one JSON list."""
    return msgspec.json.encode(lines)


def drawn(lines: Sequence[BackgroundLine]) -> str:
    """Return the backgrounds that a running monitor knows, as words and bars for a terminal."""
    return drawing([_drawn(line, line.background) for line in lines if line.background])


def drawn_stored(backgrounds: list[StoredBackground], faults: list[str]) -> str:
    """Return a table of stored backgrounds, and what is wrong with others."""
    return drawing([*([_table(backgrounds)] if backgrounds else []), *faults])


def _drawn(line: BackgroundLine, background: BackgroundProfile) -> RenderableType:
    """Return a background as rows of a heading and words."""
    from rich.console import Group
    from rich.text import Text

    rows = _grid()
    rows.add_row("sounds like", _bars([(one.phrase, one.share) for one in background.sounds_like], "{:4.0%}"))
    rows.add_row("known", _known(background))
    rows.add_row("likeness", _likeness(background))
    rows.add_row("changes", _changes(background.state.changes))
    if background.state.ready:
        rows.add_row("your classes", _resembling(background.classes))
    rows.add_row("stored", line.fault or _kept(line.stored))
    name = Text.assemble(
        (background.source_name, "bold"), (f"  {background.source_id} · model {background.model}", "dim")
    )
    return Group(name, rows, "")


def _grid() -> Table:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _bars(shares: list[tuple[str, float]], form: str) -> RenderableType:
    from rich.table import Table

    if not shares:
        return "not known yet"
    bars = Table.grid(padding=(0, 2))
    bars.add_column(min_width=_WORDS_CELLS, max_width=2 * _WORDS_CELLS, overflow="ellipsis", no_wrap=True)
    bars.add_column(justify="right", no_wrap=True)
    bars.add_column(style="cyan", no_wrap=True)
    for words, share in shares[:_MOST_ROWS]:
        bars.add_row(words, form.format(share), _bar(share))
    return bars


def _bar(share: float) -> str:
    eighths = round(min(max(share, 0.0), 1.0) * _BAR_CELLS * 8)
    return (_EIGHTHS[8] * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def _known(background: BackgroundProfile) -> str:
    state = background.state
    if not state.ready:
        guarded = f"; {state.guarded} more taught nothing, as a listed class scored in them" * bool(
            state.guarded
        )
        return f"not yet: {state.windows} of {state.needed or '?'} windows{guarded}"
    return f"well: {state.windows} windows, {state.needed} are needed; the last {roughly(state.age_s)} ago"


def _likeness(background: BackgroundProfile) -> str:
    likeness = background.state.likeness
    if not background.state.ready:
        return "not known yet"
    if likeness >= STEADY:
        return f"{likeness:.2f}, steady: the background sounds alike all the time"
    if likeness >= CHANGING:
        return f"{likeness:.2f}, changing: some of the background is always there, some is not"
    return f"{likeness:.2f}, never the same: there is little that could be told from other sounds"


def _changes(changes: int) -> str:
    times = "once" if changes == 1 else f"{changes} times"
    return (
        f"another background was noticed {times}, and the one before forgotten" if changes else "none noticed"
    )


def _resembling(classes: list[ClassInBackground]) -> RenderableType:
    """Return which listed classes the background resembles, the most alike first."""
    from rich.console import Group

    alike = sorted((one for one in classes if one.cosine >= RESEMBLES), key=lambda one: -one.cosine)
    if not alike:
        return "the background resembles none of them"
    shown = _bars([(called(one), one.cosine) for one in alike], "{:.2f}")
    rest = f"and {len(alike) - _MOST_ROWS} more; " if len(alike) > _MOST_ROWS else ""
    return Group(shown, f"{rest}the background resembles these: they count less while it is heard")


def _kept(stored: StoredBackground | None) -> str:
    from monitor.storage.backgrounds import when

    if stored is None:
        return "no; `monitor background save` keeps this background for the next run"
    return f"saved {when(stored.saved)}, from {stored.windows} windows; the next run begins with it"


def _table(backgrounds: list[StoredBackground]) -> Table:
    from rich.table import Table

    from monitor.storage.backgrounds import when

    table = Table(
        title="stored backgrounds", title_justify="left", box=None, header_style="dim", padding=(0, 2, 0, 0)
    )
    for heading in ("source", "name", "saved", "model"):
        table.add_column(heading, overflow="fold")
    for background in backgrounds:
        table.add_row(background.source_id, background.source_name, when(background.saved), background.model)
    return table
