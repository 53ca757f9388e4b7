"""How a source is and whether it is heard, said once a second and at once when it changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from monitor.bus.messages import ClassState, Health, HearingChange, SelfTest, SoundLevel
from monitor.pipeline.commands import Commands
from monitor.pipeline.reporter import Reporter, Stream
from monitor.pipeline.stages import Line, Progress, Stages
from monitor.records import CaptureStatus, HearingState, SourceState, Stall
from monitor.stream.hearing import Circumstances, Hearing, judge
from monitor.wording import STOPPED

_EVERY_S = 1.0
_ENDINGS = {"stopped": STOPPED, "failed": "the program failed"}


class HealthWatch:
    """Judges one source and makes its health records.

    Parameters
    ----------
    line, progress
        What is judged; looked at, never changed.
    report
        Where indices become times.
    commands
        What was changed from outside.
    undelivered
        Records that sinks could not pass on.
    """

    def __init__(
        self,
        line: Line,
        progress: Progress,
        report: Reporter,
        commands: Commands,
        undelivered: Callable[[], int],
    ) -> None:
        self._line = line
        self._progress = progress
        self._report = report
        self._commands = commands
        self._undelivered = undelivered
        self.started_s = line.clock.monotonic()
        """Monotonic clock when it began."""
        self.stall: Stall | None = None
        """What keeps the encoder from answering."""
        self.self_test: SelfTest | None = None
        """The last one, or how far it is."""
        self.last: Health | None = None
        """What was said last."""
        self._due_s = self.started_s
        self._told: tuple[object, ...] = ()  # what is told at once where it changes
        self.hearing = Hearing("deaf", None)
        """Whether it is heard, as it was said last."""
        self._heard = _Heard()
        self._ended = False
        self._stopped_by: str | None = None

    @property
    def heard(self) -> HearingState:
        """Whether it is heard at this very sample: unlike what was said last, whenever that was."""
        return self._judge_hearing(*self._judge(self._line.capture.status)).state

    def retune(self, stages: Stages, stream: Stream) -> None:
        """Judge a line that goes on with other stages."""
        self._line = msgspec.structs.replace(self._line, stages=stages, stream=stream)

    def soon(self) -> None:
        """Say it with the next look: something was changed from outside."""
        self._due_s = self._line.clock.monotonic()

    def end(self) -> None:
        """Note that all there was has been analysed."""
        self._ended = True

    def stop(self, ended_by: str) -> Health:
        """Note that nothing more is heard, `stopped` by the user or `failed`, and say so."""
        self._ended, self._stopped_by = True, _ENDINGS[ended_by]
        self._note("ended", Hearing("deaf", self._stopped_by))
        return self._record("ended", self._stopped_by)

    def look(self) -> Health | None:
        """Return how the source is, where that changed or a second has passed."""
        state, reason = self._judge(self._line.capture.status)
        hearing = self._heard.settled(self._judge_hearing(state, reason))
        if hearing.state == "too_quiet":
            state, reason = "silent", hearing.reason
        now_s = self._line.clock.monotonic()
        told = (state, hearing.state, hearing.known, self._line.capture.status.warning)
        changed = told != self._told
        clock_was_set = self._report.watch_clock()
        if not (changed or clock_was_set or now_s >= self._due_s):
            return None
        self._told = told
        self._note(state, hearing)
        self._due_s = now_s + _EVERY_S
        return self._record(state, reason)

    def _note(self, state: SourceState, hearing: Hearing) -> None:
        """Keep what is told now, and what is new in it."""
        self.hearing = hearing
        if state != "starting":
            line, position_s = self._line, self._report.position_s(self._progress.stop)
            now_s = line.clock.monotonic() if position_s is None else position_s
            self._heard.note(hearing, now_s, line.clock.utc(), position_s)

    def _judge(self, status: CaptureStatus) -> tuple[SourceState, str | None]:
        if self._ended:
            return "ended", self._stopped_by or status.reason
        if status.state in {"starting", "lost"}:
            return status.state, status.reason
        if self.stall is not None:
            return "failing", self.stall.reason
        if self._line.stages.detector.paused:
            return "paused", "paused by the user"
        return "running", None

    def _judge_hearing(self, state: SourceState, reason: str | None) -> Hearing:
        detector = self._line.stages.detector
        muted = bool(detector.rules) and len(detector.muted) == len(detector.rules)
        late = self._line.clock.monotonic() < self._progress.late_until_s
        kept_quiet = self._line.capture.status.kept_quiet
        return judge(Circumstances(state, reason, late, muted, kept_quiet), self._line.stages.meter)

    def _record(self, state: SourceState, reason: str | None) -> Health:
        stages, stream, progress = self._line.stages, self._line.stream, self._progress
        status, ring = self._line.capture.status, self._line.ring.counters()
        self.last = Health(
            source_id=stream.source_id,
            source_name=stream.source_name,
            time=self._line.clock.utc(),
            state=state,
            reason=reason,
            uptime_s=round(self._line.clock.monotonic() - self.started_s, 1),
            device_sample_rate=status.device_sample_rate,
            sample_rate=stream.sample_rate,
            captured=ring.captured,
            analysed=progress.analysed,
            pending=ring.pending + progress.taken - progress.analysed - progress.skipped,
            gap=ring.gap,
            overflow=status.overflow,
            overwritten=ring.overwritten,
            skipped=progress.skipped,
            behind_s=round(progress.behind_s, 1),
            undelivered=self._undelivered(),
            invalid=status.invalid,
            reopened=status.reopened,
            clock_ppm=status.clock_ppm,
            rtf=round(progress.rtf, 4),
            model=stream.model,
            background=stages.background.state(progress.stop),
            paused=stages.detector.paused,
            paused_until=self._commands.snoozes.until(None),
            changes=self._commands.changes,
            warning=status.warning,
            calibration=None if stages.calibration is None else stages.calibration.state(),
            calibrated=stages.scorer.calibrated,
            position_s=self._report.position_s(progress.stop),
            clock_step=self._report.clock_step,
            hearing=self.hearing.state,
            hearing_reason=self.hearing.reason,
            hearing_change=self._heard.change,
            channels=status.channels,
            node=stream.node,
            classes=self._classes(),
            level_dba=self._level_dba(state),
            self_test=self.self_test,
        )
        return self.last

    def _level_dba(self, state: SourceState) -> SoundLevel | None:
        """Return how loud the last minute was; of a source that is away nobody knows it."""
        measuring = self._line.sound_levels
        return None if measuring is None or state == "lost" else measuring.last_minute

    def _classes(self) -> list[ClassState]:
        detector, scorer = self._line.stages.detector, self._line.stages.scorer
        prompts = scorer.prompts
        return [
            ClassState(
                class_=name,
                prompt=prompts[name],
                onset_threshold=round(rule.onset_threshold, 4),
                offset_threshold=round(rule.offset_threshold, 4),
                muted=name in detector.muted,
                muted_until=self._commands.snoozes.until(name),
                urgent=rule.urgent,
                label=self._report.label(name),
                set_by_hand=name in self._commands.set_by_hand,
                unknown=self._report.unknown(name) and name not in scorer.taught,
            )
            for name, rule in detector.rules.items()
        ]


class _Heard:
    """How a source has been heard, and when that changed last."""

    def __init__(self) -> None:
        self.change: HearingChange | None = None
        self._now = Hearing("good", None)
        self._since_s: float | None = None  # None: nothing has been judged

    def settled(self, hearing: Hearing) -> Hearing:
        """Return `hearing`, but with the reason it was told with, if it goes on: a level in it may waver."""
        guessed = not (hearing.known or self._now.known)
        goes_on = hearing.state == self._now.state and hearing.state != "deaf" and guessed
        return self._now if goes_on else hearing

    def note(self, hearing: Hearing, now_s: float, time: datetime, position_s: float | None) -> None:
        """Take in how it is at `now_s` on the clock of the source: of a file, its position."""
        since_s = now_s if self._since_s is None else self._since_s
        if hearing.state == self._now.state:
            self._now, self._since_s = hearing, since_s
            return
        self.change = HearingChange(
            number=1 if self.change is None else self.change.number + 1,
            time=time,
            hearing=hearing.state,
            reason=hearing.reason,
            before=self._now.state,
            before_s=round(max(0.0, now_s - since_s), 1),
            position_s=position_s,
        )
        self._now, self._since_s = hearing, now_s
