"""Everything one drawing of the screen depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from monitor.bus.messages import ClassState, Health
from monitor.tui.shown import Nearly, ShownEvent
from monitor.tui.state import State

Contact = Literal["none", "alive", "gone"]
"""Whether the monitor answers: not yet, now, no longer."""


@dataclass(frozen=True, slots=True)
class View:
    """One moment, ready to be drawn."""

    state: State
    """Of the source whose meter, spectrogram and scores are shown."""
    now_s: float
    """Clock of this program, seconds."""
    endpoint: str
    states: Mapping[str, State] = field(default_factory=dict)
    """Of all sources by id; empty where `state` is all there is."""
    contact: Contact = "alive"
    contact_since_s: float = 0.0
    """Clock of this program, seconds, when `contact` last changed."""
    contact_since: datetime | None = None
    """The time of day when it did."""
    today: date | None = None
    """The day where the reader is; what is of another day says so."""
    doing: str | None = None
    """What the monitor that shows this does before it listens; None: some other monitor is shown."""
    lost: int = 0
    """Messages this program missed."""
    malformed: int = 0
    restarts: int = 0
    selected: int = 0
    """Index into the listed classes."""
    maker: bool = False
    """Numbers, spectrogram and reasons too; else words alone."""
    show_near_misses: bool = False
    cursor: str | None = None
    """Key of the row of the event list that is selected; None: classes are."""
    mono: bool = False
    """No shades of colour: the spectrogram is drawn in characters."""
    notices_waiting: int = 0
    """Notices held back until what is urgent has been seen."""
    flashing: bool = True
    """Whether what is new in the banner flashes."""

    @property
    def everywhere(self) -> list[State]:
        """The states of all sources, also of those of an earlier run."""
        return list(self.states.values()) or [self.state]

    @property
    def healths(self) -> list[Health]:
        """The sources that the monitor listens to, in its order."""
        return [state.health for state in self.everywhere if state.health]

    @property
    def several(self) -> bool:
        """Whether it has to be said which source something is about."""
        return len(self.healths) > 1

    def tag(self, source_id: str) -> str:
        """Return the number and the name of a source; nothing where there is only one."""
        healths = self.healths
        if len(healths) <= 1:
            return ""
        for number, health in enumerate(healths, 1):
            if health.source_id == source_id:
                return f"{number} {health.source_name}"
        return f"? {source_id}"

    def state_of(self, source_id: str) -> State:
        """Return what is known of a source."""
        return self.states.get(source_id, self.state)

    @property
    def hearing(self) -> bool:
        """Whether the scores shown are of this moment."""
        return self._hears(self.state)

    def hears(self, source_id: str) -> bool:
        """Tell whether open events of a source are of this moment."""
        return self._hears(self.state_of(source_id))

    def _hears(self, state: State) -> bool:
        return self.contact == "alive" and (state.health is None or state.health.state == "running")

    @property
    def open_events(self) -> list[ShownEvent]:
        """Events of all sources that sound now, urgent ones first, then the newest."""
        sounding = [heard for state in self.everywhere for heard in state.open_events]
        return sorted(sounding, key=lambda heard: (heard.event.urgent, *heard.order), reverse=True)

    @property
    def past_events(self) -> list[ShownEvent]:
        """Events of all sources that are over, newest first."""
        past = [heard for state in self.everywhere for heard in state.past_events]
        return sorted(past, key=lambda heard: heard.order, reverse=True)

    @property
    def missed_events(self) -> list[ShownEvent]:
        """Urgent events of all sources that are over and that nobody has acknowledged, newest first."""
        return [heard for heard in self.past_events if heard.missed]

    @property
    def unseen(self) -> bool:
        """Whether there is anything urgent, sounding or over, that nobody has acknowledged."""
        sounding = (one.event for one in self.open_events)
        return bool(self.missed_events) or any(
            event.urgent and event.acknowledged_at is None for event in sounding
        )

    @property
    def near_misses(self) -> list[Nearly]:
        """What nearly fired, of all sources."""
        return [nearly for state in self.everywhere for nearly in state.near_misses]

    def lasted_s(self, heard: ShownEvent) -> float:
        """Return how long an event has lasted, seconds."""
        return self.state_of(heard.event.source_id).lasted_s(heard, self.now_s)

    def ago_s(self, heard: ShownEvent) -> float:
        """Return how long ago an event ended, seconds."""
        return self.now_s - heard.ended_s

    @property
    def selected_at(self) -> int:
        """Place of the class the keys act on."""
        return max(0, min(self.selected, len(self.state.classes) - 1))

    @property
    def selected_class(self) -> ClassState | None:
        """The class the keys act on; None while none is known."""
        classes = self.state.classes
        return classes[self.selected_at] if classes else None

    @property
    def past_rows(self) -> list[ShownEvent | Nearly]:
        """What the event list holds below what sounds now, newest first."""
        past: list[ShownEvent | Nearly] = [*self.past_events]
        if self.show_near_misses:
            past += self.near_misses
            past.sort(key=lambda row: row.listed_s, reverse=True)
        return past

    @property
    def rows(self) -> list[ShownEvent | Nearly]:
        """All of the event list."""
        return [*self.open_events, *self.past_rows]

    @property
    def cursor_at(self) -> int | None:
        """Place of the selected row; None: none is, or it is no longer listed."""
        if self.cursor is None:
            return None
        return next((at for at, row in enumerate(self.rows) if row.key == self.cursor), None)

    @property
    def muted_urgent(self) -> list[ClassState]:
        """Urgent classes that are muted at some source, each once."""
        muted = {
            entry.class_: entry for health in self.healths for entry in health.classes
            if entry.urgent and entry.muted
        }  # fmt: skip
        return list(muted.values())
