"""What one target is told, and when: cool-down, counts, quiet hours, repeats. Pure; the clock is given.

A sound of a class and a source that was quiet is told at once. Those that follow within the cool-down are
counted, and told as one message when it is over. What comes in quiet hours is counted until they are over.
An urgent sound that nobody acknowledges is told again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime

from monitor.bus.messages import Event
from monitor.config.settings.notify import TargetConfig
from monitor.names import folded_words
from monitor.records import LOUD_SOUND, SELF_TEST
from monitor.sinks.notify.letters import Message
from monitor.sinks.notify.moments import Moment
from monitor.sinks.notify.quiet import is_quiet
from monitor.sinks.notify.texts import of_change, of_count, of_event, of_many, of_repeat

_MISSED_S = 3600.0
"""What an earlier run told longer ago is told again by nobody: it waits in the interface."""

_FEW = 3
"""Of so many sources, each that cannot be heard is told of by itself."""


class _Repeats:
    """Urgent sounds of one class that were told and not acknowledged."""

    def __init__(self, begun_s: float, since: datetime) -> None:
        self.begun_s = begun_s
        self.since = since
        self.done = 0
        self.open: dict[str, Event] = {}


class _Group:
    """The sounds of one class at one source."""

    def __init__(self) -> None:
        self.told_s = -math.inf
        self.counted: list[Event] = []
        """Those since it was told: the first, and the last; `times` says how many."""
        self.times = 0
        self.repeats: _Repeats | None = None
        self.held: dict[str, Event] = {}
        """Urgent ones that were counted in quiet hours: their repeats begin when they are told."""


class Planner:
    """Decides for one target; records come in order."""

    def __init__(self, target: TargetConfig) -> None:
        self._target = target
        self._classes = {folded_words(name) for name in target.classes}
        self._groups: dict[tuple[str, str], _Group] = {}
        self._seen: set[str] = set()
        self._health: dict[str, Message] = {}
        self._unwell: set[str] = set()

    def take(self, event: Event, now: Moment) -> list[Message]:
        """Return what to tell at once because of `event`."""
        if event.type == "clip" or not self._concerned(event):
            return []
        if event.acknowledged_at is not None:
            self._settle(event)
            told = self._goes_on(event, now) if event.id in self._seen else []
            self._forget_ended(event)
            return told
        if event.rejected_because is not None:
            self._settle(event)
            return []
        if event.type == "missed":
            self._go_on(event, now)
            return []
        messages = []
        first = event.id not in self._seen
        if first:
            self._seen.add(event.id)
            messages += self._begin(event, now) if "onset" in self._target.messages else []
        messages += [] if messages else self._goes_on(event, now)
        self._forget_ended(event)
        return messages

    def health(self, found: Sequence[tuple[str, Message]], now: Moment) -> list[Message]:
        """Return what to tell because sources cannot be heard (an urgent message) or can again."""
        if not self._target.health or self._target.only_after:
            return []
        self._health.update((source_id, message) for source_id, message in found if self._of(source_id))
        return self._health_due(now)

    def due(self, now: Moment) -> list[Message]:
        """Return what is to be told by now: counts, repeats, and what was kept in quiet hours."""
        messages = self._health_due(now)
        for key, group in list(self._groups.items()):
            urgent = any(event.urgent for event in group.counted)
            if group.times and self._over(group, now) and not self._held(urgent, now):
                messages.append(self._count(group, now))
            messages += self._repeat(group, now)
            if not group.times and group.repeats is None and self._over(group, now):
                del self._groups[key]
        return messages

    def rest(self, now: Moment) -> list[Message]:
        """Return at the end of a run what has been counted and not told, whatever the hour."""
        return [self._count(group, now) for group in self._groups.values() if group.times]

    def _concerned(self, event: Event) -> bool:
        if not self._of(event.source_id):
            return False
        names = {folded_words(event.class_), folded_words(event.label)}
        if event.class_ == SELF_TEST:
            return self._target.health  # it is about the monitor, not about a sound somebody chose
        if event.class_ == LOUD_SOUND and not self._classes & names:
            return False  # nobody asked for whatever is loud
        return (not self._classes or bool(self._classes & names)) and (
            event.urgent or not self._target.urgent_only
        )

    def _of(self, source_id: str) -> bool:
        """Tell whether the target wants to know of this source."""
        return not self._target.sources or source_id in self._target.sources

    def _begin(self, event: Event, now: Moment) -> list[Message]:
        group = self._groups.setdefault((event.source_id, event.class_), _Group())
        held = self._held(event.urgent, now)
        if event.urgent:
            self._expect(group, event, now, held)
        if self._target.only_after:
            return []
        if held or group.times or not self._over(group, now, event.urgent):
            group.counted = [*group.counted[:1], event]
            group.times += 1
            return []
        group.told_s = now.elapsed_s
        return [of_event(event, now.time)]

    def _goes_on(self, event: Event, now: Moment) -> list[Message]:
        """Return that a sound goes on or has ended, where that is told: a lamp has to go out."""
        told = event.type in {"update", "offset"} and event.type in self._target.messages
        if not told or self._target.only_after or self._held(event.urgent, now):
            return []
        return [of_change(event, now.time)]

    def _go_on(self, event: Event, now: Moment) -> None:
        """Tell again, though not at first, of what an earlier run told a short while ago."""
        if (now.time - event.onset_time).total_seconds() < _MISSED_S:
            group = self._groups.setdefault((event.source_id, event.class_), _Group())
            self._expect(group, event, now, held=False)

    def _expect(self, group: _Group, event: Event, now: Moment, held: bool) -> None:
        """Begin to wait for an acknowledgement of an urgent event."""
        if held:
            group.held[event.id] = event
            return
        if not self._target.again_after_s:
            return
        repeats = group.repeats
        if repeats is None:
            repeats = group.repeats = _Repeats(now.elapsed_s, event.onset_time)
        repeats.open[event.id] = event

    def _settle(self, event: Event) -> None:
        """Stop telling again of an event that was acknowledged, or is no alarm after all."""
        group = self._groups.get((event.source_id, event.class_))
        if group is None:
            return
        group.held.pop(event.id, None)
        if group.repeats is not None:
            group.repeats.open.pop(event.id, None)
            if not group.repeats.open:
                group.repeats = None

    def _forget_ended(self, event: Event) -> None:
        if event.type == "offset":
            self._seen.discard(event.id)

    def _count(self, group: _Group, now: Moment) -> Message:
        first, last, times = group.counted[0], group.counted[-1], group.times
        message = of_count(last, times, first.onset_time, group.told_s > -math.inf, now.time)
        group.told_s, group.counted, group.times = now.elapsed_s, [], 0
        held, group.held = group.held, {}
        for event in held.values():
            self._expect(group, event, now, held=False)
        return message

    def _repeat(self, group: _Group, now: Moment) -> Iterator[Message]:
        """Yield at most one message, however many repeats are due."""
        repeats, after = group.repeats, self._target.again_after_s
        if repeats is None or self._held(urgent=True, now=now):
            return
        before = repeats.done
        while repeats.done < len(after) and now.elapsed_s - repeats.begun_s >= after[repeats.done]:
            repeats.done += 1
        if repeats.done > before and repeats.done >= self._target.only_after:
            last = list(repeats.open.values())[-1]
            yield of_repeat(last, tuple(repeats.open), repeats.since, now.time)
        if repeats.done >= len(after):
            group.repeats = None

    def _health_due(self, now: Moment) -> list[Message]:
        """Return the last word about each source, unless nobody was told that it could not be heard.

        Of many sources at once that is one message, which counts them.
        """
        if self._held(urgent=True, now=now):
            return []
        pending, self._health = self._health, {}
        told: dict[str, list[Message]] = {}
        for source_id, message in pending.items():
            if message.urgent or source_id in self._unwell:
                (self._unwell.add if message.urgent else self._unwell.discard)(source_id)
                told.setdefault(message.title, []).append(message)
        alike = (some if len(some) <= _FEW else [of_many(some, now.time)] for some in told.values())
        return [message for some in alike for message in some]

    def _over(self, group: _Group, now: Moment, urgent: bool | None = None) -> bool:
        """Tell whether the cool-down of a group is over; a group that has urgent sounds has theirs."""
        if urgent is None:
            urgent = any(event.urgent for event in group.counted)
        cooldown_s = self._target.urgent_cooldown_s if urgent else self._target.cooldown_s
        return now.elapsed_s - group.told_s >= cooldown_s

    def _held(self, urgent: bool, now: Moment) -> bool:
        """Tell whether nothing such is told at this hour."""
        return (not urgent or self._target.quiet_urgent) and is_quiet(self._target.quiet, now.time)
