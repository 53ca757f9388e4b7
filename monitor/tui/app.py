"""The program on the terminal: layout, and a clock that draws what the connection holds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import replace
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Container
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message

from monitor.bus.messages import Event, Health
from monitor.tui.connection import Answered, Arrived, Link, Notice, Refused
from monitor.tui.headline import Headline, headline
from monitor.tui.layout import SIDE_BY_SIDE, Wanted, rows_for, table_heights, table_widths
from monitor.tui.options import Options, theme_for
from monitor.tui.panels.alerts import alerts
from monitor.tui.parent_pipe import Orphaned, ParentPipe, Told
from monitor.tui.parts import PARTS
from monitor.tui.pointer import Pointer
from monitor.tui.readable import corrected
from monitor.tui.screens.detail import DetailScreen
from monitor.tui.screens.drawn import DrawnScreen
from monitor.tui.screens.history import HistoryScreen
from monitor.tui.strips import Panel
from monitor.tui.terminal import hung_up
from monitor.tui.themes import shaded
from monitor.tui.user_requests import UserRequests
from monitor.tui.view import View
from monitor.tui.watch import Connect, Watch

MOVING_S = 0.1
"""Seconds from one drawing to the next while something sounds or flashes."""

MAKER_S = 0.3
"""The same while only a spectrogram moves."""

CALM_S = 0.5
"""The same while nothing does."""

HANG_UP_S = 0.3
"""Seconds from a hang-up to the end."""

_LOOK_S = 1.0
"""Seconds from one look at the terminal to the next."""

NOTE_S = 30.0
"""Seconds for which a note of the monitor stays."""


class MonitorApp(Pointer):
    """Shows one running monitor and passes the user's wishes on to it."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "monitor"
    ENABLE_COMMAND_PALETTE = True

    class FromConnection(Message):
        """Something the connection wants drawn or said at once."""

        def __init__(self, notice: Notice) -> None:
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
        connect: Connect | None = None,
        parent: ParentPipe | None = None,
    ) -> None:
        """Show the monitor that `link` leads to, or the one that `parent` names and `connect` reaches."""
        self.colours = theme_for(options, os.environ)
        """The theme, one of `options.THEMES`."""
        super().__init__(ansi_color=self.colours == "16-colours")
        self.orphaned: Orphaned | None = None
        """Set once the parent is gone."""
        self._options = options
        self._parent_line = parent
        self._watch = Watch(link, options, self._post, connect)
        self.selection = self._watch.selection
        self.requests = UserRequests(self._watch.connection)
        self.panels = {}
        self._flash_from_s: float | None = None
        self._wanted = Wanted()

    @property
    def view(self) -> View:
        """What the screen shows now."""
        look = self._watch.look(mono=shaded(self.colours))
        return replace(look, notices_waiting=self.notices_waiting)

    @property
    def ends_monitor(self) -> bool:
        """Whether the monitor ends with this program, and hears something until then."""
        view = self.view
        hears = any(health.state != "ended" for health in view.healths)
        return self._parent_line is not None and view.contact == "alive" and hears

    def _post(self, notice: Notice) -> None:
        """Hand a notice from a connection's thread to the terminal's own."""
        self._hand_over(self.FromConnection(notice))

    def _hand_over(self, message: Message) -> None:
        """Post a message from another thread; after the end nobody wants it."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self.post_message(message)

    def compose(self) -> ComposeResult:
        """Yield the parts, top to bottom."""
        self.panels = {name: Panel(id=name, theme=self.colours) for name in PARTS}
        for name in ("banner", "alerts", "hearing", "meter", "spectrogram"):
            yield self.panels[name]
        with Container(id="tables"):
            yield self.panels["classes"]
            yield self.panels["events"]
        for name in ("why", "status", "footer"):
            yield self.panels[name]

    def on_mount(self) -> None:
        """Begin to read and to draw."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._end_by, signal.SIGTERM)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        self._watch.connection.start()
        if self._parent_line is not None:
            self._parent_line.start(lambda notice: self._hand_over(self.FromParent(notice)))
        self.set_interval(_LOOK_S, self._watch_terminal)
        self._tick()

    def _tick(self) -> None:
        """Draw, and again soon: sooner while something moves."""
        moving = self.draw()
        calm_s = MAKER_S if self.selection.maker else CALM_S
        self.set_timer(MOVING_S if moving else calm_s, self._tick)

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
        self._watch.connection.close()

    def on_resize(self, event: Resize) -> None:
        """Share the rows out again."""
        self._lay_out(event.size)

    def _lay_out(self, size: Size) -> None:
        rows = rows_for(size.height, self._wanted)
        main = self.screen_stack[0]  # also while something covers it
        for name in (*(name for name in PARTS if name not in {"classes", "events"}), "tables"):
            part = main.query_one(f"#{name}")
            part.styles.height = getattr(rows, name)
            part.display = getattr(rows, name) > 0
        main.query_one("#tables").set_class(size.width < SIDE_BY_SIDE, "stacked")
        widths, heights = table_widths(size.width), table_heights(size.width, rows.tables)
        for name, width, height in zip(("classes", "events"), widths, heights, strict=True):
            self.panels[name].styles.width, self.panels[name].styles.height = width, height
        self.call_after_refresh(self.draw)

    def draw(self) -> bool:
        """Show the newest state; return whether something moves."""
        if not self.screen_stack:  # on the way out
            return False
        view = self.view
        head = headline(view)
        wanted = Wanted(len(view.healths) or 1, len(alerts(view)), view.maker, head.alarm)
        if wanted != self._wanted:
            self._wanted = wanted
            self._lay_out(self.size)
        self._uncover(head)
        self.hold_back(view.unseen or head.kind == "urgent")
        for name, panel in self.panels.items():
            width, height = panel.size
            if width and height and panel.display:
                panel.show(PARTS[name](view, width, height))
        if isinstance(self.screen, DrawnScreen):
            self.screen.draw(view)
        return head.kind in {"urgent", "event"} or head.flashing(view.now_s)

    def _uncover(self, head: Headline) -> None:
        """Close whatever covers the screen when an event or a fault begins to flash in the banner."""
        began_s, self._flash_from_s = self._flash_from_s, head.flash_from_s
        if head.flash_from_s not in {None, began_s}:
            while len(self.screen_stack) > 1:
                self.pop_screen()

    def on_monitor_app_from_parent(self, message: FromParent) -> None:
        """Attach to the monitor, tell what it does, and never outlive it in silence."""
        match message.notice:
            case Orphaned():
                self.orphaned = message.notice
                self.exit(return_code=1)
            case Told() as told if note := self._watch.told(told):
                self.notify(note, timeout=NOTE_S, markup=False)
        self.draw()

    def on_monitor_app_from_connection(self, message: FromConnection) -> None:
        """Draw at once what must not wait for the clock; say what was refused."""
        match message.notice:
            case Refused(sentence, request) if request is not None and request.request == "history":
                self._history([], sentence)
            case Refused(sentence):
                self.requests.refused()
                self.notify(sentence, severity="warning", markup=False)
                return
            case Answered(request, reply) if request.request == "history":
                self._history(reply.events, "newest first")
            case Answered(request, reply) if request.request == "correct":
                for state in reply.corrections:
                    self.requests.answered(state, undone=request.value == "undo")
                    if not isinstance(self.screen, DetailScreen):  # which shows it
                        self.notify(corrected(state, undone=request.value == "undo"), markup=False)
            case Arrived(Health() as health):
                for sentence in self.requests.reported(health):
                    self.notify(sentence, markup=False)
            case Arrived(Event(type="onset")) if self._options.bell:
                self.bell()
        self.draw()

    def _history(self, events: list[Event], note: str) -> None:
        """Hand over what the history holds to whoever shows it."""
        for screen in self.screen_stack:
            if isinstance(screen, HistoryScreen):
                screen.kept(events, note)
