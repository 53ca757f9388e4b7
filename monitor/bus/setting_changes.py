"""Who changed what in a running monitor, each change told once."""

from __future__ import annotations

from monitor.bus.messages import Change, Health


class SettingChanges:
    """Knows which changes have been told; what was changed before one joined is not news."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def news(self, health: Health) -> list[Change]:
        """Return the changes that `health` reports and no report before it."""
        last = health.changes[-1].number if health.changes else 0
        told = self._told.get(health.source_id, last)
        self._told[health.source_id] = last
        restarted = last < told
        return [change for change in health.changes if restarted or change.number > told]
