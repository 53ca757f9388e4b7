from __future__ import annotations

from monitor.sinks.fanout import Fanout
from tests.examples import health
from tests.fakes import Collector
from tests.test_faults import Raising


def test_what_a_sink_fails_on_reaches_the_others_and_is_told_once() -> None:
    before, after = Collector(), Collector()
    sinks = Fanout([before, Raising(), after])
    for _ in range(3):
        sinks.emit(health())
    sinks.close()
    assert (len(before.records), len(after.records), sinks.failures) == (3, 3, 3)
    assert sinks.news() == [
        "Raising cannot take what it is given (OSError: no space left); the rest of the program goes on."
    ]
    assert sinks.news() == []
