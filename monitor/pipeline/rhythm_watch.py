"""Hears fire and CO alarms by their pattern, and says in which one an alarm, a telephone or an oven beeps.

It looks at the sound of an event whose class beeps each time that it is told of. A pattern of an alarm, once
it was found, stays; anything else is told as long as nothing better is found. Who listens for fire or CO
alarms is also told when one chirps for a new battery: without it there will be no alarm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from monitor.bus.messages import Event
from monitor.config.settings import ClassConfig, Config
from monitor.detection.cadence import cadence_of
from monitor.detection.chirps import LOOK_S as CHIRP_LOOK_S
from monitor.detection.chirps import LowBattery, chirp_in
from monitor.detection.rhythm import LONGEST_S, PATTERNS, SURE_CYCLES, Rhythm, alarm_in, rhythm_of
from monitor.detection.tones import ContrastTrack
from monitor.names import folded_words
from monitor.pipeline.recent_sound import RecentSound
from monitor.records import ALARM_LOW_BATTERY, ClassPrompt, LevelReading, Span, UnlistedSound, WindowScores
from monitor.units import seconds_to_len

_BEFORE_S = 1.0
"""Of the sound before the onset, that is looked at too."""
_LEAST_S = 3.0
"""Of a shorter sound no pattern can be told."""
_SURE_S = 9.0
"""So long an alarm that has to have a pattern may take to show it: two rounds."""
_BEEPING = frozenset({
    "alarm", "alarms", "detector", "beeping", "beeps", "telephone", "phone", "ringing", "ringtone",
    "microwave", "oven", "dishwasher", "timer",
})  # fmt: skip
"""Words of classes whose rhythm is told unless a setting says otherwise."""
_OF_PATTERNS = frozenset({"smoke", "fire", "carbon", "monoxide", "detector", "gas"})
"""Words of those whose alarms beep in T3 or T4."""
EVERY_S = 1.0
"""From one look to the next."""
EVIDENCE_S = 13.5
"""Of the sound that one looks at: two rounds."""
EVIDENT = 0.95
"""Score of an alarm whose pattern is sure."""


class RhythmWatch:
    """Adds the rhythm to the events of alarms.

    Parameters
    ----------
    sample_rate
        Hz of what is heard.
    modes
        Per class `tell`, or `require`: an event with another rhythm than an alarm's is told as no alarm; or
        the name of the rhythm that its events have to have.
    evident
        Classes that T3 and T4, or the one that its mode names, are the sound of.
    low_battery
        Whether the chirps of an alarm with a low battery are told.
    """

    def __init__(
        self,
        sample_rate: int,
        modes: Mapping[str, str],
        evident: frozenset[str] = frozenset(),
        *,
        low_battery: bool = False,
    ) -> None:
        self._rate = sample_rate
        self._modes = modes
        self._recent = RecentSound()
        self._track = ContrastTrack(sample_rate, EVIDENCE_S)
        self._found: dict[str, Rhythm] = {}
        self._evident = evident
        self._beeps: str | None = None  # the pattern of an alarm that surely sounds
        self._looked = 0
        self._battery = LowBattery(sample_rate) if low_battery else None
        self._listened = 0  # index from which on the next chirp is looked for

    def inherit(self, other: RhythmWatch) -> None:
        """Go on with what another has heard of the same source."""
        self._recent, self._found, self._looked = other._recent, other._found, other._looked
        self._listened = other._listened
        self._battery = self._battery and (other._battery or self._battery)

    def hear(self, span: Span) -> None:
        """Remember a span."""
        self._recent.hear(span)
        self._recent.forget(self._recent.stop - seconds_to_len(LONGEST_S, self._rate))

    def raised(self, score: WindowScores) -> WindowScores:
        """Return the scores of a window; of fire and CO alarms they are high while one surely beeps.

        No network is asked: what it never learnt to hear, a low sounder or four quick beeps, is heard so too.
        """
        if not self._evident:
            return score
        if score.stop - self._looked >= seconds_to_len(EVERY_S, self._rate):
            self._looked = score.stop
            start = max(0, score.stop - seconds_to_len(EVIDENCE_S, self._rate))
            found = alarm_in(self._track.over(start, score.stop, self._recent.cut))
            self._beeps = None if found is None else found.name
        if self._beeps is None:
            return score
        meant = {name for name in self._evident if self._beeps in self._wanted(name)}
        values = {
            name: max(value, EVIDENT) if name in meant else value for name, value in score.values.items()
        }
        return msgspec.structs.replace(score, values=values)

    def chirps(self, level: LevelReading) -> list[UnlistedSound]:
        """Return what to tell of an alarm that chirps for a new battery, after a window with `level`."""
        if self._battery is None:
            return []
        told: list[UnlistedSound] = []
        look, step = seconds_to_len(CHIRP_LOOK_S, self._rate), seconds_to_len(EVERY_S, self._rate)
        self._listened = max(self._listened, self._recent.stop - seconds_to_len(LONGEST_S, self._rate))
        while self._listened + look <= self._recent.stop:
            sound = self._track.over(self._listened, self._listened + look, self._recent.cut)
            found = chirp_in(sound, self._rate, self._listened)
            told += self._battery.hear(found, self._listened + look, level)
            self._listened += step
        return told

    def end(self, reason: str, stop: int) -> list[UnlistedSound]:
        """Return what is to be told at the end of a stretch of sound."""
        return [] if self._battery is None else self._battery.end(reason, stop)

    def follow(self, event: Event) -> Event:
        """Return a message of an event with its rhythm, where that is known."""
        mode = self._modes.get(event.class_)
        if mode is None or event.type == "onset":
            return event
        found = self._look(event)
        if event.type == "offset":
            self._found.pop(event.id, None)
        if found is None:
            return event
        why_not = None if mode == "tell" else self._why_not(event, found)
        return msgspec.structs.replace(event, rhythm=str(found), rejected_because=why_not)

    def _look(self, event: Event) -> Rhythm | None:
        known = self._found.get(event.id)
        stop = self._recent.stop if event.offset_sample is None else event.offset_sample
        start = max(0, event.onset_sample - seconds_to_len(_BEFORE_S, self._rate))
        start = max(start, stop - seconds_to_len(LONGEST_S, self._rate))
        if stop - start < _LEAST_S * self._rate:
            return known
        found = rhythm_of(self._recent.cut(start, stop), self._rate)
        if not _is_found(found):  # rings may be events of their own; silence tells the last beep
            start = max(0, self._recent.stop - seconds_to_len(LONGEST_S, self._rate))
            found = cadence_of(self._recent.cut(start, self._recent.stop), self._rate) or found
        if found is not None and (not _is_found(known) or found.name in PATTERNS):
            self._found[event.id] = known = found
        return known

    def _why_not(self, event: Event, found: Rhythm) -> str | None:
        stop = self._recent.stop if event.offset_sample is None else event.offset_sample
        wanted = self._wanted(event.class_)
        if found.name in wanted or stop - event.onset_sample < _SURE_S * self._rate:
            return None
        alike = (
            "an alarm does" if self._modes[event.class_] == "require" else f"asked for ({', '.join(wanted)})"
        )
        return f"it does not beep as {alike}: {found}"

    def _wanted(self, name: str) -> frozenset[str]:
        mode = self._modes[name]
        return frozenset(PATTERNS) if mode in {"tell", "require"} else frozenset({mode})


def _is_found(known: Rhythm | None) -> bool:
    """Return whether an alarm's pattern was heard more than once; three beeps alone are an oven's."""
    return known is not None and known.name in PATTERNS and known.cycles >= SURE_CYCLES


def make_rhythm_watch(classes: Sequence[ClassPrompt], sample_rate: int, config: Config) -> RhythmWatch | None:
    """Return what tells the rhythm of the alarms among `classes`; None where there is none."""
    modes: dict[str, str] = {}
    evident: set[str] = set()
    for one in classes:
        own = config.detector.classes.get(one.name, ClassConfig()).rhythm
        words = set(folded_words(f"{one.name} {one.wording}").split())
        mode = own or ("tell" if words & _BEEPING else "ignore")
        if mode != "ignore":
            modes[one.name] = mode
            if words & _OF_PATTERNS:
                evident.add(one.name)
    if not modes:
        return None
    listed = any(one.name == ALARM_LOW_BATTERY for one in classes)  # then the user means something else by it
    return RhythmWatch(sample_rate, modes, frozenset(evident), low_battery=bool(evident) and not listed)
