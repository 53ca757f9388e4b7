"""Whether the monitor can hear, as something that people are told: once for each change that lasts. Pure."""

from __future__ import annotations

from datetime import datetime

from monitor.bus.messages import Health
from monitor.sinks.notify.letters import Message
from monitor.sinks.notify.moments import Moment
from monitor.sinks.notify.texts import of_sleep, of_unwell, of_well
from monitor.wording import HEARING, SOURCE_STATE, STOPPED

_STILL = "nothing comes from the monitor any more; it hangs or has no processor time"

_TOGETHER_S = 3.0
"""Of many sources, so long is waited for others when one is to be told of: one message counts them."""
_FEW = 3
"""Sources that are not many."""
_SLEEP = "/sleep"
"""Stands for a source; no source is called so."""


class _Source:
    """What is known of one source."""

    def __init__(self, health: Health, now: Moment) -> None:
        self.health = health
        self.heard_of_s = now.awake_s
        """When something last came of it."""
        self.kind = ""
        """What is wrong with it; empty: nothing."""
        self.since_s, self.since = now.awake_s, now.time
        self.told = ""
        """The kind that was told last."""


class Wellness:
    """Turns the health of all sources into messages.

    Parameters
    ----------
    after_s
        A change that lasts shorter than this is not told.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._sources: dict[str, _Source] = {}
        self._clock_steps = 0
        self._sleep: Message | None = None
        self._due_since_s: float | None = None  # since when something waits to be told

    def take(self, health: Health, now: Moment) -> None:
        """Take note of `health`; `due` says what is to be told."""
        source = self._sources.setdefault(health.source_id, _Source(health, now))
        source.health, source.heard_of_s = health, now.awake_s
        if _as_it_should(health):
            del self._sources[health.source_id]
        else:
            _change(source, what_is_wrong(health), now)
        step = health.clock_step
        if step is not None and step.number > self._clock_steps:  # every source says so
            self._clock_steps = step.number
            if step.slept_s >= self._after_s:
                self._sleep = of_sleep(health, step, now.time)

    def due(self, now: Moment) -> list[tuple[str, Message]]:
        """Return what is to be told by now, with the source it is about."""
        found = [] if self._sleep is None else [(_SLEEP, self._sleep)]
        self._sleep = None
        due = {source_id: one for source_id, one in self._sources.items() if self._is_due(one, now)}
        if not due or self._due_since_s is None:
            self._due_since_s = now.awake_s if due else None
        waits = self._due_since_s is not None and now.awake_s - self._due_since_s < _TOGETHER_S
        if waits and _FEW < len(self._sources) != len(due):
            return found
        for source_id, source in due.items():
            source.told = source.kind
            found.append((source_id, _message(source, source.since, now)))
        self._due_since_s = None
        return found

    def _is_due(self, source: _Source, now: Moment) -> bool:
        """Notice that nothing comes of a source any more; tell whether its state is to be told by now."""
        if source.health.state != "ended" and now.awake_s - source.heard_of_s >= self._after_s:
            _change(source, _STILL, now)
        lasts = now.awake_s - source.since_s >= self._after_s or source.health.state == "ended"
        return (lasts or source.kind == _STILL) and source.kind != source.told


def what_is_wrong(health: Health) -> str:
    """Return why a source is not heard, or not well, as a clause; empty where it is."""
    if health.state in {"lost", "failing", "silent", "ended"}:
        state = SOURCE_STATE[health.state]
        return state if health.state != "ended" else "ENDED"
    return "" if health.hearing == "good" else HEARING[health.hearing]


def _as_it_should(health: Health) -> bool:
    """Tell whether a source ended as the user wanted it: then there is nothing to tell of it any more."""
    return health.state == "ended" and (health.position_s is not None or health.reason == STOPPED)


def _change(source: _Source, kind: str, now: Moment) -> None:
    if kind != source.kind:
        source.kind, source.since_s, source.since = kind, now.awake_s, now.time


def _message(source: _Source, since: datetime, now: Moment) -> Message:
    health = source.health
    if not source.kind:
        return of_well(health, since, now.time)
    reason = None if source.kind == _STILL else health.reason or health.hearing_reason
    why = f"{source.kind} ({reason.rstrip('.')})" if reason else source.kind
    return of_unwell(health, why, since, now.time)
