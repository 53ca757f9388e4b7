"""Nothing that the wire can carry, and nothing that a user can press, brings the interface down."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, get_args

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from monitor.bus.codec import Header, Message, topic_of
from monitor.bus.messages import Event, Health, Heartbeat, Level, NearMissMessage, ScoresMessage, Snapshot
from monitor.tui.app import MonitorApp
from monitor.tui.headline import headline
from monitor.tui.options import Options
from monitor.tui.parent_pipe import Told
from monitor.tui.parts import PARTS
from monitor.tui.source_states import States, after, after_restart
from monitor.tui.state import State
from monitor.tui.view import Contact, View
from tests.examples import plain_text, records

from .fakes import FakeLink, at, class_state, event, health, level, near_miss, scores, snapshot

KINDS = (Event, NearMissMessage, Level, ScoresMessage, Health, Heartbeat, Snapshot)
SOURCES = ("attic", "cellar", "鐘")


def _at_home(record: Any, source: str, samples: int) -> Any:
    """Return `record` of one of a few sources, most of its indices near one another, so that they meet."""
    near = {"source_id": source, "sample": samples, "onset_sample": samples, "id": f"e{samples % 3}"}
    known = {name: value for name, value in near.items() if name in record.__struct_fields__}
    return msgspec.structs.replace(record, **known)


anything = st.one_of([records(kind, plain_text) for kind in KINDS])
sized = st.tuples(st.integers(20, 200), st.integers(5, 60))
some = st.lists(
    st.tuples(anything, st.sampled_from(SOURCES), st.integers(-16000, 160_000), st.integers(0, 50)),
    max_size=8,
)


@given(
    arriving=some,
    size=sized,
    contact=st.sampled_from(get_args(Contact)),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    place=st.tuples(st.integers(0, 99), st.integers(0, 99)),
)
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_whatever_arrives_every_panel_fills_exactly_its_place(
    arriving: list[tuple[Any, str, int, int]],
    size: tuple[int, int],
    contact: Contact,
    flags: tuple[bool, bool, bool],
    place: tuple[int, int],
) -> None:
    states: States = {}
    for number, (record, source, samples, sequence) in enumerate(arriving):
        states = after(states, _at_home(record, source, samples), number / 7.0, sequence)
        if sequence == 50:
            states = after_restart(states)
    shown = next(iter(states.values()), State())
    near_misses, mono, starting = flags
    view = View(
        state=shown, states=states, now_s=len(arriving) / 7.0 + 1.0, endpoint="tcp://127.0.0.1:5557",
        contact=contact, selected=place[0], cursor=f"e{place[1] % 4}", show_near_misses=near_misses,
        maker=mono, mono=mono, doing="loading" if starting else None,
    )  # fmt: skip
    assert headline(view).word
    width, height = size
    for name, draw in PARTS.items():
        lines = draw(view, width, height)
        assert len(lines) == height, name
        assert {cell_len(strip.text) for strip in lines} == {width}, name


KEYS = (
    "space",
    "m",
    "plus",
    "minus",
    "n",
    "s",
    "up",
    "down",
    "pagedown",
    "pageup",
    "question_mark",
    "escape",
    "d",
    "tab",
)
CLASSES = tuple(
    class_state(f"class_{k}", threshold=k / 120, muted=k % 3 == 0, urgent=k % 5 == 0) for k in range(120)
)


def _something(dice: random.Random, seconds: float) -> Any:
    """Return a record of a monitor of which nothing can be relied on, its clock least of all."""
    name = f"class_{dice.randrange(120)}"
    onset = seconds - dice.random() * 5
    wrong_s = dice.choice([0.0, 0.0, -3600.0, 9e8])
    made: Callable[[], Any] = dice.choice(
        [
            lambda: level(seconds),
            lambda: scores(seconds, **{name: dice.random(), "class_1": dice.random()}),
            lambda: health(
                seconds, dice.choice(["running", "lost", "silent", "paused", "ended"]), classes=CLASSES
            ),
            lambda: health(seconds, classes=CLASSES[: dice.randrange(120)]),
            lambda: event("onset", name, onset=onset, urgent=dice.random() < 0.3),
            lambda: event("offset", name, onset=onset, offset=seconds, ended_by="quiet"),
            lambda: near_miss(seconds, name),
        ]
    )
    record = made()
    moved = {
        field: at(seconds + wrong_s) for field in ("time", "onset_time") if field in record.__struct_fields__
    }
    source = {"source_id": dice.choice(SOURCES)} if "source_id" in record.__struct_fields__ else {}
    return msgspec.structs.replace(record, **moved, **source)


async def test_it_survives_storms_of_records_keys_and_sizes_and_a_monitor_that_comes_and_goes() -> None:
    dice = random.Random(1)
    link = FakeLink(snapshot=snapshot(0.0))
    app = MonitorApp(link, Options("tcp://127.0.0.1:5557", bell=True))
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        for turn in range(16):
            for _ in range(20):
                record = _something(dice, turn / 3)
                header = Header(1, "fake", dice.randrange(1, 99), at(turn))
                link.messages.put(Message(topic_of(record), header, record))
            await pilot.press(*dice.sample(KEYS, 3))
            if turn % 4 == 0:
                await pilot.resize_terminal(dice.randrange(20, 201), dice.randrange(5, 61))
            link.is_alive = turn % 10 != 9
            link.restarts += turn % 15 == 14
            link.lost += turn % 7 == 6
            link.refusal = "No." if turn % 9 == 8 else None
            app.post_message(MonitorApp.FromParent(Told("note", "something [b]else[/b")))
        async with asyncio.timeout(20.0):
            while not link.messages.empty():
                await pilot.pause(0.01)
        assert app.is_running
    assert app.return_code in {None, 0}
