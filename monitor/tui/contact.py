"""Whether there is a monitor, and since when."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from monitor.tui.view import Contact


class ContactWatch:
    """Notices when the monitor comes or goes."""

    def __init__(self) -> None:
        self.contact: Contact = "none"
        self.since_s = time.monotonic()
        """Clock of this program, seconds, when that last changed."""
        self.since = datetime.now(UTC)
        """The time of day when it did."""

    def look(self, alive: bool) -> None:
        """Take in whether the monitor gives signs of life."""
        contact: Contact = "alive" if alive else "none" if self.contact == "none" else "gone"
        if contact != self.contact:
            self.contact, self.since_s, self.since = contact, time.monotonic(), datetime.now(UTC)
