"""What the mouse does: the same as keys, where one points."""

from __future__ import annotations

from monitor.tui.actions import Actions
from monitor.tui.panels.alerts import alerts
from monitor.tui.panels.classes import first_shown
from monitor.tui.panels.events import window
from monitor.tui.panels.keys import action_at
from monitor.tui.strips import Panel
from monitor.tui.view import View


class Pointer(Actions):
    """The interface as far as it is steered by mouse."""

    async def on_panel_clicked(self, message: Panel.Clicked) -> None:
        """Do what the key does that was clicked; select a class or an event; twice: show it in full."""
        view, size = self.view, self.panels[message.part].size if message.part in self.panels else None
        if size is None:
            return
        match message.part:
            case "footer" if action := action_at(view, size.width, message.x):
                await self.run_action(action)
            case "classes" if message.y:
                rows = size.height - (2 if view.maker else 1)
                self.selection.cursor = None
                self.selection.class_at = first_shown(view, rows) + message.y - 1
            case "events" if message.y:
                self._click_event(view, size.height, message)
            case "alerts" | "banner":
                self._click_alert(view, message)
        self.draw()

    def _click_event(self, view: View, height: int, message: Panel.Clicked) -> None:
        shown, _ = window(view, height - 1)
        if message.y <= len(shown):
            self.selection.cursor = shown[message.y - 1].key
            if message.twice:
                self.action_detail()

    def _click_alert(self, view: View, message: Panel.Clicked) -> None:
        """Show in full what was missed, or what the banner names."""
        bars = [kind for kind, _ in alerts(view)] if message.part == "alerts" else []
        muted = message.y < len(bars) and bars[message.y] != "missed"
        rows = view.missed_events if message.part == "alerts" and not muted else view.open_events
        if rows and not muted:
            self.show_detail(rows, 0)

    def on_panel_wheeled(self, message: Panel.Wheeled) -> None:
        """Move through the list below the pointer."""
        if message.part == "events":
            self.selection.move_event(self.view, message.steps)
        elif message.part == "classes":
            self.selection.cursor = None
            self.selection.move(self.view, message.steps)
        self.draw()
