"""What was heard, also in earlier runs: type to find, Enter to see one in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Input

from monitor.bus.messages import Event
from monitor.tui.found_events import matching, together
from monitor.tui.panels.found import found_lines
from monitor.tui.screens.detail import DetailScreen
from monitor.tui.screens.drawn import DrawnScreen
from monitor.tui.shown import ShownEvent
from monitor.tui.strips import Panel
from monitor.tui.user_requests import UserRequests
from monitor.tui.view import View

_ASKED = "asking the monitor for earlier ones ..."


class HistoryScreen(DrawnScreen):
    """Lists events of this run and of the history."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close"),
        Binding("up", "step(-1)", priority=True),
        Binding("down", "step(1)", priority=True),
        Binding("pageup", "step(-10)", priority=True),
        Binding("pagedown", "step(10)", priority=True),
    ]

    def __init__(self, requests: UserRequests, theme: str) -> None:
        super().__init__(theme)
        self._requests = requests
        self._kept: Sequence[Event] = ()
        self._note = _ASKED
        self._cursor: str | None = None
        self._rows: list[ShownEvent] = []
        self._panel = Panel(id="found", theme=theme)

    def compose(self) -> ComposeResult:
        """Yield a line to type in, and the list."""
        yield self._banner
        with Container(id="history") as box:
            box.border_title = "History: type to find, Enter for one in full, escape closes"
            yield Input(placeholder="dog, missed, monday, 2026-11-30, 08: ...", id="find")
            yield self._panel

    def on_mount(self) -> None:
        """Ask for what is kept."""
        self._requests.history()

    def on_resize(self) -> None:
        """Draw in the new size."""
        self.call_after_refresh(self.app.draw)  # type: ignore[attr-defined]

    def kept(self, events: Sequence[Event], note: str) -> None:
        """Take in what the monitor answered."""
        self._kept, self._note = events, note

    def draw_inside(self, view: View) -> None:
        """Show what matches."""
        typed = self.query_one("#find", Input).value
        self._rows = matching(together(view, self._kept, datetime.now(UTC)), typed)
        if self._cursor not in {row.key for row in self._rows}:
            self._cursor = self._rows[0].key if self._rows else None
        width, height = self._panel.size
        if width and height:
            here = replace(view, cursor=self._cursor)
            self._panel.show(found_lines(here, self._rows, self._note, width, height))

    def on_input_changed(self) -> None:
        """Find again."""
        self.app.draw()  # type: ignore[attr-defined]

    def on_input_submitted(self) -> None:
        """Show the selected event in full."""
        at = self._at()
        if at is not None:
            self.app.push_screen(DetailScreen(tuple(self._rows), at, self._requests, self._theme))

    def action_step(self, steps: int) -> None:
        """Select a row further down, or up when negative."""
        at = self._at()
        if at is not None:
            self._cursor = self._rows[max(0, min(at + steps, len(self._rows) - 1))].key
            self.app.draw()  # type: ignore[attr-defined]

    def _at(self) -> int | None:
        return next((at for at, row in enumerate(self._rows) if row.key == self._cursor), None)

    def action_close(self) -> None:
        """Close it."""
        self.dismiss()
