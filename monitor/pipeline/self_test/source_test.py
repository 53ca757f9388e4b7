"""The self-test of one source: tries, what is told of them, and when the next one is due.

A test that fails is tried once more, so that a passing lorry alarms nobody; then it is an urgent event. A
source that cannot be tested is told of at once, and tried again each minute, for some hours; then that is an
urgent event too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from monitor.bus.messages import Health, PublishedRecord, SelfTest
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Clock, Stream
from monitor.pipeline.self_test.arrival import Arrival
from monitor.pipeline.self_test.day import Day
from monitor.pipeline.self_test.failure import failure
from monitor.pipeline.self_test.rehearsal import MakeCopy, Rehearsal, StagesFor
from monitor.pipeline.self_test.tap import Tap
from monitor.records import SelfTestState
from monitor.sources.made_alarm import BEFORE_S

_TRIES = 2
_AGAIN_S = 60.0
_SETTLED_S = 2.0 * BEFORE_S
"""A run is not tested before it has heard its place for so long."""
_DELIVERY_S = 3.0
"""A message that takes longer to a subscriber of this machine has not arrived."""


Copier = Callable[[StagesFor], MakeCopy]
"""Returns what copies the line, with stages of its own."""


class Subject(msgspec.Struct, frozen=True):
    """What is tested, and with what."""

    line: Pipeline
    """The live one."""
    stream: Stream
    tap: Tap
    copier: Copier
    arrived: threading.Event
    """Set when there is something to do."""
    clock: Clock
    keep: Callable[[str, SelfTest], None]
    """Keeps how it went for the next run."""


class SourceTest:
    """Tests one source.

    Parameters
    ----------
    stages_for
        By which the alarm is heard.
    day
        When the daily test is due; None: there is none.
    late_s
        An alarm that is told later than this has failed.
    """

    def __init__(self, subject: Subject, stages_for: StagesFor, day: Day | None, late_s: float) -> None:
        self._subject = subject
        self.stages_for = stages_for
        """By which the next try hears the alarm."""
        self._day = day
        self._late_s = late_s
        self._asked_by: str | None = None
        self._asked = False
        self._again_s = 0.0
        self._tries = 0
        self._number = 0
        self._told: SelfTest | None = None
        self._rehearsal: Rehearsal | None = None
        self._arrival: Arrival | None = None
        self.endpoint: str | None = None
        """Where the monitor publishes; None: nowhere."""

    @property
    def source_id(self) -> str:
        """Whose test it is."""
        return self._subject.line.source_id

    @property
    def copy(self) -> Pipeline | None:
        """The copy of the line that is to be stepped; None: none at present."""
        return None if self._rehearsal is None else self._rehearsal.copy

    def remember(self, earlier: SelfTest) -> None:
        """Tell how it went in an earlier run."""
        self._subject.line.tell_tested(earlier)

    def ask(self, by: str) -> None:
        """Test as soon as possible, for somebody."""
        self._asked, self._asked_by = True, by

    def step(self, spare: str | None) -> bool:
        """Begin or go on; True while the test of this source goes on.

        Parameters
        ----------
        spare
            Why the computer has no power for a test; None: it has.
        """
        if self._rehearsal is None:
            if not self._wanted():
                return False
            self._begin(spare)
        elif (why := self._unheard()) is not None:
            self._finish("untested", why)
        elif (fault := self._rehearsal.fault()) is not None:
            self._finish(*fault)
        elif self._rehearsal.event is not None:
            self._follow(self._rehearsal)
        return self._rehearsal is not None

    def _wanted(self) -> bool:
        health, now_s = self._subject.line.health, self._subject.clock.monotonic()
        if self._subject.line.ended or health is None or health.uptime_s < _SETTLED_S:
            return False
        if self._asked:
            return True
        due = self._day is not None and self._day.is_due(self._subject.clock.utc())
        return due and now_s >= self._again_s

    def _begin(self, spare: str | None, again: str | None = None) -> None:
        """Begin a test, or a try of one."""
        subject = self._subject
        if again is None:
            self._number += 1
            self._tries = 0
            self._asked_by, self._asked = (self._asked_by if self._asked else None), False
        self._tries += 1
        if (why := self._unheard() or spare) is not None:
            self._finish("untested", why)
            return
        number = self._number
        if self.endpoint is not None:
            topic = f"health/{self.source_id}/"
            self._arrival = Arrival(self.endpoint, topic, lambda record: _is_heard(record, number))
        rate = subject.stream.sample_rate
        self._rehearsal = Rehearsal(subject.copier(self.stages_for), rate, subject.arrived, subject.clock)
        subject.tap.listener = self._rehearsal.hear
        self._tell("testing", again)

    def _unheard(self) -> str | None:
        """Return why the source cannot be tested; None: it can."""
        health = self._subject.line.health
        if health is None or health.hearing not in {"deaf", "too_quiet"}:
            return None
        return health.reason or health.hearing_reason or health.state

    def _follow(self, rehearsal: Rehearsal) -> None:
        """Follow the message of an alarm that was heard."""
        if self._told is None or self._told.state != "heard":
            self._subject.tap.listener = None
            self._tell("heard")
        if self._arrival is not None:
            self._arrival.wait(0.0)
            waited_s = self._subject.clock.monotonic() - rehearsal.began_s - (rehearsal.heard_s or 0.0)
            if self._arrival.received_s is None:
                if waited_s > _DELIVERY_S:
                    self._finish("failed", "the alarm was heard, and its message reached nobody")
                return
        after_s = self._told_s() or rehearsal.heard_s or 0.0
        if after_s > self._late_s:
            self._finish("late", f"the alarm was told after {after_s:.1f} s; {self._late_s:g} s are allowed")
        else:
            self._finish("passed", None)

    def _told_s(self) -> float | None:
        if self._rehearsal is None or self._arrival is None or self._arrival.received_s is None:
            return None
        return round(self._arrival.received_s - self._rehearsal.began_s, 3)

    def _finish(self, state: SelfTestState, reason: str | None) -> None:
        """Tell how it went, or try again."""
        test = self._record(state, reason)
        self._release()
        if state == "failed" and self._tries < _TRIES:
            self._begin(None, f"tried again, {reason}")
            return
        now = self._subject.clock.utc()
        daily = test.asked_by is None and self._day is not None
        if state == "untested" and daily and self._day is not None and not self._day.is_over(now):
            self._put_off(test)
            return
        if state == "untested" and daily:
            test = msgspec.structs.replace(test, reason=f"not tested today: {reason}")
        self._conclude(test, urgent=state in {"late", "failed"} or (state == "untested" and daily))

    def _put_off(self, test: SelfTest) -> None:
        """Try it again in a minute, and say so once for each reason."""
        self._again_s = self._subject.clock.monotonic() + _AGAIN_S
        if self._told is None or (self._told.state, self._told.reason) != ("untested", test.reason):
            self._publish(test)

    def _conclude(self, test: SelfTest, urgent: bool) -> None:
        health, now = self._subject.line.health, self._subject.clock.utc()
        events = failure(health, self._subject.stream.run_id, test, now) if urgent and health else []
        self._told = test
        self._subject.line.tell_tested(test, events)
        if test.asked_by is None or test.state == "passed":
            self._subject.keep(self.source_id, test)
            if self._day is not None:
                self._day.settle(now)

    def _tell(self, state: SelfTestState, reason: str | None = None) -> None:
        self._publish(self._record(state, reason))

    def _publish(self, test: SelfTest) -> None:
        self._told = test
        self._subject.line.tell_tested(test)

    def _record(self, state: SelfTestState, reason: str | None) -> SelfTest:
        rehearsal = self._rehearsal
        event = None if rehearsal is None else rehearsal.event
        heard = state in {"heard", "passed", "late", "failed"} and event is not None
        return SelfTest(
            number=self._number,
            state=state,
            time=self._subject.clock.utc(),
            reason=reason,
            heard_s=rehearsal.heard_s if rehearsal is not None and heard else None,
            told_s=self._told_s() if heard else None,
            score=event.score if event is not None and heard else None,
            snr_db=event.snr_db if event is not None and heard else None,
            asked_by=self._asked_by,
        )

    def _release(self) -> None:
        """End the copy, and receive no more."""
        self._subject.tap.listener = None
        for one in (self._rehearsal, self._arrival):
            if one is not None:
                one.close()
        self._rehearsal = self._arrival = None


def _is_heard(record: PublishedRecord, number: int) -> bool:
    """Return whether a record says that the alarm of test `number` was heard."""
    test = record.self_test if isinstance(record, Health) else None
    return test is not None and (test.number, test.state) == (number, "heard")
