"""The straight line of one source: spans -> windows -> embedding -> background -> score -> detector -> sinks.

One thread works it in phases: `take` what the ring holds, then `next_window` and `accept` its embedding,
again and again, so that windows of several sources can be embedded together (`batch.py`). It never waits
longer than it is told to, so that levels, health and heartbeats go out whatever the source does, and it skips
rather than queues when it is late.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.bus.messages import (
    Change,
    Event,
    Health,
    Level,
    PublishedRecord,
    Reply,
    Request,
    ScoresMessage,
    SelfTest,
)
from monitor.detection.detector import Detector
from monitor.encoders.checked import answer
from monitor.errors import ProgramError
from monitor.pipeline.acknowledgements import Acknowledgements
from monitor.pipeline.background_profile import background_profile
from monitor.pipeline.commands import Commands
from monitor.pipeline.companions import NOBODY, Companions
from monitor.pipeline.earlier_runs import EarlierRuns
from monitor.pipeline.health import HealthWatch
from monitor.pipeline.lateness import Lateness
from monitor.pipeline.reporter import Clock, Context, Reporter, Stream
from monitor.pipeline.retuning import Tuning, moved, taken_over
from monitor.pipeline.shedding import Shedding
from monitor.pipeline.stages import Input, Line, Progress, Stages
from monitor.records import (
    Embedding,
    LevelReading,
    NearMiss,
    Span,
    Stall,
    Transition,
    UnlistedSound,
    Window,
    WindowScores,
)
from monitor.scoring.scorer import Scorer
from monitor.sinks import Sink
from monitor.sinks.fanout import Fanout
from monitor.stream.ring import Ring

_READ_S = 0.25
_GATHERED_S = 0.5
"""So much sound is gathered at most before it is looked at, where nothing is decided later by it."""
_LATE_S = 3.0
"""Seconds after the last window that was passed over in which the monitor counts as late."""
_RTF_SMOOTHING = 0.05
_FAILED_S = 5.0
"""An event is not kept open by an encoder that has failed for longer."""


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
        acknowledgements: Acknowledgements | None = None,
        companions: Companions = NOBODY,
        shedding: Shedding | None = None,
        earlier: EarlierRuns | None = None,
    ) -> None:
        self._ring = ring
        self._capture = capture
        self._stages = stages
        self._sinks = sinks if isinstance(sinks, Fanout) else Fanout(sinks)
        self._companions = companions
        self._earlier = earlier
        self._acknowledgements = acknowledgements or Acknowledgements(self._sinks.emit, clock.utc)
        self._clock = clock
        self._stream = stream
        self._classes = tuple(stages.detector.rules)
        self._report = Reporter(stream, clock, stages.scorer.prompts, _urgent(stages))
        self._commands = Commands(stages.detector, stages.background, stages.calibration, clock.utc)
        self._progress = Progress()
        line = Line(ring, capture, stages, stream, clock, companions.sound_levels)
        self._lateness = Lateness(line, max_lag_s, shedding)
        self._health = HealthWatch(
            line, self._progress, self._report, self._commands, lambda: self._sinks.undelivered
        )
        self._read_len = max(1, round(_READ_S * stream.sample_rate))
        self._gathered_len = round(_GATHERED_S * stream.sample_rate)
        self._todo: deque[Span | Window | str] = deque()  # pieces, windows, and why a stretch ended
        self._share = 0.0  # of the window that was asked for last: how much of it holds sound
        self._context: Context | None = None
        self._wanted_len = 1  # what is waited for
        self._ended = False
        self._interrupted = False
        self._away = False  # lost, and what was open is ended

    @property
    def source_id(self) -> str:
        """Whose sound this is."""
        return self._stream.source_id

    @property
    def hop_len(self) -> int:
        """Samples from window to window."""
        return self._stages.windower.hop_len

    @property
    def background_mean(self) -> NDArray[np.float32]:
        """Mean embedding of what was learnt of the background, float32 (d,); zeros: nothing yet."""
        return self._stages.background.mean

    @property
    def health(self) -> Health | None:
        """What was said last of how the source is; None: nothing yet."""
        return self._health.last

    @property
    def ended(self) -> bool:
        """True once all there was has been analysed, or the source was stopped."""
        return self._ended

    @property
    def unheard(self) -> str | None:
        """How much of what could have waited was not analysed, as one sentence; None: all was."""
        if self._stream.live or not self._progress.skipped:
            return None
        skipped_s = self._progress.skipped / self._stream.sample_rate
        return (
            f"{skipped_s:.2f} s of {self._stream.source_name} were not analysed: the encoder failed on them."
        )

    @property
    def ready(self) -> bool:
        """True when there is sound to take, or the end of it."""
        return not self._ended and self._ring.ready

    @property
    def waiting_s(self) -> float:
        """Seconds of sound that have come and not been taken in, beyond what is waited for."""
        if self._ended:
            return 0.0
        return max(0, self._ring.counters().pending - self._wanted_len) / self._stream.sample_rate

    @property
    def lag_s(self) -> float | None:
        """Seconds of live sound that wait longer than they should; None: it is not live, or does not run."""
        lag_s = None if self._ended else self._lateness.lag_s
        return None if lag_s is None else max(0.0, lag_s - self._wanted_len / self._stream.sample_rate)

    @property
    def position_s(self) -> float:
        """Seconds of stream taken in so far; of a live one, seconds since it began, also while it is lost."""
        position_s = self._progress.stop / self._stream.sample_rate
        if not self._stream.live:
            return position_s
        return max(position_s, self._clock.monotonic() - self._health.started_s)

    def step(self, timeout_s: float = 0.1) -> bool:
        """Carry on alone, by one span or by nothing, waiting for the encoder; False once it has ended.

        Raises
        ------
        ProgramError
            The encoder failed.
        """
        self.read(timeout_s)
        while (window := self.next_window()) is not None:
            found = answer(self._stages.encoder, [window], self._clock.monotonic)
            if found.wrong is not None:
                raise ProgramError(f"The encoder failed: {found.wrong}.") from found.error
            self.accept(window, found.embeddings[0])
        return not self._ended

    def read(self, timeout_s: float = 0.0) -> None:
        """Begin with the next span, or the end of the stream, if either comes within `timeout_s`."""
        if self._earlier is not None:
            self._earlier.look(self._capture.status)
        span = None if self._ended else self._ring.read(max(self._read_len, self._wanted_len), timeout_s)
        if span is not None:
            self._progress.taken += len(span.samples)
            self._report.anchor(span, self._capture.status.clock_ppm)
            if self._health.last is None:
                self._report_health()  # that it listens, before anything it hears
            self._todo.extend(self._stages.windower.split(span))
        elif self._ring.ended and not self._ended:
            self._end_stretch("ended")

    def finish(self) -> None:
        """Begin with what is left: what was heard shall not go unheeded where time is up."""
        self._end_stretch("stopped")

    def next_window(self) -> Window | None:
        """Go on to the next window that the encoder is needed for; None: there is none left.

        What a window finds governs only the ticks after it, so nothing is measured before it is accepted.
        """
        while self._todo or self._newly_lost():
            match self._todo.popleft():
                case Span() as piece:
                    self._todo.extendleft(reversed(self._measure(piece)))
                case Window() as window:
                    if self._needs_encoder(window):
                        return window
                case ended_by:
                    self._close(ended_by)
                    if ended_by == "ended":
                        self._stages.meter.finish()
                        self._report_health()  # that nothing was to be heard, before the end
                        self._ended = True
                        self._health.end()
        for request in self._commands.snoozes.due():
            self.handle(request)
        self._report_health()
        self._report_clips()
        self._wanted_len = self._awaited_len()
        self._ring.want(self._wanted_len)
        return None

    def accept(self, window: Window, embedding: Embedding | None) -> None:
        """Score the window asked for last, detect, and learn from it; None: the encoder failed on it."""
        if embedding is None:
            self._skip(window)
            return
        begun = self._clock.monotonic()
        self._analyse(window, embedding.vector, self._share)
        self._progress.analysed += window.hop_len
        busy_s = embedding.took_s + self._clock.monotonic() - begun
        busy = busy_s * self._stream.sample_rate / self._stages.windower.hop_len
        before = self._progress.rtf
        self._progress.rtf += (busy - before) * (_RTF_SMOOTHING if before else 1.0)

    def tell(self, stall: Stall | None) -> None:
        """Say whether the encoder hinders, at once when that changes; also while it is waited for."""
        before, self._health.stall = self._health.stall, stall
        if stall is not None and stall.lasts_s > _FAILED_S:
            self._close("failed")
        if before is not None or stall is not None:
            self._report_health()

    def handle(self, request: Request) -> Reply:
        """Do what a local program asks: pause, mute, set a threshold, tell or forget the background."""
        if request.request == "background":
            stop = self._progress.stop
            stream = self._stream if self._earlier is None else self._earlier.stream
            profile = background_profile(self._stages, stream, self._report, stop)
            return Reply(ok=True, backgrounds=[profile])
        reply, ended = self._commands.handle(request, self._progress.stop)
        loud = self._stages.loud.end("paused", self._progress.stop) if self._stages.detector.paused else []
        self._report_all([*ended, *loud])
        if reply.ok:
            self._health.soon()
        return reply

    def score_by(self, scorer: Scorer) -> None:
        """Score by another scorer of the same classes, from the next window on."""
        scorer.corrections = self._stages.scorer.corrections
        self._stages = msgspec.structs.replace(self._stages, scorer=scorer)

    def retune(self, tuning: Tuning) -> None:
        """Go on with other classes and settings, from the next window on."""
        stop, before = self._progress.stop, self._stages
        self._report_all(before.detector.end_all_but(tuning.detector.rules, "stopped", stop))
        self._stages = taken_over(tuning, before, self._commands.set_by_hand)
        self._classes = tuple(self._stages.detector.rules)
        if self._earlier is not None:
            self._earlier.retune(self._stages)
        self._stream = moved(self._stream, tuning)
        self._report.retune(self._stream, tuning.scorer.prompts, _urgent(self._stages))
        self._commands.retune(self._stages.detector, self._stages.calibration, tuning.rethought)
        self._health.retune(self._stages, self._stream)
        if tuning.rhythms is not None and self._companions.rhythms is not None:
            tuning.rhythms.inherit(self._companions.rhythms)
        self._companions = msgspec.structs.replace(self._companions, rhythms=tuning.rhythms)
        for name, muted in tuning.muted.items():
            self._report_all(self._stages.detector.mute(name, muted, stop))
        self._health.soon()

    def keep(self, change: Change) -> None:
        """Tell with the next health, which is soon, what was changed for this source elsewhere."""
        self._commands.keep(change)
        self._health.soon()

    def tell_tested(self, test: SelfTest, failure: Sequence[Event] = ()) -> None:
        """Tell at once how the self-test is, and the event that its failure is."""
        self._health.self_test = test
        if failure or test.number:  # what an earlier run found comes with the first health
            self._health.soon()
            self._report_health()
        for event in failure:
            self._emit(event)

    def end(self, ended_by: str) -> None:
        """Hear no more: end open events, `stopped` by the user or `failed`, and say so unless told."""
        self._close(ended_by)
        if not self._ended:
            self._ended = True
            self._emit(self._health.stop(ended_by))
        self._report_clips()

    def _measure(self, piece: Span) -> list[Window]:
        """Measure a piece; return the window that it completes, if any, and one before a gap."""
        self._progress.stop = piece.start + len(piece.samples)
        self._companions.hear(piece)
        self._stages.meter.held = bool(self._stages.detector.open)
        shown = self._sinks.takes(Level)
        for level in self._stages.meter.push(piece):
            if shown:
                self._emit(self._report.level(level))
            if not self._stages.detector.paused:
                self._stages.loud.hear(level)
        return self._stages.windower.push(piece)

    def _needs_encoder(self, window: Window) -> bool:
        """Tell whether a window is to be embedded: it is not where it is late, or holds no sound."""
        if self._lateness.holds(window):
            self._progress.late_until_s = self._clock.monotonic() + _LATE_S
            self._skip(window)
            return False
        if self._stream.paced:
            self._progress.behind_s = max(0.0, self._clock.monotonic() - window.captured_s)
        self._share = self._stages.meter.sound_share(window.start, window.stop)
        if self._share == 0.0:
            self._progress.analysed += window.hop_len
            self._pass(window, self._listed(self._stages.scorer.no_sound(window.start, window.stop)))
            self._judge(window, None, sound=False)
            return False
        return True

    def _skip(self, window: Window) -> None:
        """Count what `window` was the first to hear as passed over; nothing is confirmed across it."""
        self._progress.skipped += window.hop_len
        self._interrupted = True
        self._judge(window, None)

    def _analyse(self, window: Window, vector: NDArray[np.float32], sound_share: float) -> None:
        """Score a window, detect, and learn from it; one that is partly without sound is no background."""
        background, detector = self._stages.background, self._stages.detector
        scored = self._stages.scorer.score(vector, background.estimate, window.start, window.stop)
        score = self._listed(scored)
        level = self._pass(window, score)
        self._judge(window, vector)
        self._calibrate(score, window.hop_len)
        if window.whole and sound_share == 1.0:
            best = 1.0 if detector.open else self._best(score)
            background.learn(vector, window.stop, level.activity, best)

    def _listed(self, score: WindowScores) -> WindowScores:
        """Return of the scores of all classes of the run those that this source listens for."""
        if len(self._classes) == len(score.values):
            return score
        return msgspec.structs.replace(score, values={name: score.values[name] for name in self._classes})

    def _best(self, score: WindowScores) -> float:
        """Return the highest score of a class, but of what the user takes for background if it lasts."""
        spared = self._stages.detector.overlong if self._stages.long_event_is_background else frozenset()
        return max((value for name, value in score.values.items() if name not in spared), default=0.0)

    def _pass(self, window: Window, score: WindowScores) -> LevelReading:
        """Publish a window's score, and what the detector makes of it."""
        score = self._companions.raised(score)
        background, detector = self._stages.background, self._stages.detector
        level = self._stages.meter.over(window.start, window.stop)
        scored_s = self._clock.monotonic()
        state, hearing = background.state(window.stop), self._health.heard
        self._context = Context(score, level, state, window.captured_s, scored_s, hearing)
        if self._sinks.takes(ScoresMessage):
            self._emit(self._report.scores(score))
        self._report.track(_heard(score, detector), level)
        found = detector.update(score, window.hop_len, window.discontinuous or self._interrupted)
        unlisted = [*self._stages.loud.judge(score, detector), *self._companions.unlisted(level)]
        self._report_all([*found, *unlisted])
        self._interrupted = False
        return level

    def _calibrate(self, score: WindowScores, hop_len: int) -> None:
        """Let the stream move the thresholds, where that is wanted."""
        calibration, detector = self._stages.calibration, self._stages.detector
        sounds = bool(detector.open or detector.overlong)
        if calibration is not None:
            for name, value in (calibration.learn(score, hop_len, sounds) or {}).items():
                detector.set_threshold(name, value)

    def _end_stretch(self, ended_by: str) -> None:
        """Analyse what no window has covered yet and close what is open: nothing joins two stretches."""
        self._todo.extend([*self._stages.windower.finish(), ended_by])

    def _awaited_len(self) -> int:
        """Return how many samples the next windows lack, or the next level where somebody looks at it."""
        windower, meter = self._stages.windower, self._stages.meter
        if self._sinks.takes(Level):
            return min(windower.due_len, meter.due_len)
        if self._sinks.takes(ScoresMessage):
            return windower.due_len
        spare = (self._stages.detector.windows_to_decide - 1) * windower.hop_len
        return windower.due_len + min(spare, max(0, self._gathered_len - windower.hop_len))

    def _newly_lost(self) -> bool:
        """Notice that the source was lost, and end what it brought."""
        lost = not self._ended and self._capture.status.state == "lost"
        newly, self._away = lost and not self._away, lost
        if newly:
            self._end_stretch("lost")
        return newly

    def _report_health(self) -> None:
        if (health := self._health.look()) is not None:
            self._emit(health)

    def _close(self, ended_by: str) -> None:
        """End all events that are open."""
        stop = self._progress.stop
        unlisted = [*self._stages.loud.end(ended_by, stop), *self._companions.end(ended_by, stop)]
        self._report_all([*self._stages.detector.end(ended_by, stop), *unlisted])

    def _report_all(self, found: Sequence[Transition | NearMiss | UnlistedSound]) -> None:
        for item in found:
            if self._context is None:
                continue  # nothing has been analysed, so nothing can be open
            told = self._report.told(item, self._context)
            self._emit(self._companions.follow(told) if isinstance(told, Event) else told)

    def _judge(self, window: Window, vector: NDArray[np.float32] | None, *, sound: bool = True) -> None:
        self._companions.judge(window, vector, self._context, self._report, sound)

    def _report_clips(self) -> None:
        """Let complete clips be written, and tell of those that are there."""
        for event in self._companions.clipped(self._ended):
            self._emit(event)

    def _emit(self, record: PublishedRecord) -> None:
        self._sinks.emit(self._acknowledgements.completed(record) if isinstance(record, Event) else record)


def _urgent(stages: Stages) -> frozenset[str]:
    return frozenset(name for name, rule in stages.detector.rules.items() if rule.urgent)


def _heard(score: WindowScores, detector: Detector) -> frozenset[str]:
    """Return the classes that this window still holds: those at or above their offset threshold."""
    rules = detector.rules
    return frozenset(name for name, value in score.values.items() if value >= rules[name].offset_threshold)
