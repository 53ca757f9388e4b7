from __future__ import annotations

from monitor.sinks.fanout import Fanout
from monitor.sinks.held import MOST, Held
from tests.examples import event, level
from tests.fakes import Collector


def test_what_comes_while_a_sink_is_opened_again_reaches_the_new_one_in_order() -> None:
    before, held, after = Collector(), Held(), Collector()
    sinks = Fanout([before])
    sinks.emit(event("onset"))
    sinks.remove(before)
    sinks.add(held)
    sinks.emit(event("update"))
    sinks.emit(level())
    sinks.emit(event("offset"))
    held.hand_over(after)
    sinks.remove(held)
    sinks.add(after)
    sinks.emit(event("onset", id_="another"))
    assert before.records == [event("onset")]
    assert after.records == [event("update"), event("offset"), event("onset", id_="another")]


def test_what_is_too_much_is_dropped_and_stays_counted_when_it_is_gone() -> None:
    held = Held()
    sinks = Fanout([held])
    for _ in range(MOST + 3):
        sinks.emit(event("onset"))
    assert sinks.dropped == 3
    sinks.remove(held)
    assert sinks.dropped == 3
