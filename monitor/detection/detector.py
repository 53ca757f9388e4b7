"""Hysteresis per class: scores -> onset, update, offset. Pure; never edits a score; one for live and offline.

::

                 score >= onset_threshold for `confirm_s`, or by far for `sure_s`
      quiet ------------------------------------------------------------> sounding
        ^                                                                    |
        +--------------------------------------------------------------------+
                 score < offset_threshold for `min_off_s`, or `end`

An event that lasts `max_event_s` ends too, so that a noise that never ends does not hold floor and background
for ever; its class begins no other until the score has been below `offset_threshold` for `min_off_s`.

Laws: transitions of a class alternate onset, update*, offset; every onset has an offset once `end` is called.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import msgspec

from monitor.config.settings import DetectorConfig
from monitor.detection.rules import ClassRule, odds_ratio, offset_below, rule_for, sure_above
from monitor.records import NearMiss, NearMissReason, Transition, WindowScores
from monitor.units import seconds_to_len


class Detector:
    """One small state machine per listed class."""

    def __init__(
        self, classes: Sequence[str], config: DetectorConfig, sample_rate: int, window_len: int, hop_len: int
    ) -> None:
        """Listen for `classes` in scores of windows of `window_len` samples, one every `hop_len`."""
        timing = _Timing(
            window_len=window_len,
            hop_len=hop_len,
            cool_down_len=round(config.cool_down_s * sample_rate),
            update_len=seconds_to_len(config.update_every_s, sample_rate),
            max_len=round(config.max_event_s * sample_rate) or None,
            near_miss_ratio=config.near_miss_ratio,
        )
        self._machines = {
            name: _Machine(name, rule_for(name, config, sample_rate), timing) for name in classes
        }
        for name in config.muted:
            if name in self._machines:
                self._machines[name].muted = True
        self.paused = False

    @property
    def rules(self) -> dict[str, ClassRule]:
        """The rule in force per class."""
        return {name: machine.rule for name, machine in self._machines.items()}

    @property
    def muted(self) -> frozenset[str]:
        """Classes that are muted."""
        return frozenset(name for name, machine in self._machines.items() if machine.muted)

    @property
    def open(self) -> frozenset[str]:
        """Classes of which an event is open."""
        return frozenset(name for name, machine in self._machines.items() if machine.onset is not None)

    @property
    def overlong(self) -> frozenset[str]:
        """Classes that sound on after their event was closed for lasting too long."""
        return frozenset(name for name, machine in self._machines.items() if machine.overlong)

    @property
    def windows_to_decide(self) -> int:
        """Windows that may be taken in together, one at least, and nothing is decided later by it.

        While nothing sounds or is about to be confirmed, an event needs as many as its class is confirmed by.
        """
        return min((machine.windows_to_decide for machine in self._machines.values()), default=1)

    def update(
        self, score: WindowScores, hop_len: int, discontinuous: bool = False
    ) -> list[Transition | NearMiss]:
        """Take in the score of a window, the first to analyse its last `hop_len` samples.

        After a discontinuity what came before confirms nothing.
        """
        found: list[Transition | NearMiss] = []
        for machine in self._machines.values():
            if discontinuous:
                found += machine.interrupt()
            found += machine.update(score, hop_len, self.paused)
        return found

    def end(self, reason: str, stop: int) -> list[Transition | NearMiss]:
        """Close whatever is open at stream index `stop`, for `reason`."""
        return [item for machine in self._machines.values() for item in machine.end(reason, stop)]

    def inherit(self, other: Detector) -> None:
        """Go on where `other` is: what both listen for keeps its open event, its pause and its muting."""
        self.paused = other.paused
        for name, machine in self._machines.items():
            if name in other._machines:
                machine.inherit(other._machines[name])

    def end_all_but(self, kept: Collection[str], reason: str, stop: int) -> list[Transition | NearMiss]:
        """Close what is open of all classes but `kept`, at stream index `stop`."""
        gone = [machine for name, machine in self._machines.items() if name not in kept]
        return [item for machine in gone for item in machine.end(reason, stop)]

    def pause(self, paused: bool, stop: int) -> list[Transition | NearMiss]:
        """Stop or resume detecting; open events end."""
        self.paused = paused
        return self.end("paused", stop) if paused else []

    def mute(self, name: str, muted: bool, stop: int) -> list[Transition | NearMiss]:
        """Mute or unmute one class; an open event of it ends."""
        self._machines[name].muted = muted
        return self._machines[name].end("muted", stop) if muted else []

    def set_threshold(self, name: str, onset_threshold: float) -> None:
        """Change a class's onset threshold; the offset threshold keeps the ratio of its odds to its odds."""
        rule = self._machines[name].rule
        ratio = odds_ratio(rule.onset_threshold, rule.offset_threshold)
        self._machines[name].rule = msgspec.structs.replace(
            rule, onset_threshold=onset_threshold, offset_threshold=offset_below(onset_threshold, ratio)
        )


class _Timing(msgspec.Struct, frozen=True):
    window_len: int
    hop_len: int
    cool_down_len: int
    update_len: int
    max_len: int | None
    near_miss_ratio: float


class _Machine:
    """State of one class."""

    def __init__(self, name: str, rule: ClassRule, timing: _Timing) -> None:
        self.name = name
        self.rule = rule
        self.muted = False
        self.onset: int | None = None
        self.overlong = False
        self._timing = timing
        self._run = 0  # consecutive windows at or above the onset threshold
        self._run_start = 0
        self._sure_run = 0  # of them, the last ones by far above it
        self._last_active = 0
        self._last_stop = 0
        self._last_score = 0.0
        self._reported = 0
        self._peak = 0.0
        self._cool_until = 0
        self._miss: NearMiss | None = None

    @property
    def windows_to_decide(self) -> int:
        """The windows until it can tell anything at the soonest."""
        if self.onset is not None or self.overlong or self._run:
            return 1
        return max(1, math.ceil(self.rule.sure_len / self._timing.hop_len))

    def update(self, scores: WindowScores, hop_len: int, paused: bool) -> list[Transition | NearMiss]:
        score, stop = scores.values[self.name], scores.stop
        self._last_stop, self._last_score = stop, score
        if self.onset is not None:
            return self._while_sounding(score, stop)
        if self.overlong and not self._has_stopped(score, stop):
            return []
        reached = score >= self.rule.onset_threshold
        blocked = self._blocked(stop, paused)
        self._run = self._run + 1 if reached and blocked is None else 0
        self._sure_run = (
            self._sure_run + 1 if self._run and score >= sure_above(self.rule.onset_threshold) else 0
        )
        if self._run == 1:
            self._run_start = stop - hop_len
        if self._is_confirmed():
            return [self._begin(score, stop)]
        plain = scores.uncorrected.get(self.name, score)
        if not reached and plain >= self.rule.onset_threshold:
            return self._watch(plain, stop, blocked or "corrected")
        return self._watch(score, stop, blocked or ("not_confirmed" if reached else "below_threshold"))

    def end(self, reason: str, stop: int) -> list[Transition | NearMiss]:
        self.overlong = False
        sounds = self.onset is not None
        found: list[Transition | NearMiss] = [self._finish(reason, stop, self._last_score)] if sounds else []
        return found + self.interrupt()

    def inherit(self, other: _Machine) -> None:
        """Go on in the state of another machine of the same class."""
        own = {"rule", "_timing"}
        for name, value in vars(other).items():
            if name not in own:
                setattr(self, name, value)

    def interrupt(self) -> list[Transition | NearMiss]:
        missed, self._miss = self._miss, None
        self._run = self._sure_run = 0
        return [missed] if missed else []

    def _is_confirmed(self) -> bool:
        """Notice whether the score has been at the threshold, or by far above it, for long enough."""
        runs = ((self._run, self.rule.confirm_len), (self._sure_run, self.rule.sure_len))
        return any(run and run * self._timing.hop_len >= length for run, length in runs)

    def _blocked(self, stop: int, paused: bool) -> NearMissReason | None:
        if paused:
            return "paused"
        if self.muted:
            return "muted"
        return "cool_down" if stop < self._cool_until else None

    def _begin(self, score: float, stop: int) -> Transition:
        self.onset = self._run_start
        self._last_active = self._reported = stop
        self._peak = score
        self._miss = None
        return Transition("onset", self.name, self.onset, None, stop, score, score, self.rule.onset_threshold)

    def _while_sounding(self, score: float, stop: int) -> list[Transition | NearMiss]:
        assert self.onset is not None  # noqa: S101 - the caller has checked
        self._peak = max(self._peak, score)
        if score >= self.rule.offset_threshold:
            self._last_active = stop
        elif stop - self._last_active >= self.rule.min_off_len:
            return [self._finish("quiet", stop, score)]
        if self._timing.max_len is not None and stop - self.onset >= self._timing.max_len:
            self.overlong = True
            return [self._finish("overlong", stop, score)]
        if stop - self._reported >= self._timing.update_len:
            self._reported = stop
            return [
                Transition(
                    "update", self.name, self.onset, None, stop, score, self._peak, self.rule.onset_threshold
                )
            ]
        return []

    def _has_stopped(self, score: float, stop: int) -> bool:
        """Notice whether what lasted too long has been gone for as long as an event needs to end."""
        if score >= self.rule.offset_threshold:
            self._last_active = stop
        self.overlong = stop - self._last_active < self.rule.min_off_len
        return not self.overlong

    def _finish(self, reason: str, stop: int, score: float) -> Transition:
        """End the event: with the last window if that held it, else amid the last one that did.

        The last windows of a source reach beyond its end, at `stop`; no event does.
        """
        lasts = self._last_active == self._last_stop
        offset = self._last_active - (0 if lasts else self._timing.window_len // 2)
        assert self.onset is not None  # noqa: S101 - the caller has checked
        onset, self.onset = self.onset, None
        self._run = self._sure_run = 0
        self._cool_until = stop + self._timing.cool_down_len
        return Transition(
            type="offset",
            class_=self.name,
            onset_sample=onset,
            offset_sample=max(onset, min(stop, max(offset, onset + self.rule.min_on_len))),
            stop=stop,
            score=score,
            peak_score=self._peak,
            threshold=self.rule.onset_threshold,
            ended_by=reason,
        )

    def _watch(self, score: float, stop: int, reason: NearMissReason) -> list[Transition | NearMiss]:
        """Keep the peak of a resemblance; give it out when it is over."""
        if score >= self._timing.near_miss_ratio * self.rule.onset_threshold:
            if self._miss is None or score > self._miss.score:
                self._miss = NearMiss(self.name, reason, stop, score, self.rule.onset_threshold)
            return []
        missed, self._miss = self._miss, None
        return [missed] if missed else []
