"""What is muted or paused for a while, and when that is over. Nobody has to come back for it.

Laws: a later word about the same class, or about the pause, takes the place of an earlier one; each end comes
once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from monitor.bus.messages import Request

_BY = "the clock"
"""Who ends it."""


class Snoozes:
    """Remembers ends, by the time of day that `utc` tells, which is what the user was told."""

    def __init__(self, utc: Callable[[], datetime]) -> None:
        self._utc = utc
        self._until: dict[str | None, datetime] = {}

    def note(self, request: Request, class_: str | None) -> None:
        """Take down a `mute` of a class, or a `pause`, that was carried out."""
        self._until.pop(class_, None)
        if request.value is True and request.for_s is not None:
            self._until[class_] = self._utc() + timedelta(seconds=request.for_s)

    def until(self, class_: str | None) -> datetime | None:
        """Return when a class is heard again, or with None when the source is; None: no end was asked for."""
        return self._until.get(class_)

    def due(self) -> list[Request]:
        """Return what ends now."""
        if not self._until:
            return []
        now = self._utc()
        over = [class_ for class_, end in self._until.items() if end <= now]
        for class_ in over:
            del self._until[class_]
        return [
            Request("pause" if class_ is None else "mute", class_=class_, value=False, client=_BY)
            for class_ in over
        ]
