"""The straight line of one source: spans -> windows -> embedding -> background -> score -> detector -> sinks.

One thread turns it. A turn asks for the embedding of each window when it is due, so that windows of several
sources can be embedded together (`carry`). It never waits longer than it is told to, so that levels, health
and heartbeats go out whatever the source does, and it skips rather than queues when it is late.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.bus.messages import (
    BackgroundProfile,
    ClassInBackground,
    ClassState,
    Health,
    PublishedRecord,
    Reply,
    Request,
)
from monitor.detection.calibration import Calibration
from monitor.detection.detector import Detector
from monitor.encoders import Encoder
from monitor.pipeline.batch import Turn, carry
from monitor.pipeline.commands import Commands
from monitor.pipeline.reporter import Clock, Context, Reporter, Stream
from monitor.records import (
    CaptureStatus,
    LevelReading,
    NearMiss,
    SourceState,
    Span,
    Stall,
    Transition,
    Window,
    WindowScores,
)
from monitor.scoring.background import Background
from monitor.scoring.scorer import Scorer
from monitor.sinks import Sink
from monitor.sinks.fanout import Fanout
from monitor.stream.hearing import Circumstances, Hearing, judge
from monitor.stream.level import LevelMeter
from monitor.stream.ring import Ring
from monitor.stream.windows import Windower
from monitor.wording import STOPPED

_READ_S = 0.05
_HEALTH_EVERY_S = 1.0
_LATE_S = 3.0
"""Seconds after the last window that was passed over in which the monitor counts as late."""
_ENDINGS = {"stopped": STOPPED, "failed": "the program failed"}
_RTF_SMOOTHING = 0.05
_FAILED_S = 5.0
"""An event is not kept open by an encoder that has failed for longer."""
_PHRASES_OF_A_BACKGROUND = 12


class Stages(msgspec.Struct, frozen=True):
    """The stages of the line, in order."""

    meter: LevelMeter
    windower: Windower
    encoder: Encoder
    background: Background
    scorer: Scorer
    detector: Detector
    calibration: Calibration | None = None
    """None: thresholds are those of the configuration."""
    long_event_is_background: bool = False
    """Whether an event that was closed for lasting too long may be learnt."""


class Input(Protocol):
    """What fills the ring."""

    @property
    def status(self) -> CaptureStatus:
        """How the source is."""


class Pipeline:
    """Carries the stream of one source from the ring to the sinks."""

    def __init__(  # noqa: PLR0913 - the two ends, the stages between them, and three facts about the run
        self,
        *,
        ring: Ring,
        capture: Input,
        stages: Stages,
        sinks: Sequence[Sink] | Fanout,
        stream: Stream,
        clock: Clock,
        max_lag_s: float,
    ) -> None:
        self._ring = ring
        self._capture = capture
        self._stages = stages
        self._sinks = sinks if isinstance(sinks, Fanout) else Fanout(sinks)
        self._clock = clock
        self._stream = stream
        rules = stages.detector.rules
        self._prompts = stages.scorer.prompts
        urgent = frozenset(name for name, rule in rules.items() if rule.urgent)
        self._report = Reporter(stream, clock, self._prompts, urgent)
        self._read_len = max(1, round(_READ_S * stream.sample_rate))
        self._max_lag_len = round(max_lag_s * stream.sample_rate) if stream.live else None
        self._started_s = clock.monotonic()
        self._health_due_s = self._started_s
        self._state: SourceState | None = None
        self._hearing = Hearing("deaf", None)
        self._context: Context | None = None
        self._commands = Commands(stages.detector, stages.background, stages.calibration, clock.utc)
        self._stop = 0
        self._taken = 0  # samples read from the ring: analysed, skipped, or not yet either
        self._analysed = 0
        self._skipped = 0
        self._behind = False
        self._late_until_s = 0.0
        self._ended = False
        self._stopped_by: str | None = None
        self._interrupted = False
        self._away = False  # lost, and what was open is ended
        self._hindrance: Stall | None = None
        self._behind_s = 0.0
        self._rtf = 0.0

    @property
    def source_id(self) -> str:
        """Whose sound this is."""
        return self._stream.source_id

    @property
    def ended(self) -> bool:
        """True once all there was has been analysed, or the source was stopped."""
        return self._ended

    @property
    def unheard(self) -> str | None:
        """How much of what could have waited was not analysed, as one sentence; None: all was."""
        if self._stream.live or not self._skipped:
            return None
        skipped_s = self._skipped / self._stream.sample_rate
        return (
            f"{skipped_s:.2f} s of {self._stream.source_name} were not analysed: the encoder failed on them."
        )

    @property
    def ready(self) -> bool:
        """True when there is sound to take, or the end of it."""
        return not self._ended and self._ring.ready

    @property
    def position_s(self) -> float:
        """Seconds of stream taken in so far; of a live one, seconds since it began, also while it is lost."""
        position_s = self._stop / self._stream.sample_rate
        return max(position_s, self._clock.monotonic() - self._started_s) if self._stream.live else position_s

    def step(self, timeout_s: float = 0.1) -> bool:
        """Carry on alone, by one turn; return False once the stream has ended."""
        carry([self.turn(timeout_s)], self._stages.encoder, self._clock.monotonic)
        return not self._ended

    def turn(self, timeout_s: float = 0.0) -> Turn:
        """Carry on by one span, or by nothing if none comes within `timeout_s` seconds."""
        span = None if self._ended else self._ring.read(self._read_len, timeout_s)
        if span is not None:
            yield from self._take(span)
        elif self._ring.ended and not self._ended:
            yield from self._finish()
        yield from self._watch_source()

    def tell(self, stall: Stall | None) -> None:
        """Say whether the encoder hinders, at once when that changes; also while it is waited for."""
        before, self._hindrance = self._hindrance, stall
        if stall is not None and stall.lasts_s > _FAILED_S:
            self._report_all(self._stages.detector.end("failed", self._stop))
        if before is not None or stall is not None:
            self._report_health()

    def rest(self) -> Turn:
        """Analyse what no window has covered yet: what was heard shall not go unheeded where time is up."""
        yield from self._end_stretch("stopped")

    def handle(self, request: Request) -> Reply:
        """Do what a local program asks: pause, mute, set a threshold, tell or forget the background."""
        if request.request == "background":
            return Reply(ok=True, backgrounds=[self._background()])
        reply, ended = self._commands.handle(request, self._stop)
        self._report_all(ended)
        if reply.ok:
            self._health_due_s = self._clock.monotonic()
        return reply

    def end(self, ended_by: str) -> None:
        """Hear no more: end open events, `stopped` by the user or `failed`, and say so unless told."""
        self._report_all(self._stages.detector.end(ended_by, self._stop))
        if not self._ended:
            self._ended, self._stopped_by = True, _ENDINGS[ended_by]
            self._state, self._hearing = "ended", Hearing("deaf", self._stopped_by)
            self._emit(self._health("ended", self._stopped_by))

    def _take(self, span: Span) -> Turn:
        """Measure and analyse piece by piece, so that what a window finds governs only the ticks after it."""
        self._taken += len(span.samples)
        self._report.anchor(span, self._capture.status.clock_ppm)
        for piece in self._stages.windower.split(span):
            self._stop = piece.start + len(piece.samples)
            self._stages.meter.held = bool(self._stages.detector.open)
            for level in self._stages.meter.push(piece):
                self._emit(self._report.level(level))
            for window in self._stages.windower.push(piece):
                yield from self._analyse_unless_late(window)

    def _analyse_unless_late(self, window: Window) -> Turn:
        """Analyse, or skip while the ring holds more than the lag allowed; catch up to the newest window."""
        pending = self._ring.counters().pending
        if self._max_lag_len is not None:
            allowed_len = window.hop_len if self._behind else self._max_lag_len
            self._behind = pending > allowed_len + self._ahead_len()
        if self._behind:
            self._late_until_s = self._clock.monotonic() + _LATE_S
            self._skip(window)
            return
        if self._stream.paced:
            self._behind_s = max(0.0, self._clock.monotonic() - window.captured_s)
        share = self._stages.meter.sound_share(window.start, window.stop)
        if share == 0.0:
            self._analysed += window.hop_len
            self._pass(window, self._stages.scorer.no_sound(window.start, window.stop))
            return
        embedding = yield window
        if embedding is None:
            self._skip(window)
            return
        begun = self._clock.monotonic()
        self._analyse(window, embedding.vector, share)
        self._analysed += window.hop_len
        busy_s = embedding.took_s + self._clock.monotonic() - begun
        busy = busy_s * self._stream.sample_rate / self._stages.windower.hop_len
        self._rtf += (busy - self._rtf) * (_RTF_SMOOTHING if self._rtf else 1.0)

    def _skip(self, window: Window) -> None:
        """Count what `window` was the first to hear as passed over; nothing is confirmed across it."""
        self._skipped += window.hop_len
        self._interrupted = True

    def _ahead_len(self) -> int:
        """Return how many samples came before their time: a burst is late only when the next one is due."""
        due_s = self._capture.status.next_due_s
        ahead_s = 0.0 if due_s is None else max(0.0, due_s - self._clock.monotonic())
        return round(ahead_s * self._stream.sample_rate)

    def _analyse(self, window: Window, vector: NDArray[np.float32], sound_share: float) -> None:
        """Score a window, detect, and learn from it; one that is partly without sound is no background."""
        background, detector = self._stages.background, self._stages.detector
        score = self._stages.scorer.score(vector, background.estimate, window.start, window.stop)
        level = self._pass(window, score)
        self._calibrate(score, window.hop_len)
        if window.whole and sound_share == 1.0:
            best = 1.0 if detector.open else self._best(score)
            background.learn(vector, window.stop, level.activity, best)

    def _best(self, score: WindowScores) -> float:
        """Return the highest score of a class, but of what the user takes for background if it lasts."""
        spared = self._stages.detector.overlong if self._stages.long_event_is_background else frozenset()
        return max((value for name, value in score.values.items() if name not in spared), default=0.0)

    def _pass(self, window: Window, score: WindowScores) -> LevelReading:
        """Publish a window's score, and what the detector makes of it."""
        background, detector = self._stages.background, self._stages.detector
        level = self._stages.meter.over(window.start, window.stop)
        scored_s = self._clock.monotonic()
        self._context = Context(
            score, level, background.state(window.stop), window.captured_s, scored_s, self._hearing.state
        )
        self._emit(self._report.scores(score))
        self._report.track(_heard(score, detector), level)
        self._report_all(detector.update(score, window.hop_len, window.discontinuous or self._interrupted))
        self._interrupted = False
        return level

    def _calibrate(self, score: WindowScores, hop_len: int) -> None:
        """Let the stream move the thresholds, where that is wanted."""
        calibration, detector = self._stages.calibration, self._stages.detector
        sounds = bool(detector.open or detector.overlong)
        if calibration is not None:
            for name, value in (calibration.learn(score, hop_len, sounds) or {}).items():
                detector.set_threshold(name, value)

    def _background(self) -> BackgroundProfile:
        """Return what the background sounds like."""
        background, scorer = self._stages.background, self._stages.scorer
        mean, state = background.mean, background.state(self._stop)
        cosines = zip(scorer.prompts, scorer.class_cosines(mean).tolist(), strict=True)
        return BackgroundProfile(
            source_id=self._stream.source_id,
            source_name=self._stream.source_name,
            model=self._stream.model,
            state=state,
            mean=mean.tolist() if state.windows else [],
            sounds_like=scorer.sounds_like(mean, _PHRASES_OF_A_BACKGROUND),
            classes=[ClassInBackground(name, cosine, self._report.label(name)) for name, cosine in cosines],
        )

    def _finish(self) -> Turn:
        """Analyse what is left, and end what is open."""
        yield from self._end_stretch("ended")
        self._ended = True

    def _end_stretch(self, ended_by: str) -> Turn:
        """Analyse what no window has covered yet and close what is open: nothing joins two stretches."""
        for window in self._stages.windower.finish():
            yield from self._analyse_unless_late(window)
        self._report_all(self._stages.detector.end(ended_by, self._stop))

    def _watch_source(self) -> Turn:
        """Notice a lost or silent source at once; report health once a second."""
        lost = not self._ended and self._capture.status.state == "lost"
        if lost and not self._away:
            yield from self._end_stretch("lost")
        self._away = lost
        self._report_health()

    def _report_health(self) -> None:
        """Say how the source is and whether it is heard, at once when that changes, and once a second."""
        state, reason = self._judge(self._capture.status)
        hearing = self._judge_hearing(state, reason)
        if hearing.state == "too_quiet":
            state, reason = "silent", hearing.reason
        now = self._clock.monotonic()
        changed = (state, hearing.state) != (self._state, self._hearing.state)
        clock_was_set = self._report.watch_clock()
        if changed or clock_was_set or now >= self._health_due_s:
            self._state, self._hearing = state, hearing
            self._health_due_s = now + _HEALTH_EVERY_S
            self._emit(self._health(state, reason))

    def _judge(self, status: CaptureStatus) -> tuple[SourceState, str | None]:
        if self._ended:
            return "ended", self._stopped_by or status.reason
        if status.state in {"starting", "lost"}:
            return status.state, status.reason
        if self._hindrance is not None:
            return "failing", self._hindrance.reason
        if self._stages.detector.paused:
            return "paused", "paused by the user"
        return "running", None

    def _judge_hearing(self, state: SourceState, reason: str | None) -> Hearing:
        detector = self._stages.detector
        muted = bool(detector.rules) and len(detector.muted) == len(detector.rules)
        late = self._clock.monotonic() < self._late_until_s
        return judge(Circumstances(state, reason, late, muted), self._stages.meter)

    def _health(self, state: SourceState, reason: str | None) -> Health:
        status, ring, detector = self._capture.status, self._ring.counters(), self._stages.detector
        return Health(
            source_id=self._stream.source_id,
            source_name=self._stream.source_name,
            time=self._clock.utc(),
            state=state,
            reason=reason,
            uptime_s=round(self._clock.monotonic() - self._started_s, 1),
            device_sample_rate=status.device_sample_rate,
            sample_rate=self._stream.sample_rate,
            captured=ring.captured,
            analysed=self._analysed,
            pending=ring.pending + self._taken - self._analysed - self._skipped,
            gap=ring.gap,
            overflow=status.overflow,
            overwritten=ring.overwritten,
            skipped=self._skipped,
            behind_s=round(self._behind_s, 1),
            undelivered=self._sinks.undelivered,
            invalid=status.invalid,
            reopened=status.reopened,
            clock_ppm=status.clock_ppm,
            rtf=round(self._rtf, 4),
            model=self._stream.model,
            background=self._stages.background.state(self._stop),
            paused=detector.paused,
            changes=self._commands.changes,
            warning=status.warning,
            calibration=None if self._stages.calibration is None else self._stages.calibration.state(),
            calibrated=self._stages.scorer.calibrated,
            position_s=self._report.position_s(self._stop),
            clock_step=self._report.clock_step,
            hearing=self._hearing.state,
            hearing_reason=self._hearing.reason,
            channels=status.channels,
            node=self._stream.node,
            classes=[
                ClassState(
                    class_=name,
                    prompt=self._prompts[name],
                    onset_threshold=round(rule.onset_threshold, 4),
                    offset_threshold=round(rule.offset_threshold, 4),
                    muted=name in detector.muted,
                    urgent=rule.urgent,
                    label=self._report.label(name),
                )
                for name, rule in detector.rules.items()
            ],
        )

    def _report_all(self, found: Sequence[Transition | NearMiss]) -> None:
        for item in found:
            if self._context is None:
                continue  # nothing has been analysed, so nothing can be open
            if isinstance(item, Transition):
                self._emit(self._report.event(item, self._context))
            else:
                self._emit(self._report.near_miss(item, self._context))

    def _emit(self, record: PublishedRecord) -> None:
        self._sinks.emit(record)


def _heard(score: WindowScores, detector: Detector) -> frozenset[str]:
    """Return the classes that this window still holds: those at or above their offset threshold."""
    rules = detector.rules
    return frozenset(name for name, value in score.values.items() if value >= rules[name].offset_threshold)
