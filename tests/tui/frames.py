"""The whole screen of a view as lines, without a terminal: the layout and all parts put together."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from monitor.tui.app import MonitorApp
from monitor.tui.found_events import together
from monitor.tui.headline import headline
from monitor.tui.layout import SIDE_BY_SIDE, Wanted, rows_for, table_heights, table_widths
from monitor.tui.panels.alerts import alerts
from monitor.tui.panels.detail import detail_lines
from monitor.tui.panels.found import found_lines
from monitor.tui.parts import PARTS
from monitor.tui.theme import TEXT
from monitor.tui.themes import shaded, themed
from monitor.tui.view import View

from .fakes import at
from .stories import NOW_S, STORIES


def frame(view: View, width: int, height: int) -> list[Strip]:
    """Return the rows of the screen, top to bottom, in the standard colours."""
    wanted = Wanted(len(view.healths) or 1, len(alerts(view)), view.maker, headline(view).alarm)
    rows = rows_for(height, wanted)
    lines: list[Strip] = []
    for name in ("banner", "alerts", "hearing", "meter", "spectrogram", "tables", "why", "status", "footer"):
        count = getattr(rows, name)
        if count:
            lines += _tables(view, width, count) if name == "tables" else PARTS[name](view, width, count)
    return lines


def _tables(view: View, width: int, height: int) -> list[Strip]:
    widths, heights = table_widths(width), table_heights(width, height)
    classes, events = (
        PARTS[name](view, *size) if all(size) else []
        for name, *size in zip(("classes", "events"), widths, heights, strict=True)
    )
    if width < SIDE_BY_SIDE:
        return [*classes, *events]
    gap = [Segment(" ", TEXT)]
    return [Strip([*left, *gap, *right]) for left, right in zip(classes, events, strict=True)]


def opened() -> dict[str, list[Strip]]:
    """Return what opens over the screen, in two sizes: an event in full, and the history."""
    found: dict[str, list[Strip]] = {}
    for width, height in ((78, 20), (98, 29)):
        for name in ("event", "missed"):
            view = STORIES[name]()
            heard = view.missed_events[0] if name == "missed" else view.open_events[0]
            size = f"{width}x{height}"
            found[f"{name} in full {size}"] = detail_lines(view, heard, width, height, teach=name == "missed")
            if name == "missed":
                rows = together(view, [], at(NOW_S))
                here = replace(view, cursor=rows[2].key)
                found[f"history {size}"] = found_lines(here, rows, "newest first", width, height)
    return found


def screen_text(lines: list[Strip]) -> str:
    """Return the characters of a screen, blanks at the ends of lines left out."""
    return "\n".join(line.text.rstrip() for line in lines)


def screen_colours(lines: list[Strip], depth: str) -> str:
    """Return a screen as it is sent to a terminal of so many colours, one of `DEPTHS`, readable."""
    theme, system = DEPTHS[depth]
    console = Console(color_system=system, force_terminal=True, legacy_windows=False)
    lines = [
        Strip([Segment(text, _fresh(style)) for text, style, _ in line]) for line in in_theme(lines, theme)
    ]
    return "\n".join(line.render(console) for line in lines).replace("\x1b", "\\e")


def _fresh(style: Style | None) -> Style | None:
    """Return an equal style that does not remember how it was sent to another terminal."""
    if style is None:
        return None
    return Style(color=style.color, bgcolor=style.bgcolor, bold=style.bold, reverse=style.reverse)


DEPTHS: dict[str, tuple[str, Literal["truecolor", "256", "standard"] | None]] = {
    "truecolour": ("standard", "truecolor"),
    "256": ("standard", "256"),
    "16": ("16-colours", "standard"),
    "none": ("mono", None),
}
"""Colours of a terminal: the theme that suits it, and what is sent to it."""


class StoryApp(MonitorApp):
    """The program while it shows a story."""

    story: View

    @property
    def view(self) -> View:
        return replace(self.story, mono=shaded(self.colours), maker=self.story.maker or self.selection.maker)


def in_theme(lines: list[Strip], theme: str) -> list[Strip]:
    """Return `lines` in other colours."""
    return [Strip([Segment(text, themed(style or TEXT, theme)) for text, style, _ in line]) for line in lines]
