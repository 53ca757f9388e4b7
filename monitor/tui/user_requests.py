"""What the user wants of the monitor, as requests; and what somebody else wanted of it meanwhile."""

from __future__ import annotations

import os
from typing import Literal

from monitor.bus.messages import ClassState, CorrectionState, Health, Request
from monitor.bus.setting_changes import SettingChanges
from monitor.tui.connection import BusConnection
from monitor.tui.pending_thresholds import PendingThresholds
from monitor.tui.view import View
from monitor.wording import changed


class UserRequests:
    """Asks the monitor behind a connection; its answers come by what it reports, a refusal as a notice."""

    def __init__(self, connection: BusConnection) -> None:
        self._connection = connection
        self._thresholds = PendingThresholds()
        self._changes = SettingChanges()
        self._said: dict[str, CorrectionState] = {}

    def pause(self, view: View) -> None:
        """Pause, or listen again."""
        paused = bool(view.healths) and all(health.paused for health in view.healths)
        self._connection.ask(Request(request="pause", value=not paused))

    def mute(self, entry: ClassState | None) -> None:
        """Mute a class, or unmute it, at every source."""
        if entry is not None:
            self._connection.ask(Request(request="mute", class_=entry.class_, value=not entry.muted))

    def acknowledge(self, event_id: str | None = None) -> None:
        """Say that an urgent event was seen, also one that still sounds; without an id every one."""
        self._connection.ask(Request(request="acknowledge", event_id=event_id))

    def correct(self, event_id: str, said: Literal["right", "wrong", "undo"]) -> None:
        """Say that an event was right or wrong, or take back what was said."""
        self._connection.ask(Request(request="correct", event_id=event_id, value=said))

    def answered(self, state: CorrectionState, *, undone: bool) -> None:
        """Remember what was said of an event, or that it was taken back."""
        self._said.pop(state.event_id, None)
        if not undone:
            self._said[state.event_id] = state

    def said(self, event_id: str) -> CorrectionState | None:
        """Return what was said here of an event."""
        return self._said.get(event_id)

    def history(self) -> None:
        """Ask for the newest events of the history, also of earlier runs."""
        self._connection.ask(Request(request="history"))

    def move_threshold(self, view: View, steps: int) -> None:
        """Move the onset threshold of the selected class at the source that is shown; presses add up."""
        entry, health = view.selected_class, view.state.health
        if entry is None or health is None:
            return
        wanted = self._thresholds.press(health.source_id, entry, steps)
        if wanted is not None:
            source = health.source_id if view.several else None
            self._connection.ask(
                Request(request="threshold", class_=entry.class_, value=wanted, source_id=source)
            )

    def reported(self, health: Health) -> list[str]:
        """Take in what the monitor reports; return what somebody else changed, a sentence each.

        What is changed here shows by itself.
        """
        self._thresholds.reported(health.source_id, health.classes)
        own = f"(pid {os.getpid()})"
        return [f"{changed(one)}." for one in self._changes.news(health) if not one.by.endswith(own)]

    def refused(self) -> None:
        """Forget what was asked for: what is reported counts."""
        self._thresholds.refused()
