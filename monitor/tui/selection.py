"""What the user has chosen to look at: level, source, class, event. Pure but for what the keys do to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.tui.shown import ShownEvent
from monitor.tui.source_states import States
from monitor.tui.state import State
from monitor.tui.view import View


@dataclass(slots=True)
class Selection:
    """Where the user is."""

    maker: bool = False
    show_near_misses: bool = False
    class_at: int = 0
    cursor: str | None = None
    """Key of the selected row of the event list; None: classes are selected."""
    source_at: int = 0
    _followed: set[str] = field(default_factory=set)
    """Events whose source was shown when they began; `s` leads away from it again."""

    def shown(self, states: States) -> State:
        """Return the state of the source that is shown: the one chosen, or where something began to sound."""
        heard = {id_: state for id_, state in states.items() if state.health} or states
        self._follow(heard)
        found = list(heard.values())
        return found[self.source_at % len(found)] if found else State()

    def _follow(self, states: Mapping[str, State]) -> None:
        sounding = [(place, one) for place, state in enumerate(states.values()) for one in state.open_events]
        if not sounding:
            self._followed.clear()
            return
        new = [(place, one) for place, one in sounding if one.event.id not in self._followed]
        if new:
            self.source_at = max(new, key=lambda entry: _weight(entry[1]))[0]
            self._followed |= {one.event.id for _, one in new}

    def next_source(self, sources: int) -> None:
        """Show the next of so many sources."""
        self.source_at = (self.source_at + 1) % max(1, sources)

    def toggle_list(self, view: View) -> None:
        """Select among events, or among classes again."""
        rows = view.rows
        self.cursor = rows[0].key if self.cursor is None and rows else None

    def move(self, view: View, steps: int) -> None:
        """Select a row further down, or up when negative, of the list that is selected in."""
        if self.cursor is None:
            last = max(0, len(view.state.classes) - 1)
            self.class_at = min(last, max(0, view.selected_at + steps))
        else:
            self.move_event(view, steps)

    def move_event(self, view: View, steps: int) -> None:
        """Select an event further down, or up when negative."""
        rows = view.rows
        if rows:
            at = view.cursor_at
            self.cursor = rows[max(0, min((0 if at is None else at) + steps, len(rows) - 1))].key


def _weight(heard: ShownEvent) -> tuple[bool, float, int]:
    return (heard.event.urgent, *heard.order)
