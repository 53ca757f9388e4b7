from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.sinks.mqtt.pending import Pending, State, Told

MOST = 5


def told(number: int) -> Told:
    return Told("event", "onset", str(number).encode(), 0.0)


def taken(pending: Pending) -> list[State | Told]:
    return list(iter(pending.take, None))


@given(st.lists(st.one_of(st.integers(0, 3), st.just("event"), st.just("take")), max_size=60))
def test_events_come_in_order_or_are_counted_and_of_a_state_only_the_newest(script: list[int | str]) -> None:
    pending = Pending(MOST)
    put = 0
    newest: dict[str, State] = {}
    found: list[State | Told] = []
    for act in script:
        if act == "event":
            pending.put(told(put))
            put += 1
        elif act == "take":
            found += [one for one in [pending.take()] if one is not None]
        else:
            state = State(f"topic {act}", str(len(newest)).encode())
            newest[state.topic] = state
            pending.put(state)
        assert pending.events <= MOST
    found += taken(pending)
    events = [int(one.encoded) for one in found if isinstance(one, Told)]
    assert events == sorted(set(events))
    assert len(events) + pending.dropped == put
    assert not pending
    last = {one.topic: one for one in found if isinstance(one, State)}
    assert last == newest


def test_the_oldest_events_give_way() -> None:
    pending = Pending(MOST)
    for number in range(MOST + 2):
        pending.put(told(number))
    assert [one.encoded for one in taken(pending) if isinstance(one, Told)] == [b"2", b"3", b"4", b"5", b"6"]
    assert pending.dropped == 2


def test_states_go_out_before_the_events_that_waited() -> None:
    pending = Pending()
    pending.put(told(1))
    pending.put(State("availability", b"online"))
    assert [type(one) for one in taken(pending)] == [State, Told]


def test_what_must_be_seen_is_not_replaced_by_what_follows() -> None:
    pending = Pending()
    pending.put(State("config", b"with removals", also=True))
    pending.put(State("config", b"without"))
    assert [one.payload for one in taken(pending) if isinstance(one, State)] == [b"with removals", b"without"]
