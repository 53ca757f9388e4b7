from __future__ import annotations

import msgspec
import pytest

from monitor.bus.liveness import STALLED_AFTER_S, STEADY_S, Liveness, truthful
from tests.examples import NOON, health


def turned(liveness: Liveness, from_s: float, seconds: float, step_every_s: float) -> list[bool]:
    """Whether it was told of at each look, four a second, of a pipeline that turns every so often."""
    told = []
    for look in range(round(seconds * 4)):
        now_s = from_s + look / 4
        liveness.look(1 + int(now_s / step_every_s), now_s)
        told.append(liveness.reason is not None)
    return told


def test_a_pipeline_that_never_turned_has_not_begun() -> None:
    liveness = Liveness()
    for look in range(100):
        liveness.look(0, look / 4)
    assert not liveness.begun
    assert liveness.reason is None


def test_a_pipeline_that_turns_is_believed() -> None:
    assert not any(turned(Liveness(), 0.0, 60.0, step_every_s=0.1))


def test_a_pipeline_that_stands_still_is_told_of_within_five_seconds() -> None:
    liveness = Liveness()
    turned(liveness, 0.0, 10.0, step_every_s=0.1)
    told = turned(liveness, 10.0, 20.0, step_every_s=1e9)
    assert told.index(True) / 4 < 5.0
    assert all(told[told.index(True) :])
    assert liveness.reason is not None
    assert liveness.reason.startswith("the program stands still: nothing has been analysed for ")


@pytest.mark.parametrize("step_every_s", [3.5, 5.0, 8.0])
def test_a_pipeline_that_is_too_slow_does_not_come_and_go(step_every_s: float) -> None:
    told = turned(Liveness(), 0.0, 120.0, step_every_s)
    assert told.index(True) / 4 < 2 * step_every_s
    assert all(told[told.index(True) :])


def test_a_pipeline_that_turns_again_is_believed_after_a_while() -> None:
    liveness = Liveness()
    turned(liveness, 0.0, 10.0, step_every_s=1e9)
    told = turned(liveness, 10.0, STEADY_S + STALLED_AFTER_S, step_every_s=0.1)
    assert told[0]
    assert not told[-1]


def test_a_program_that_was_stopped_as_a_whole_is_not_blamed() -> None:
    liveness = Liveness()
    turned(liveness, 0.0, 2.0, step_every_s=0.1)
    liveness.look(21, 62.0)  # stopped for a minute, and this thread woke up first
    assert liveness.reason is None


def test_what_stands_still_is_lost_and_what_has_ended_has_ended() -> None:
    assert truthful(health("running"), None) == health("running")
    lost = truthful(health("running"), "it hangs", NOON)
    assert (lost.state, lost.reason, lost.time) == ("lost", "it hangs", NOON)
    for state in ("lost", "ended"):
        before = msgspec.structs.replace(health("running"), state=state)
        assert truthful(before, "it hangs") == before
