"""What the user can do, by key, mouse or the list of commands."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from monitor.bus.messages import ClassState
from monitor.tui.commands import commands
from monitor.tui.notices import NoticeBoard
from monitor.tui.screens.confirm import ConfirmScreen
from monitor.tui.screens.detail import DetailScreen
from monitor.tui.screens.help import HelpScreen
from monitor.tui.screens.history import HistoryScreen
from monitor.tui.selection import Selection
from monitor.tui.shown import ShownEvent
from monitor.tui.strips import Panel
from monitor.tui.user_requests import UserRequests
from monitor.tui.view import View
from monitor.wording import called


class Actions(NoticeBoard):
    """The interface as far as the user steers it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,p", "pause"),
        Binding("up,k", "select(-1)"),
        Binding("down,j", "select(1)"),
        Binding("tab,shift+tab", "other_list", priority=True),
        Binding("m", "mute"),
        Binding("a", "acknowledge"),
        Binding("plus,equals_sign", "threshold(1)"),
        Binding("minus", "threshold(-1)"),
        Binding("d", "maker"),
        Binding("n", "near_misses"),
        Binding("enter", "detail"),
        Binding("slash", "history"),
        Binding("s", "source"),
        Binding("pagedown", "scroll(1)"),
        Binding("pageup", "scroll(-1)"),
        Binding("question_mark,h,f1", "help"),
        Binding("q", "quit"),
        Binding("ctrl+c", "quit_now", priority=True),
    ]

    selection: Selection
    requests: UserRequests
    panels: dict[str, Panel]
    colours: str

    @property
    @abstractmethod
    def view(self) -> View:
        """What the screen shows now."""

    @property
    @abstractmethod
    def ends_monitor(self) -> bool:
        """Whether the monitor ends with this program, and hears something until then."""

    @abstractmethod
    def draw(self) -> bool:
        """Show the newest state; return whether something moves."""

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """Yield what the list of commands offers."""
        return commands(self.view, self._do, self.mute, self.colour)

    def _do(self, action: str) -> None:
        self.call_later(self.run_action, action)

    def colour(self, theme: str) -> None:
        """Draw in the colours of another theme."""
        self.colours = theme
        self.ansi_color = theme == "16-colours"
        for panel in self.query(Panel):
            panel.colour(theme)
        self.draw()

    def action_pause(self) -> None:
        """Pause, or listen again."""
        self.requests.pause(self.view)

    def action_mute(self) -> None:
        """Mute or unmute the selected class."""
        if (entry := self.view.selected_class) is not None:
            self.mute(entry)

    def mute(self, entry: ClassState) -> None:
        """Mute or unmute a class; ask first where that silences an alarm."""
        if not entry.urgent or entry.muted:
            self.requests.mute(entry)
            return
        name = called(entry)
        self.push_screen(
            ConfirmScreen(f"Mute {name}?", f"{name} is urgent. Muted, it is not reported to anybody.", "m"),
            lambda yes: self.requests.mute(entry) if yes else None,
        )

    def action_acknowledge(self) -> None:
        """Say that every urgent event was seen."""
        self.requests.acknowledge()

    def action_threshold(self, steps: int) -> None:
        """Move the onset threshold of the selected class, at the source that is shown."""
        self.requests.move_threshold(self.view, steps)

    def action_select(self, step: int) -> None:
        """Select another class or event."""
        self.selection.move(self.view, step)
        self.draw()

    def action_other_list(self) -> None:
        """Select among events, or among classes again."""
        if len(self.screen_stack) > 1:
            self.screen.focus_next()
            return
        self.selection.toggle_list(self.view)
        self.draw()

    def action_source(self) -> None:
        """Show the meter, the spectrogram and the scores of the next source."""
        self.selection.next_source(len(self.view.healths))
        self.draw()

    def action_maker(self) -> None:
        """Show numbers, or words alone."""
        self.selection.maker = not self.selection.maker
        self.draw()

    def action_near_misses(self) -> None:
        """Show or hide near misses."""
        self.selection.show_near_misses = not self.selection.show_near_misses
        self.draw()

    def action_scroll(self, pages: int) -> None:
        """Scroll past events by a page."""
        page = max(1, self.panels["events"].size.height - 1 - len(self.view.open_events))
        self.selection.move_event(self.view, pages * page)
        self.draw()

    def action_detail(self) -> None:
        """Show the selected event in full; where classes are selected, the newest."""
        view = self.view
        rows = [row for row in view.rows if isinstance(row, ShownEvent)]
        if rows:
            at = next((at for at, row in enumerate(rows) if row.key == view.cursor), None)
            self.show_detail(rows, 0 if at is None else at)

    def show_detail(self, rows: Sequence[ShownEvent], at: int) -> None:
        """Show one of `rows` in full."""
        self.push_screen(DetailScreen(tuple(rows), at, self.requests, self.colours))

    def action_history(self) -> None:
        """Find what was heard, also in earlier runs."""
        self.push_screen(HistoryScreen(self.requests, self.colours))

    def action_help(self) -> None:
        """Explain keys, shapes and numbers."""
        self.push_screen(HelpScreen())

    async def action_quit(self) -> None:
        """End; ask first where the monitor would end too."""
        if not self.ends_monitor:
            self.exit()
            return
        self.push_screen(
            ConfirmScreen("End the monitor?", "Nothing is heard or reported after that.", "q"),
            lambda yes: self.exit() if yes else None,
        )

    def action_quit_now(self) -> None:
        """End without a question."""
        self.exit()
