"""Everything one drawing of the screen depends on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from monitor.records import ClassState
from monitor.tui.state import State

Contact = Literal["none", "alive", "gone"]
"""Whether the monitor answers: not yet, now, no longer."""


@dataclass(frozen=True, slots=True)
class View:
    """One moment, ready to be drawn."""

    state: State
    now_s: float
    """Clock of this program, seconds."""
    endpoint: str
    contact: Contact = "alive"
    contact_since_s: float = 0.0
    """Clock of this program, seconds, when `contact` last changed."""
    lost: int = 0
    """Messages this program missed."""
    malformed: int = 0
    restarts: int = 0
    selected: int = 0
    """Index into the listed classes."""
    show_near_misses: bool = False
    scroll: int = 0
    """Rows of the event list above its window."""
    mono: bool = False

    @property
    def now(self) -> datetime:
        """The time of the sound; this machine's clock until a message has come."""
        return self.state.now(self.now_s) or datetime.now(UTC)

    @property
    def hearing(self) -> bool:
        """Whether scores and open events are of this moment."""
        health = self.state.health
        return self.contact == "alive" and (health is None or health.state == "running")

    @property
    def selected_class(self) -> ClassState | None:
        """The class the keys act on; None while none is known."""
        classes = self.state.classes
        return classes[min(self.selected, len(classes) - 1)] if classes else None

    @property
    def past_rows(self) -> int:
        """Rows of the event list that scroll."""
        misses = len(self.state.near_misses) if self.show_near_misses else 0
        return len(self.state.past_events) + misses
