"""Notices in the corner, held back while they could cover something urgent."""

from __future__ import annotations

from collections import deque

from textual.app import App
from textual.notifications import Notification, Notify, SeverityLevel

_MOST = 8
"""Notices that wait at most; the oldest are left out."""
_LEAST_S = 0.01


class Notice(Notification):
    """A notice whose time is never less than nothing.

    Where one is over just before it is drawn, as on a busy computer, Textual sets a timer of negative length:
    that never ends, and the interface stands still for good.
    """

    @property
    def time_left(self) -> float:
        """Seconds in which it is shown."""
        return max(self._left_s, _LEAST_S)

    @property
    def has_expired(self) -> bool:
        """Whether its time is over."""
        return self._left_s <= 0.0

    @property
    def _left_s(self) -> float:
        return super().time_left


class NoticeBoard(App[None]):
    """An interface whose notices wait while something urgent sounds, or has and nobody has seen it."""

    _notes: deque[Notice]
    """The newest notices; while they are held back none that can still be read is missing."""

    def __init__(self, *, ansi_color: bool) -> None:
        super().__init__(ansi_color=ansi_color)
        self._notes = deque(maxlen=_MOST)
        self._held_back = False

    @property
    def notices_waiting(self) -> int:
        """How many notices wait."""
        return len(self._notes) if self._held_back else 0

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a notice for `timeout` seconds, from when nothing urgent is left that it could cover."""
        seconds = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        note = Notice(message, title, severity, seconds, markup=markup)
        self._notes.append(note)
        self.post_message(Notify(note))

    def hold_back(self, urgent: bool) -> None:
        """Hide all notices while there is something `urgent`; then show them for their whole time."""
        if urgent == self._held_back:
            return
        self._held_back = urgent
        self.set_class(urgent, "urgent")  # hides them, also those that are still on their way here
        notes = list(self._notes)
        self._notes.clear()
        if urgent:
            self._notes.extend(note for note in notes if not note.has_expired)
            return
        self.clear_notifications()
        for note in notes:
            self.notify(
                note.message,
                title=note.title,
                severity=note.severity,
                timeout=note.timeout,
                markup=note.markup,
            )
