"""One event in full, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from monitor.tui.panels.detail import detail_lines, learn_command
from monitor.tui.screens.drawn import DrawnScreen
from monitor.tui.shown import ShownEvent
from monitor.tui.strips import Panel
from monitor.tui.user_requests import UserRequests
from monitor.tui.view import View


class DetailScreen(DrawnScreen):
    """Shows one of several events.

    Parameters
    ----------
    rows
        The events, newest first; what arrives of one later is shown too.
    at
        Which of them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "close"),
        Binding("left,up,k", "step(1)"),
        Binding("right,down,j", "step(-1)"),
        Binding("a", "acknowledge"),
        Binding("w", "correct('wrong')"),
        Binding("r", "correct('right')"),
        Binding("u", "correct('undo')"),
        Binding("t", "teach"),
    ]

    def __init__(self, rows: Sequence[ShownEvent], at: int, requests: UserRequests, theme: str) -> None:
        super().__init__(theme)
        self._rows, self._at = rows, at
        self._requests = requests
        self._teaching = False
        self._panel = Panel(id="event", theme=theme)

    def compose(self) -> ComposeResult:
        """Yield the box."""
        yield self._banner
        with Container(id="detail") as box:
            box.border_title = "Event"
            yield self._panel

    def on_resize(self) -> None:
        """Draw in the new size."""
        self.call_after_refresh(self.app.draw)  # type: ignore[attr-defined]

    def draw_inside(self, view: View) -> None:
        """Show the event as it is known now."""
        width, height = self._panel.size
        if width and height:
            heard = self._now(view)
            said = self._requests.said(heard.event.id)
            self._panel.show(detail_lines(view, heard, width, height, teach=self._teaching, said=said))

    def _now(self, view: View) -> ShownEvent:
        """Return the event; of those that this run knows, the newest."""
        row = self._rows[self._at]
        known = (state.heard.get(row.event.id) for state in view.everywhere)
        return next((heard for heard in known if heard is not None), row)

    def action_close(self) -> None:
        """Close it."""
        self.dismiss()

    def action_step(self, steps: int) -> None:
        """Show an older event, or a newer one when negative."""
        self._at = max(0, min(self._at + steps, len(self._rows) - 1))
        self._redraw()

    def action_acknowledge(self) -> None:
        """Say that this event was seen."""
        event = self._rows[self._at].event
        if event.urgent:
            self._requests.acknowledge(event.id)

    def action_correct(self, said: Literal["right", "wrong", "undo"]) -> None:
        """Say that it was told rightly, or wrongly, or take back what was said."""
        self._requests.correct(self._rows[self._at].event.id, said)

    def action_teach(self) -> None:
        """Show the command that teaches this sound, and put it on the clipboard where the terminal can."""
        self._teaching = not self._teaching
        if self._teaching:
            self.app.copy_to_clipboard(learn_command(self._rows[self._at].event))
        self._redraw()

    def _redraw(self) -> None:
        self.app.draw()  # type: ignore[attr-defined]
