"""Health -> what went wrong, or well again, as records for a program: all that a person is told. Pure."""

from __future__ import annotations

from monitor.bus.messages import Health, HearingChange, Trouble
from monitor.errors import MonitorError, SourceDamaged
from monitor.records import Instant
from monitor.wording import HEARING, SOURCE_STATE, STOPPED, after, clock_set, hard_of_hearing, self_tested

_WELL = {"running", "starting"}


class Troubles:
    """Remembers the health of each source, and tells what changed for the worse or back."""

    def __init__(self) -> None:
        self._before: dict[str, Health] = {}
        self._late: dict[str, bool] = {}

    def of(self, health: Health) -> list[Trouble]:
        """Return what `health` has to tell that the one before had not."""
        before = self._before.get(health.source_id)
        self._before[health.source_id] = health
        found = self._of_state(health, before)
        found += self._of_lateness(health, before)
        found += self._of_hearing(health, before)
        found += _of_text(health, "warning", health.warning, None if before is None else before.warning)
        found += _of_text(health, "channels", health.channels, None if before is None else before.channels)
        found += _of_self_test(health, before)
        step, known = health.clock_step, None if before is None else before.clock_step
        if step is not None and step != known:
            found.append(_trouble(health, "clock", f"{clock_set(step)}."))
        if before is not None and health.overflow > before.overflow:
            times = health.overflow - before.overflow
            found.append(_trouble(health, "overflow", f"The driver lost sound ({times} times)."))
        return found

    def _of_state(self, health: Health, before: Health | None) -> list[Trouble]:
        was_well = before is None or before.state in _WELL
        if health.state in _WELL:
            back = f"{health.source_name} is heard again{_after(health, before)}."
            return [] if was_well else [_trouble(health, "back", back, before)]
        same = before is not None and health.state == before.state
        as_it_should = health.position_s is not None or health.reason == STOPPED
        if same or (health.state == "ended" and as_it_should):
            return []  # a file may end, and the run says what was wrong with it
        text = health.reason or f"{health.source_name}: {SOURCE_STATE.get(health.state, health.state)}."
        return [_trouble(health, health.state, text, before)]

    def _of_hearing(self, health: Health, before: Health | None) -> list[Trouble]:
        """Tell that a source that runs is heard badly, or well again."""
        was = "good" if before is None or not hard_of_hearing(before) else before.hearing
        now = health.hearing if hard_of_hearing(health) else "good"
        if now not in {"good", was}:
            text = health.hearing_reason or f"{health.source_name}: {HEARING[now]}."
            return [_trouble(health, now, text, before)]
        if was != "good" and now == "good" and health.state == "running":
            back = f"{health.source_name} is heard well again{_after(health, before)}."
            return [_trouble(health, "back", back, before)]
        return []

    def _of_lateness(self, health: Health, before: Health | None) -> list[Trouble]:
        """Tell once that the program does not keep up, until it did for a while."""
        passed = health.skipped + health.overwritten
        late = passed > (0 if before is None else before.skipped + before.overwritten)
        known, self._late[health.source_id] = self._late.get(health.source_id, False), late
        if not late or known:
            return []
        passed_s = passed / health.sample_rate
        text = f"The program does not keep up; {passed_s:.1f} s of sound passed over so far."
        return [_trouble(health, "late", text)]


def _of_text(health: Health, kind: str, now: str | None, before: str | None) -> list[Trouble]:
    """Tell a sentence of `health` that was another before, or is no longer said."""
    if now == before:
        return []
    return [_trouble(health, kind, now) if now else _trouble(health, "resolved", f"No longer: {before}")]


def _of_self_test(health: Health, before: Health | None) -> list[Trouble]:
    """Tell once that a self-test did not pass; that it failed is an event too."""
    test = health.self_test
    if test is None or not test.number or test == (None if before is None else before.self_test):
        return []
    wrong = test.state in {"late", "failed", "untested"}
    return [_trouble(health, "self_test", f"{self_tested(test)}.")] if wrong else []


def trouble_of(error: MonitorError, time: Instant) -> Trouble:
    """Return the record of an `error` that ends a run or keeps it from beginning."""
    kind = "damaged" if isinstance(error, SourceDamaged) else "refused"
    return Trouble(kind=kind, time=time, text=str(error))


def _new(health: Health, before: Health | None) -> HearingChange | None:
    """Return how hearing has changed since the health before, if it has."""
    return health.hearing_change if before is None or health.hearing_change != before.hearing_change else None


def _after(health: Health, before: Health | None) -> str:
    return after(_new(health, before))


def _trouble(health: Health, kind: str, text: str, before: Health | None = None) -> Trouble:
    """Return the record of a trouble; where that is how a source is heard, since the health `before`."""
    change = _new(health, before) if before is not None else None
    return Trouble(
        before=None if change is None else change.before,
        before_s=None if change is None else change.before_s,
        kind=kind,
        time=health.time,
        text=text,
        source_id=health.source_id,
        source_name=health.source_name,
        position_s=health.position_s,
    )
