"""Whether a node hears as well with new settings as it did before them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.bus.messages import Health

_FRESH_S = 5.0
"""Health comes once a second."""
_AWAY = frozenset({"lost", "ended", "starting"})
"""States in which settings can make nothing worse."""
_DEAF_S = 10.0
"""A source may be late or restart for so long."""


class Trial:
    """Judges the health of sources from `now_s` on.

    Parameters
    ----------
    before
        The last of each source, from before.
    now_s, healthy_s
        Monotonic clock; and for how many seconds it is judged.
    """

    def __init__(self, before: Mapping[str, Health], now_s: float, healthy_s: float) -> None:
        self._before = dict(before)
        self._last: dict[str, tuple[Health, float]] = {}
        self._deaf_since: dict[str, float] = {}
        self._analysed = {name: one.analysed for name, one in before.items()}
        self._begun_s, self._healthy_s = now_s, healthy_s

    def take(self, health: Health, now_s: float) -> None:
        """Take note of how a source is heard."""
        self._last[health.source_id] = (health, now_s)
        before = self._before.get(health.source_id)
        if health.hearing == "deaf" and not (before is not None and before.hearing == "deaf"):
            self._deaf_since.setdefault(health.source_id, now_s)
        else:
            self._deaf_since.pop(health.source_id, None)

    def verdict(self, now_s: float) -> str | None:
        """Return why it is worse than before; empty: it is not; None: too early to say."""
        for source_id, since_s in self._deaf_since.items():
            health = self._last[source_id][0]
            if health.state not in _AWAY and now_s - since_s >= min(_DEAF_S, self._healthy_s / 2.0):
                return (
                    f"{health.source_name} is deaf with it: {health.hearing_reason or health.reason or '?'}"
                )
        if now_s - self._begun_s < self._healthy_s:
            return None
        return next(filter(None, map(self._standing_still, self._before, [now_s] * len(self._before))), "")

    def _standing_still(self, source_id: str, now_s: float) -> str:
        """Return that a source is not analysed any more; empty: it is, or was not before either."""
        before = self._before[source_id]
        if before.state in _AWAY or before.paused:
            return ""
        health, came_s = self._last.get(source_id, (before, self._begun_s))
        if now_s - came_s > _FRESH_S:
            return f"nothing was heard of {before.source_name} with it for {now_s - came_s:.0f} s"
        if health.state not in _AWAY and not health.paused and health.analysed <= self._analysed[source_id]:
            return f"nothing of {before.source_name} was analysed with it"
        return ""
