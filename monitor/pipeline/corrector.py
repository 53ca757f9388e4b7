"""Somebody says that an event was right or wrong, or takes that back: the scores of a run go by it at once.

What is said of an event whose moments are remembered is kept with them, and counts in later runs with the
same model; of another event, of a file for example, it counts while the run lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from monitor.bus.messages import Change, CorrectionState, Reply, Request
from monitor.config.settings import Config
from monitor.detection.rules import is_urgent
from monitor.errors import MomentsError
from monitor.names import class_id, folded_words
from monitor.pipeline.memory import Memory
from monitor.pipeline.moment_keeper import MomentKeeper
from monitor.records import LOUD_SOUND, ClassPrompt, Correction, Moment
from monitor.scoring.corrections import Corrections, Evidence, evidence_of
from monitor.storage.moments import MOST_CORRECTIONS, MomentStore, Told, Untold

_ALARMS = frozenset(
    {"alarm", "alarms", "siren", "sirens", "smoke", "fire", "carbon", "monoxide", "detector", "gas", "scream"}
)


class _Known(NamedTuple):
    correction: Correction
    evidence: list[Evidence]
    lasting: bool


class Answer(NamedTuple):
    """What became of a request, and what was changed of which source, if anything."""

    reply: Reply
    source_id: str = ""
    change: Change | None = None


class _Event(NamedTuple):
    id: str
    class_: str
    moments: list[Moment]
    lasting: bool


def never_deaf(classes: Iterable[ClassPrompt], config: Config) -> frozenset[str]:
    """Return the classes that no correction may make deaf: urgent ones, and what is called an alarm."""
    return frozenset(
        one.name
        for one in classes
        if is_urgent(one.name, config.detector)
        or set(folded_words(f"{one.name} {one.wording}").split()) & _ALARMS
    )


class Corrector:
    """Knows what was said of events, and lets scores go by it.

    Parameters
    ----------
    corrections
        What the scorers of the run ask.
    keepers
        The moments of each source of the run.
    memory
        What is said is kept there; None: nowhere.
    utc
        The time.
    """

    def __init__(
        self,
        corrections: Corrections,
        keepers: Sequence[MomentKeeper],
        memory: Memory | None,
        utc: Callable[[], datetime],
    ) -> None:
        self._corrections = corrections
        self._keepers = keepers
        self._memory = memory
        self._utc = utc
        self._known: dict[str, _Known] = {}

    def remember(self, model: str) -> tuple[str, ...]:
        """Go by what was said in earlier runs of what `model` heard; return what to tell the user."""
        try:
            self.load(model)
        except MomentsError as error:
            return (f"What you said of earlier events does not count in this run. {error}",)
        return ()

    def load(self, model: str) -> None:
        """Go by what was said in earlier runs; raises `MomentsError` where that cannot be read."""
        if self._memory is not None:
            with self._memory.read() as store:
                self._known = {} if store is None else _stored(store, model)
            self._apply()

    def go_by(self, corrections: Corrections) -> None:
        """Let other scorers go by all that was said."""
        self._corrections = corrections
        self._apply()

    def handle(self, request: Request) -> Answer:
        """Do what is asked: `correct`, or tell of all `corrections`."""
        if request.request == "corrections":
            return Answer(Reply(ok=True, corrections=self._states(self._known.values())))
        if request.value == "undo":
            return self._undo(request)
        if request.value not in {"right", "wrong"}:
            return _refused(f"Of an event {request.value!r} cannot be said; valid: right, wrong, undo.")
        try:
            event = self._event(request.event_id)
        except MomentsError as error:
            return _refused(str(error))
        if event is None:
            return _refused(self._none(request.event_id))
        return self._tell(event, request)

    def _tell(self, event: _Event, request: Request) -> Answer:
        right, really = request.value == "right", class_id(request.class_) if request.class_ else ""
        if why_not := _nothing_said(event.class_, right, really):
            return _refused(why_not)
        first = event.moments[0]
        correction = Correction(
            event_id=event.id, class_=event.class_, right=right, really=really, source_id=first.source_id,
            model=first.model, time=self._utc(), by=request.asker,
        )  # fmt: skip
        before = self._known.get(event.id)
        known = _Known(correction, evidence_of(correction, event.moments), event.lasting)
        self._known[event.id] = known
        if len(self._known) > MOST_CORRECTIONS:
            del self._known[next(iter(self._known))]
        if event.lasting and self._memory is not None:
            self._memory.queue.emit(Told(correction))
        return self._answer(known, correction.by, None if before is None else before.correction.right, right)

    def _undo(self, request: Request) -> Answer:
        id_ = request.event_id or next(reversed(self._known), None)
        known = None if id_ is None else self._known.pop(id_, None)
        if id_ is None or known is None:
            return _refused(
                f"Nothing was said of the event {id_!r}." if id_ else "Nothing was said of any event."
            )
        if known.lasting and self._memory is not None:
            self._memory.queue.emit(Untold(id_))
        return self._answer(known, request.asker, known.correction.right, None)

    def _answer(self, known: _Known, by: str, before: bool | None, after: bool | None) -> Answer:
        self._apply()
        one = known.correction
        change = Change(
            number=0, time=self._utc(), what="correct", by=by, class_=one.class_, before=before, after=after,
            event_id=one.event_id, really=one.really or None,
        )  # fmt: skip
        return Answer(Reply(ok=True, corrections=self._states([known])), one.source_id, change)

    def _apply(self) -> None:
        self._corrections.replace([one for known in self._known.values() for one in known.evidence])

    def _event(self, event_id: str | None) -> _Event | None:
        """Return an event of this run, or of an earlier one; None: nothing is known of it."""
        here = [(event, keeper) for keeper in self._keepers if (event := keeper.event(event_id)) is not None]
        if here:
            event, keeper = max(here, key=lambda one: one[0].onset_time)
            if moments := keeper.moments(event.id):
                return _Event(event.id, event.class_, moments, keeper.lasting)
        if self._memory is None:
            return None
        with self._memory.read() as store:
            if store is None or (id_ := event_id or store.newest_event()) is None:
                return None
            kept = store.of_event(id_)
        return _Event(id_, kept[0].class_, kept, True) if kept else None

    def _none(self, event_id: str | None) -> str:
        if event_id is None:
            return "No event is known yet that could be right or wrong."
        return (
            f"Nothing is remembered of an event {event_id!r}, so that nothing can be like it; `monitor "
            "history --json` has the ids, [memory] keep says of which events something is remembered."
        )

    def _states(self, known: Iterable[_Known]) -> list[CorrectionState]:
        return [state_of(one.correction, one.evidence, self._corrections, one.lasting) for one in known]


def state_of(
    correction: Correction, evidence: list[Evidence], corrections: Corrections, lasting: bool = True
) -> CorrectionState:
    """Return what was said of an event, and what all that was said does to the same sound now."""
    effect, really_effect = (
        round(corrections.effect(name, evidence[0].vectors), 2) if evidence else 0.0
        for name in (correction.class_, correction.really)
    )
    return CorrectionState(
        event_id=correction.event_id,
        class_=correction.class_,
        right=correction.right,
        time=correction.time,
        by=correction.by,
        source_id=correction.source_id,
        effect=effect,
        really=correction.really,
        really_effect=really_effect,
        lasting=lasting,
    )


def _stored(store: MomentStore, model: str) -> dict[str, _Known]:
    """Return what was said in earlier runs of what a model heard, oldest first."""
    return {
        one.event_id: _Known(one, evidence_of(one, store.of_event(one.event_id)), True)
        for one in store.corrections(model)
    }


def _nothing_said(class_: str, right: bool, really: str) -> str | None:
    """Return why a correction would say nothing; None: it says something."""
    if right and really:
        return "An event that was right was no other class; leave out what it was, or say that it was wrong."
    if class_ == LOUD_SOUND and not really:
        return "A loud sound that nothing recognised is no class; say what it was: wrong --was NAME."
    return None if really != class_ else f"It was told as {class_}; say that it was right, or another class."


def _refused(sentence: str) -> Answer:
    return Answer(Reply(ok=False, error=sentence))
