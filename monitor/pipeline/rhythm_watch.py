"""Hears fire and CO alarms by their pattern, and says in which pattern an alarm beeps.

It looks at the sound of an event whose class is an alarm each time that it is told of. A pattern of an
alarm, once it was found, stays; anything else is told as long as nothing better is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from monitor.bus.messages import Event
from monitor.config.settings import ClassConfig, Config
from monitor.detection.rhythm import LONGEST_S, PATTERNS, Rhythm, is_alarm, rhythm_of
from monitor.names import folded_words
from monitor.pipeline.recent_sound import RecentSound
from monitor.records import ClassPrompt, Span, WindowScores
from monitor.units import seconds_to_len

_BEFORE_S = 1.0
"""Of the sound before the onset, that is looked at too."""
_LEAST_S = 3.0
"""Of a shorter sound no pattern can be told."""
_SURE_S = 9.0
"""So long an alarm that has to have a pattern may take to show it: two rounds."""
_ALARMS = frozenset({"alarm", "alarms", "detector", "beeping", "beeps"})
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
        Per class `tell`, or `require`: an event with another rhythm than an alarm's is told as no alarm.
    evident
        Classes that T3 and T4 are the sound of.
    """

    def __init__(
        self, sample_rate: int, modes: Mapping[str, str], evident: frozenset[str] = frozenset()
    ) -> None:
        self._rate = sample_rate
        self._modes = modes
        self._recent = RecentSound()
        self._found: dict[str, Rhythm] = {}
        self._evident = evident
        self._beeps = False
        self._looked = 0

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
            self._beeps = is_alarm(rhythm_of(self._recent.cut(start, score.stop), self._rate))
        if not self._beeps:
            return score
        values = {
            name: max(value, EVIDENT) if name in self._evident else value
            for name, value in score.values.items()
        }
        return msgspec.structs.replace(score, values=values)

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
        why_not = self._why_not(event, found) if mode == "require" else None
        return msgspec.structs.replace(event, rhythm=str(found), rejected_because=why_not)

    def _look(self, event: Event) -> Rhythm | None:
        known = self._found.get(event.id)
        stop = self._recent.stop if event.offset_sample is None else event.offset_sample
        start = max(0, event.onset_sample - seconds_to_len(_BEFORE_S, self._rate))
        start = max(start, stop - seconds_to_len(LONGEST_S, self._rate))
        if stop - start < _LEAST_S * self._rate:
            return known
        found = rhythm_of(self._recent.cut(start, stop), self._rate)
        if found is not None and (known is None or known.name not in PATTERNS or found.name in PATTERNS):
            self._found[event.id] = known = found
        return known

    def _why_not(self, event: Event, found: Rhythm) -> str | None:
        stop = self._recent.stop if event.offset_sample is None else event.offset_sample
        if found.name in PATTERNS or stop - event.onset_sample < _SURE_S * self._rate:
            return None
        return f"it does not beep as an alarm does: {found}"


def make_rhythm_watch(classes: Iterable[ClassPrompt], sample_rate: int, config: Config) -> RhythmWatch | None:
    """Return what tells the rhythm of the alarms among `classes`; None where there is none."""
    modes: dict[str, str] = {}
    evident: set[str] = set()
    for one in classes:
        own = config.detector.classes.get(one.name, ClassConfig()).rhythm
        words = set(folded_words(f"{one.name} {one.wording}").split())
        mode = own or ("tell" if words & _ALARMS else "ignore")
        if mode != "ignore":
            modes[one.name] = mode
            if words & _OF_PATTERNS:
                evident.add(one.name)
    return RhythmWatch(sample_rate, modes, frozenset(evident)) if modes else None
