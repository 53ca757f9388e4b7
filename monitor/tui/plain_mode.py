"""The interface as lines, for screen readers: what is new is printed, and one types a letter."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from monitor.bus.messages import Event, Health
from monitor.console import show
from monitor.names import class_id
from monitor.tui.announcer import Announcer
from monitor.tui.connection import Answered, Arrived, Link, Notice, Refused
from monitor.tui.exit_note import GONE
from monitor.tui.found_events import matching, together
from monitor.tui.options import Options
from monitor.tui.parent_pipe import Orphaned, ParentPipe, Told
from monitor.tui.readable import dated
from monitor.tui.shown import ShownEvent
from monitor.tui.user_requests import UserRequests
from monitor.tui.watch import Connect, Watch
from monitor.wording import called, clock

LOOK_S = 0.5
"""Seconds from one look for news to the next, where nothing arrives."""

_FOUND = 10
"""Events of the history that are told at once."""

HELP = """\
a        I have seen what is urgent        s        how is it now?
p        pause, listen again               h WORDS  find in the history: h dog monday
m NAME   mute a class, or hear it again    ?        this
q        quit"""


@dataclass(frozen=True, slots=True)
class Typed:
    """A line of the user; None: there will be no more."""

    text: str | None


class PlainMode:
    """Prints what is new, and does what is typed."""

    def __init__(
        self, link: Link | None, options: Options, *, connect: Connect | None, parent: ParentPipe | None
    ) -> None:
        self._arrived: queue.SimpleQueue[Notice | Told | Orphaned | Typed] = queue.SimpleQueue()
        self._watch = Watch(link, options, self._arrived.put, connect)
        self._requests = UserRequests(self._watch.connection)
        self._announcer = Announcer()
        self._bell = options.bell
        self._parent = parent
        self._confirm: tuple[str, Callable[[], None]] | None = None
        self._sought = ""
        self._status: int | None = None

    def run(self) -> int:
        """Go on until the user quits; return the exit code, 1 if the parent is gone."""
        self._watch.connection.start()
        if self._parent is not None:
            self._parent.start(self._arrived.put)
        threading.Thread(target=self._read, name="tui-typed", daemon=True).start()
        show("The interface as lines: type a letter and Enter; ? lists them.")
        try:
            while self._status is None:
                with contextlib.suppress(queue.Empty):
                    self._take(self._arrived.get(timeout=LOOK_S))
                self._say(self._announcer.news(self._watch.look()))
        finally:
            self._watch.connection.close()
        return self._status

    def _read(self) -> None:
        for line in sys.stdin:
            self._arrived.put(Typed(line.strip()))
        self._arrived.put(Typed(None))

    def _say(self, sentences: list[str]) -> None:
        for sentence in sentences:
            show(f"{clock(datetime.now(UTC))} {sentence}")

    def _take(self, notice: Notice | Told | Orphaned | Typed) -> None:
        match notice:
            case Typed(None):
                self._status = 0
            case Typed(str(text)):
                self._do(text)
            case Orphaned(time):
                self._say([f"MONITOR GONE at {time:%H:%M:%S}. {GONE}"])
                self._status = 1
            case Told():
                if note := self._watch.told(notice):
                    self._say([note])
            case Refused(sentence):
                self._requests.refused()
                self._say([sentence])
            case Answered(request, reply) if request.request == "history":
                self._found(reply.events)
            case Arrived(Health() as health):
                self._say(self._requests.reported(health))
            case Arrived(Event(type="onset")) if self._bell:
                sys.stdout.write("\a")

    def _do(self, text: str) -> None:
        """Do what was typed."""
        if self._confirm is not None:
            (question, then), self._confirm = self._confirm, None
            if text.lower() in {"y", "yes"}:
                then()
            else:
                self._say([f"{question} No."])
            return
        letter, _, rest = text.partition(" ")
        view = self._watch.look()
        match letter.lower():
            case "":
                pass
            case "a":
                self._requests.acknowledge()
            case "p":
                self._requests.pause(view)
            case "m":
                self._mute(rest)
            case "s":
                self._say(self._announcer.status(view))
            case "h":
                self._sought = rest
                self._requests.history()
            case "q":
                self._quit()
            case _:
                show(HELP)

    def _mute(self, name: str) -> None:
        classes = self._watch.look().state.classes
        found = [one for one in classes if class_id(name or "-") in {one.class_, class_id(called(one))}]
        if not found:
            self._say([f"No class {name!r}; listed: {', '.join(called(one) for one in classes)}."])
        elif found[0].urgent and not found[0].muted:
            self._ask(f"{called(found[0])} is urgent. Mute it?", lambda: self._requests.mute(found[0]))
        else:
            self._requests.mute(found[0])
            self._say([f"{called(found[0])}: {'heard again' if found[0].muted else 'muted'}."])

    def _quit(self) -> None:
        if self._parent is None or self._watch.look().contact != "alive":
            self._status = 0
        else:
            self._ask("Nothing is heard after that. End the monitor?", self._end)

    def _end(self) -> None:
        self._status = 0

    def _ask(self, question: str, then: Callable[[], None]) -> None:
        self._confirm = question, then
        self._say([f"{question} Type y or n."])

    def _found(self, events: list[Event]) -> None:
        view = self._watch.look()
        rows = matching(together(view, events, datetime.now(UTC)), self._sought)
        lines = [_row(row, view.today) for row in rows[:_FOUND]]
        show("\n".join([f"{len(rows)} found, the newest first:", *lines]))


def _row(row: ShownEvent, today: date | None) -> str:
    time = dated(row.event.onset_time, row.event.onset_position_s, today)
    state = "sounds now" if row.open else "MISSED" if row.missed else "ended"
    return f"  {time}  {called(row.event)}  {state}"
