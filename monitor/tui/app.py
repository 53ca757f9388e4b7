"""The program on the terminal: layout, keys, and a clock that draws what the connection holds."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message

from monitor.bus.messages import Event, Health
from monitor.tui.connection import Arrived, BusConnection, Link, Refused
from monitor.tui.contact import ContactWatch
from monitor.tui.headline import Headline, headline
from monitor.tui.help import HelpScreen
from monitor.tui.layout import SIDE_BY_SIDE, rows_for
from monitor.tui.panels.banner import banner_lines
from monitor.tui.panels.classes import classes_lines
from monitor.tui.panels.events import events_lines
from monitor.tui.panels.keys import keys_lines
from monitor.tui.panels.meter import meter_lines
from monitor.tui.panels.source_rows import sources_lines
from monitor.tui.panels.spectrogram import spectrogram_lines
from monitor.tui.panels.status import status_lines
from monitor.tui.parent_pipe import Orphaned, ParentPipe, Told
from monitor.tui.source_states import States
from monitor.tui.state import State
from monitor.tui.strips import Panel
from monitor.tui.terminal import hung_up
from monitor.tui.user_requests import UserRequests
from monitor.tui.view import View

DRAW_HZ = 10.0
"""Drawings per second; as many as there are levels."""


HANG_UP_S = 0.3
"""Seconds from a hang-up to the end."""

_LOOK_S = 1.0
"""Seconds from one look at the terminal to the next."""

NOTE_S = 30.0
"""Seconds for which a note of the monitor stays."""

_LINES = {
    "banner": banner_lines,
    "sources": sources_lines,
    "meter": meter_lines,
    "spectrogram": spectrogram_lines,
    "classes": classes_lines,
    "events": events_lines,
    "status": status_lines,
    "footer": keys_lines,
}


@dataclass(frozen=True, slots=True)
class Options:
    """How the terminal interface behaves."""

    endpoint: str
    """Shown where the monitor is missing."""
    bell: bool = False
    """Ring the terminal's bell at each onset: many terminals and window managers show it."""
    mono: bool = False
    """Draw without colours."""


class MonitorApp(App[None]):
    """Shows one running monitor and passes the user's wishes on to it."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "monitor"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,p", "pause"),
        Binding("up,k", "select(-1)"),
        Binding("down,j", "select(1)"),
        Binding("m", "mute"),
        Binding("a", "acknowledge"),
        Binding("plus,equals_sign", "threshold(1)"),
        Binding("minus", "threshold(-1)"),
        Binding("n", "near_misses"),
        Binding("s", "source"),
        Binding("pagedown", "scroll(1)"),
        Binding("pageup", "scroll(-1)"),
        Binding("question_mark,h,f1", "help"),
        Binding("q", "quit"),
        Binding("ctrl+c", "quit", priority=True),
    ]

    class FromConnection(Message):
        """Something the connection wants drawn or said at once."""

        def __init__(self, notice: Arrived | Refused) -> None:
            super().__init__()
            self.notice = notice

    class FromParent(Message):
        """Something that the process which started this one says, or its end."""

        def __init__(self, notice: Told | Orphaned) -> None:
            super().__init__()
            self.notice = notice

    def __init__(
        self,
        link: Link | None,
        options: Options,
        *,
        connect: Callable[[str, str | None], Link] | None = None,
        parent: ParentPipe | None = None,
    ) -> None:
        """Show the monitor that `link` leads to, or the one that `parent` names and `connect` reaches."""
        super().__init__()
        self.orphaned: Orphaned | None = None
        """Set once the parent is gone."""
        self._options = options
        self._endpoint = options.endpoint
        self._control: str | None = None
        self._connect = connect
        self._parent_line = parent
        self._doing: str | None = None if parent is None else "starting"
        self._mono = options.mono or self.no_color
        self._connection = BusConnection(link, self._post)
        self._requests = UserRequests(self._connection)
        self._contact = ContactWatch()
        self._panels: dict[str, Panel] = {}
        self._flash_from_s: float | None = None
        self._selected = 0
        self._source = 0
        self._sources = 1
        self._scroll = 0
        self._show_near_misses = False

    @property
    def view(self) -> View:
        """What the screen shows now."""
        lost, malformed, restarts = self._connection.counters
        states = self._connection.states
        return View(
            state=self._shown(states),
            states=states,
            now_s=time.monotonic(),
            endpoint=self._endpoint,
            contact=self._contact.contact,
            contact_since_s=self._contact.since_s,
            contact_since=self._contact.since,
            today=datetime.now(UTC).astimezone().date(),
            doing=self._doing,
            lost=lost,
            malformed=malformed,
            restarts=restarts,
            selected=self._selected,
            show_near_misses=self._show_near_misses,
            scroll=self._scroll,
            mono=self._mono,
        )

    def _shown(self, states: States) -> State:
        """Return the state of the source that was chosen, at first the first one."""
        heard = [state for state in states.values() if state.health] or list(states.values())
        return heard[self._source % len(heard)] if heard else State()

    def _post(self, notice: Arrived | Refused) -> None:
        """Hand a notice from a connection's thread to the terminal's own."""
        self._hand_over(self.FromConnection(notice))

    def _hand_over(self, message: Message) -> None:
        """Post a message from another thread; after the end nobody wants it."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self.post_message(message)

    def compose(self) -> ComposeResult:
        """Yield the parts, top to bottom."""
        self._panels = {name: Panel(id=name, mono=self._mono) for name in _LINES}
        yield self._panels["banner"]
        yield self._panels["sources"]
        yield self._panels["meter"]
        yield self._panels["spectrogram"]
        with Container(id="tables"):
            yield self._panels["classes"]
            yield self._panels["events"]
        yield self._panels["status"]
        yield self._panels["footer"]

    def on_mount(self) -> None:
        """Begin to read and to draw."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._end_by, signal.SIGTERM)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        self._connection.start()
        if self._parent_line is not None:
            self._parent_line.start(lambda notice: self._hand_over(self.FromParent(notice)))
        self.set_interval(1.0 / DRAW_HZ, self.draw)
        self.set_interval(_LOOK_S, self._watch_terminal)

    def _watch_terminal(self) -> None:
        """End where the terminal hung up and no signal told so: it would never be drawn on or read again."""
        if hung_up():
            self._end_by(signal.SIGHUP)

    def _hang_up(self) -> None:
        """End: the terminal is gone, or the process that it belonged to, which the pipe tells in a moment."""
        self.set_timer(HANG_UP_S, lambda: self._end_by(signal.SIGHUP))

    def _end_by(self, number: signal.Signals) -> None:
        """End, and let the monitor that started this know that it was not the user's wish."""
        self.exit(return_code=0 if self._parent_line is None else 128 + number)

    def on_unmount(self) -> None:
        """Let go of the monitor."""
        self._connection.close()

    def on_resize(self, event: Resize) -> None:
        """Share the rows out again."""
        self._lay_out(event.size)

    def _lay_out(self, size: Size) -> None:
        rows = rows_for(size.height, self._sources)
        main = self.screen_stack[0]  # also while the help covers it
        for name in ("banner", "sources", "meter", "spectrogram", "tables", "status", "footer"):
            part = main.query_one(f"#{name}")
            part.styles.height = getattr(rows, name)
            part.display = getattr(rows, name) > 0
        main.query_one("#tables").set_class(size.width < SIDE_BY_SIDE, "stacked")
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Show the newest state."""
        self._contact.look(self._connection.alive())
        view = self.view
        if self._sources != len(view.healths):
            self._sources = len(view.healths)
            self._lay_out(self.size)
        self._uncover(headline(view))
        for name, panel in self._panels.items():
            width, height = panel.size
            if width and height:
                panel.show(_LINES[name](view, width, height))

    def _uncover(self, head: Headline) -> None:
        """Close the help when an event or a fault begins to flash in the banner."""
        began_s, self._flash_from_s = self._flash_from_s, head.flash_from_s
        if head.flash_from_s not in (None, began_s) and isinstance(self.screen, HelpScreen):
            self.screen.dismiss()

    def on_monitor_app_from_parent(self, message: FromParent) -> None:
        """Attach to the monitor, tell what it does, and never outlive it in silence."""
        match message.notice:
            case Orphaned():
                self.orphaned = message.notice
                self.exit(return_code=1)
            case Told("doing", text):
                self._doing = text
            case Told("note", text):
                self.notify(text, timeout=NOTE_S, markup=False)
            case Told("control", control):
                self._control = control
            case Told("endpoint", endpoint) if self._connect is not None:
                self._endpoint = endpoint
                self._connection.attach(self._connect(endpoint, self._control))
        self.draw()

    def on_monitor_app_from_connection(self, message: FromConnection) -> None:
        """Draw at once what must not wait for the clock; say what was refused."""
        match message.notice:
            case Refused(sentence):
                self._requests.refused()
                self.notify(sentence, severity="warning", markup=False)
                return
            case Arrived(Health() as health):
                for sentence in self._requests.reported(health):
                    self.notify(sentence, markup=False)
            case Arrived(Event(type="onset")) if self._options.bell:
                self.bell()
        self.draw()

    def action_pause(self) -> None:
        """Pause, or listen again."""
        self._requests.pause(self.view)

    def action_mute(self) -> None:
        """Mute or unmute the selected class."""
        self._requests.mute(self.view)

    def action_acknowledge(self) -> None:
        """Say that every urgent event was seen."""
        self._requests.acknowledge()

    def action_threshold(self, steps: int) -> None:
        """Move the onset threshold of the selected class."""
        self._requests.move_threshold(self.view, steps)

    def action_select(self, step: int) -> None:
        """Select another class."""
        last = max(0, len(self.view.state.classes) - 1)
        self._selected = min(last, max(0, self._selected + step))
        self.draw()

    def action_source(self) -> None:
        """Show the meter, the spectrogram and the scores of the next source."""
        self._source = (self._source + 1) % max(1, len(self.view.healths))
        self.draw()

    def action_near_misses(self) -> None:
        """Show or hide near misses."""
        self._show_near_misses = not self._show_near_misses
        self._scroll = 0
        self.draw()

    def action_scroll(self, pages: int) -> None:
        """Scroll past events by a page."""
        page = max(1, self._panels["events"].size.height - 2)
        self._scroll = max(0, min(self._scroll + pages * page, self.view.past_rows - page))
        self.draw()

    def action_help(self) -> None:
        """Explain keys, shapes and numbers."""
        self.push_screen(HelpScreen())
