from __future__ import annotations

from monitor.bus.messages import Level
from monitor.sinks.fanout import Fanout
from tests.examples import health, level
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


def test_measurements_go_to_those_who_take_any_and_are_wanted_while_one_does() -> None:
    taking, other = Collector(), Raising()
    sinks = Fanout([other, taking])
    sinks.emit(level())
    assert len(taking.records) == 1
    assert sinks.failures == 0
    assert sinks.takes(Level)
    taking.measured = False
    assert not sinks.takes(Level)
    assert not Fanout([other]).takes(Level)
