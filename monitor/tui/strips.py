"""Lines of styled text of an exact width, and the widget that shows a block of them.

Text is never markup here: what a name holds is what is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Literal

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.events import Click
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from monitor.tui.theme import TEXT
from monitor.tui.themes import themed

Piece = tuple[str, Style]
"""Some text and how it looks."""

SEPARATOR = " · "
"""Stands between the parts of a detail."""

EIGHTHS = " ▏▎▍▌▋▊▉█"


def line(pieces: Iterable[Piece], width: int, fill: Style = TEXT) -> Strip:
    """Return `pieces` one after another, cropped or filled up to `width` cells."""
    return Strip([Segment(text, style) for text, style in pieces]).adjust_cell_length(width, fill)


def fit(text: str, width: int, align: Literal["left", "right", "centre"] = "left") -> str:
    """Return `text` in exactly `width` cells; what does not fit ends in an ellipsis."""
    if width <= 0:
        return ""
    spare = width - cell_len(text)
    if spare < 0:
        return set_cell_size(text, width - 1) + "…"
    before = {"left": 0, "right": spare, "centre": spare // 2}[align]
    return " " * before + text + " " * (spare - before)


def wrapped(text: str, width: int, most: int) -> list[str]:
    """Return `text` in 1 to `most` rows of at most `width` cells; what is left is cut.

    It is broken at its dots, and between words only where there is more from dot to dot than fits in a row.
    """
    rows = [""]
    for part, joint in _parts(text, width):
        longer = f"{rows[-1]}{joint}{part}" if rows[-1] else part
        if not rows[-1] or cell_len(longer) <= width or len(rows) == most:
            rows[-1] = longer
        else:
            rows.append(part)
    return [row if cell_len(row) <= width else fit(row, max(1, width)) for row in rows]


def _parts(text: str, width: int) -> Iterator[tuple[str, str]]:
    """Yield what is kept together, and what joins it to what comes before."""
    for part in text.split(SEPARATOR):
        for number, piece in enumerate(wrap(part, max(1, width)) if cell_len(part) > width else [part]):
            yield piece, " " if number else SEPARATOR


def bar(value: float, width: int) -> str:
    """Return a horizontal bar that fills `value` in [0, 1] of `width` cells, in eighths of a cell."""
    eighths = round(min(1.0, max(0.0, value)) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (EIGHTHS[rest] if rest else "")).ljust(width)


def cell(share: float, width: int) -> int:
    """Return the cell of `width` > 0 cells at `share` of them, [0, 1]; whatever lies outside is at an end."""
    return min(width - 1, int(min(1.0, max(0.0, share)) * width))


def marked(text: str, marks: dict[int, Piece], style: Style) -> list[Piece]:
    """Return single-cell `text` in pieces, with the cells of `marks` replaced; marks outside are left out."""
    pieces: list[Piece] = []
    start = 0
    for place in sorted(place for place in marks if 0 <= place < len(text)):
        pieces += [(text[start:place], style), marks[place]]
        start = place + 1
    return [*pieces, (text[start:], style)]


class Panel(Widget):
    """Shows lines made elsewhere; repaints only those that differ from what is on the screen."""

    def __init__(self, *, id: str, theme: str = "standard") -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id)
        self._lines: list[Strip] = []
        self._theme = theme

    @property
    def lines(self) -> Sequence[Strip]:
        """What is shown."""
        return self._lines

    class Clicked(Message):
        """A cell of a part was clicked."""

        def __init__(self, part: str, x: int, y: int, *, twice: bool) -> None:
            super().__init__()
            self.part, self.x, self.y, self.twice = part, x, y, twice

    class Wheeled(Message):
        """The wheel was moved over a part, by so many steps down."""

        def __init__(self, part: str, steps: int) -> None:
            super().__init__()
            self.part, self.steps = part, steps

    def on_click(self, event: Click) -> None:
        """Let the program know."""
        self.post_message(self.Clicked(self.id or "", event.x, event.y, twice=event.chain > 1))

    def on_mouse_scroll_down(self) -> None:
        """Let the program know."""
        self.post_message(self.Wheeled(self.id or "", 1))

    def on_mouse_scroll_up(self) -> None:
        """Let the program know."""
        self.post_message(self.Wheeled(self.id or "", -1))

    def show(self, lines: list[Strip]) -> None:
        """Replace what is shown."""
        before, self._lines = self._lines, lines
        if len(before) != len(lines):
            self.refresh()
            return
        changed = [y for y, (old, new) in enumerate(zip(before, lines, strict=True)) if old != new]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """Return row `y` for the compositor."""
        if y >= len(self._lines):
            return Strip.blank(self.size.width, themed(TEXT, self._theme))
        strip = self._lines[y]
        if self._theme == "standard":
            return strip
        return Strip([Segment(text, themed(style or TEXT, self._theme)) for text, style, _ in strip])

    def colour(self, theme: str) -> None:
        """Draw in the colours of another theme."""
        self._theme = theme
        self.refresh()
