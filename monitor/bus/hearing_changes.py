"""When a source is heard well, badly or not at all, each change told once to who only sees health."""

from __future__ import annotations

from monitor.bus.messages import Health


class HearingChanges:
    """Knows how each source is heard; what one finds on joining is news only where it is not well."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def is_news(self, health: Health) -> bool:
        """Return whether `health` reports a change of hearing that no report before it did."""
        number = 0 if health.hearing_change is None else health.hearing_change.number
        told = self._told.get(health.source_id)
        self._told[health.source_id] = number
        return health.hearing != "good" if told is None else number != told
