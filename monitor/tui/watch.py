"""One monitor as the interface follows it: what the connection holds, seen from where the user is."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from monitor.tui.connection import BusConnection, Link, Notice
from monitor.tui.contact import ContactWatch
from monitor.tui.options import Options
from monitor.tui.parent_pipe import Told
from monitor.tui.selection import Selection
from monitor.tui.view import View

Connect = Callable[[str, str | None], Link]
"""Reaches what publishes at an endpoint and answers at another, if stated."""


class Watch:
    """What there is to show, and where it comes from.

    Parameters
    ----------
    link
        Leads to the monitor; None: `connect` will, once the parent has told where.
    notify
        Called from the connection's threads; must return at once.
    """

    def __init__(
        self, link: Link | None, options: Options, notify: Callable[[Notice], None], connect: Connect | None
    ) -> None:
        self.connection = BusConnection(link, notify)
        self.selection = Selection(maker=options.maker)
        self._options = options
        self._connect = connect
        self._contact = ContactWatch()
        self._endpoint = options.endpoint
        self._control: str | None = None
        self._doing: str | None = None if link is not None else "loading the model"

    def told(self, message: Told) -> str | None:
        """Take in what the parent says; return what the user should read."""
        match message:
            case Told("doing", text):
                self._doing = text
            case Told("note", text):
                return text
            case Told("control", control):
                self._control = control
            case Told("endpoint", endpoint) if self._connect is not None:
                self._endpoint = endpoint
                self.connection.attach(self._connect(endpoint, self._control))
        return None

    def look(self, *, mono: bool = False) -> View:
        """Return what there is to show now."""
        self._contact.look(self.connection.alive())
        lost, malformed, restarts = self.connection.counters
        states, chosen = self.connection.states, self.selection
        return View(
            state=chosen.shown(states),
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
            selected=chosen.class_at,
            maker=chosen.maker,
            show_near_misses=chosen.show_near_misses,
            cursor=chosen.cursor,
            mono=mono,
            flashing=self._options.flashing,
        )
