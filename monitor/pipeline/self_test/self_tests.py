"""The self-tests of all sources of a run, one after another."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.bus.messages import Reply, Request
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.self_test.rehearsal import StagesFor
from monitor.pipeline.self_test.source_test import SourceTest

_BUSY = 0.45
"""A run that works for a larger share of the time has no power for a test beside it."""


class SelfTests:
    """Those of a run; `tests`: of its live sources."""

    def __init__(self, tests: Sequence[SourceTest] = ()) -> None:
        self._tests = tuple(tests)
        self._now: SourceTest | None = None

    @property
    def copies(self) -> tuple[Pipeline, ...]:
        """Lines that are to be stepped beside the live ones."""
        copy = None if self._now is None else self._now.copy
        return () if copy is None else (copy,)

    def published_at(self, endpoint: str) -> None:
        """Follow alarms to whoever subscribes there."""
        for test in self._tests:
            test.endpoint = endpoint

    def hear_by(self, stages_for: StagesFor) -> None:
        """Hear the alarm by other settings, from the next try on."""
        for test in self._tests:
            test.stages_for = stages_for

    def step(self, lines: Sequence[Pipeline]) -> None:
        """Go on with the test that goes on, else begin one that is due, beside the live `lines`."""
        spare = _spare(lines) if self._now is None else None
        for test in self._tests if self._now is None else (self._now,):
            if test.step(spare):
                self._now = test
                return
        self._now = None

    def ask(self, request: Request) -> Reply:
        """Test the source that `request` names, or all, as soon as possible."""
        asked = [test for test in self._tests if request.source_id in {None, test.source_id}]
        if not asked:
            known = ", ".join(test.source_id for test in self._tests)
            why = f"tested are: {known}" if known else "a file, or what is read as one, is not tested"
            which = "This run" if request.source_id is None else f"The source {request.source_id!r}"
            return Reply(ok=False, error=f"{which} has no self-test; {why}.")
        for test in asked:
            test.ask(request.asker)
        return Reply(ok=True, sources=[test.source_id for test in asked])


def _spare(lines: Sequence[Pipeline]) -> str | None:
    """Return why there is no power for a test; None: there is."""
    busy = sum(line.health.rtf for line in lines if line.health is not None)
    if busy <= _BUSY:
        return None
    return f"the computer has no power to spare, it works for {100.0 * busy:.0f} % of the time"
