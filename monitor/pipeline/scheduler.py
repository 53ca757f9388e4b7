"""All sources of a run, turned by one thread: one encoder, the windows of all that are due handed to it.

Nobody waits for anybody: a source that is lost, late or at its end has no window due, and the others go on.
Nor does the run wait for the encoder: while it works, health goes out and requests are answered. What a step
costs beside the sound in it is paid once for each source, so many sources are stepped less often.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from monitor.bus.messages import Event, Reply, Request
from monitor.encoders.watched import AsyncEncoder
from monitor.errors import ProgramError
from monitor.pipeline.acknowledgements import Acknowledgements
from monitor.pipeline.batch import Batches
from monitor.pipeline.corrector import Corrector
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.retuning import Tuning
from monitor.pipeline.self_test.self_tests import SelfTests
from monitor.pipeline.shedding import Shedding
from monitor.pipeline.taught_classes import TaughtClasses
from monitor.records import Window
from monitor.scoring.corrections import Corrections

_LOOK_S = 0.1
"""How soon a step that has to be finished notices that the encoder fails."""
FEW = 8
"""Sources up to which each block is taken as it comes."""
_STEP_S = 0.2
"""With more of them so much sound is gathered for a step, and comes from the thread that reads a source."""
_HANDED_OVER_S = 0.05
"""Where batches gain nothing, windows for so many seconds of work are handed to the encoder together: each
hand-over wakes one thread and then another, and the answer to the first window waits for the last."""
_MOST = 64
"""Windows that are handed over together."""


class Scheduler:
    """The pipelines of a run, in the order in which its sources were named."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a run is made of
        self,
        pipelines: Sequence[Pipeline],
        encoder: AsyncEncoder,
        arrived: threading.Event,
        acknowledgements: Acknowledgements,
        taught: TaughtClasses | None = None,
        corrector: Corrector | None = None,
        shedding: Shedding | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        self_tests: SelfTests | None = None,
    ) -> None:
        """Step `pipelines`, whose rings all set `arrived`; the others are theirs together."""
        self._shedding = shedding
        self._ended_s = monotonic()  # when the last step ended
        self._monotonic = monotonic
        self._begun_s = monotonic()  # when the last step began
        self._took_s = 1.0  # of one window, at most
        self._taught = taught
        self._acknowledgements = acknowledgements
        self._corrector = corrector
        self.self_tests = self_tests or SelfTests()
        """Whether an alarm would get through."""
        self._pipelines = tuple(pipelines)
        self._encoder = encoder
        self._arrived = arrived
        self._work: Batches | None = None  # what waits for the encoder
        self._due: list[Window] = []  # what it waits for

    @property
    def ended(self) -> bool:
        """True once every source has ended."""
        return self._work is None and all(pipeline.ended for pipeline in self._pipelines)

    @property
    def unheard(self) -> str | None:
        """What was not analysed although it could have waited, in words; None: nothing."""
        return " ".join(filter(None, (pipeline.unheard for pipeline in self._pipelines))) or None

    def step(self, timeout_s: float = 0.1) -> bool:
        """Analyse what has come of each source, the same share of sound for each; False once all have ended.

        Waits, for `timeout_s` seconds at most, while there is nothing to do or the encoder works; then the
        next step goes on with the same sound.

        Raises
        ------
        ProgramError
            The encoder has failed for so long that there is no hope.
        """
        if self._work is None:
            self._gather(timeout_s)
            self._arrived.clear()
            self._look_at_lags()
            self.self_tests.step(self._pipelines)
            lines = (*self._pipelines, *self.self_tests.copies)
            few = len(self._pipelines) <= FEW  # then each block is taken as it comes
            for line in lines:
                if few or line.ready:
                    line.read()
            self._begin(lines)
        self._go_on(timeout_s)
        return not self.ended

    def handle(self, request: Request) -> Reply:
        """Do what a local program asks, for the source it names or for all."""
        if request.request == "acknowledge":
            return self._acknowledgements.handle(request)
        if request.request == "learn":
            return self._learn(request)
        if request.request == "self_test":
            return self.self_tests.ask(request)
        if self._corrector is not None and request.request in {"correct", "corrections"}:
            return self._correct(self._corrector, request)
        asked = [one for one in self._pipelines if request.source_id in {None, one.source_id}]
        if not asked:
            known = ", ".join(one.source_id for one in self._pipelines)
            return Reply(ok=False, error=f"There is no source {request.source_id!r}; there are: {known}.")
        replies = [pipeline.handle(request) for pipeline in asked]
        refused = next((reply for reply in replies if not reply.ok), None)
        return refused or Reply(
            ok=True, backgrounds=[background for reply in replies for background in reply.backgrounds]
        )

    def _learn(self, request: Request) -> Reply:
        """Score by what is taught of a class now, from the next window on."""
        if self._taught is None or not request.class_:
            return Reply(ok=False, error="Say which class was taught.")
        scorer = self._taught.take(request.class_)
        for pipeline in self._pipelines:
            pipeline.score_by(scorer)
        return Reply(ok=True)

    def _correct(self, corrector: Corrector, request: Request) -> Reply:
        """Let scores go by what is said of an event, and its source tell who said what."""
        answer = corrector.handle(request)
        for pipeline in self._pipelines:
            if answer.change is not None and pipeline.source_id == answer.source_id:
                pipeline.keep(answer.change)
        return answer.reply

    @property
    def waiting(self) -> list[Event]:
        """Urgent events that nobody has acknowledged, oldest first."""
        return self._acknowledgements.waiting

    def retune(self, tunings: Sequence[Tuning], taught: TaughtClasses, corrections: Corrections) -> None:
        """Go on with other classes and settings, a tuning for each source."""
        self._taught = taught
        if self._corrector is not None:
            self._corrector.go_by(corrections)
        for pipeline, tuning in zip(self._pipelines, tunings, strict=True):
            pipeline.retune(tuning)

    def stop_after(self, duration_s: float) -> bool:
        """Stop each source that was heard for `duration_s` seconds; True if the last one ended by it."""
        fails = self._encoder.stall is not None
        if self._work is not None and not fails:
            return False  # amid a step; the encoder will have answered soon
        due = [one for one in self._pipelines if not one.ended and one.position_s >= duration_s]
        if due and not fails:
            self._finish(due)
        elif due:
            self._drop()
        for pipeline in due:
            pipeline.end("stopped")
        return bool(due) and self.ended

    def end(self, ended_by: str) -> None:
        """Hear no more: end what is open, `stopped` by the user or `failed`, and say so."""
        if ended_by != "failed":
            self._drop()
        for pipeline in self._pipelines:
            pipeline.end(ended_by)

    def _gather(self, timeout_s: float) -> None:
        """Wait, for `timeout_s` seconds at most, until sound has come; of many sources, until enough has."""
        if self.ended:
            return
        if not any(pipeline.ready for pipeline in self._pipelines):
            self._arrived.wait(timeout_s)
        if len(self._pipelines) <= FEW or any(one.waiting_s > _STEP_S for one in self._pipelines):
            return
        pause_s = min(timeout_s, self._begun_s + _STEP_S - self._monotonic())
        if pause_s > 0.0:
            time.sleep(pause_s)

    def _look_at_lags(self) -> None:
        """Notice whether all are late together."""
        took_s, self._begun_s = self._ended_s - self._begun_s, self._monotonic()
        if self._shedding is not None:
            lags = [lag_s for one in self._pipelines if (lag_s := one.lag_s) is not None]
            self._shedding.observe(lags, took_s, self._begun_s)

    def _begin(self, pipelines: Sequence[Pipeline]) -> None:
        """Work off what `pipelines` have taken in."""
        self._work = Batches(pipelines)
        self._embed_next(self._work)

    def _go_on(self, timeout_s: float) -> None:
        """Hand the encoder's answers over and ask on, until it needs longer than `timeout_s` for one."""
        while self._work is not None:
            embeddings = self._encoder.collect(timeout_s)
            if embeddings is not None:
                self._took_s = max((one.took_s for one in embeddings if one is not None), default=1.0)
                self._work.accept(embeddings)
                self._embed_next(self._work)
            self._tell()
            if embeddings is None:
                return

    def _embed_next(self, work: Batches) -> None:
        """Give the encoder the windows that are due; the step is over where there are none."""
        self._due = work.next_windows(self._most)
        if self._due:
            self._encoder.submit(self._due)
        else:
            self._work = None
            self._ended_s = self._monotonic()

    @property
    def _most(self) -> int:
        """How many windows the encoder is handed together."""
        if self._encoder.batches:
            return _MOST
        return max(1, min(_MOST, int(_HANDED_OVER_S / max(self._took_s, 1e-6))))

    def _tell(self) -> None:
        """Let every source say how the encoder is, and end the run if there is no hope."""
        stall = self._encoder.stall
        for pipeline in self._pipelines:
            pipeline.tell(stall)
        if (sentence := self._encoder.hopeless) is not None:
            raise ProgramError(sentence)

    def _finish(self, pipelines: Sequence[Pipeline]) -> None:
        """Analyse what is left of `pipelines`, unless the encoder fails meanwhile."""
        for pipeline in pipelines:
            pipeline.finish()
        self._begin(pipelines)
        while self._work is not None:
            self._go_on(_LOOK_S)
            if self._encoder.stall is not None:
                self._drop()

    def _drop(self) -> None:
        """Wait for no embedding any more: take the work to its end without any."""
        while self._work is not None and self._due:
            self._work.accept([None] * len(self._due))
            self._due = self._work.next_windows(_MOST)
        self._work = None
