from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import SourceDamaged, SourceLost
from monitor.records import Block
from monitor.sources import Patient, Source
from monitor.sources.gathered import GATHER_S, GatheredSource
from monitor.sources.microphone import Microphone

RATE = 8000


class Scripted:
    """Brings one block after another, each when its time has come, and raises what is among them."""

    id, name, live = "scripted", "scripted", True

    def __init__(
        self, said: Sequence[tuple[float, Block | Exception]], rates: dict[int, int] | None = None
    ) -> None:
        self.now_s = 0.0
        self.sample_rate = RATE
        self.reads = 0
        self._said = list(said)
        self._rates = rates or {}
        self._count = 0

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def read(self, timeout_s: float) -> Block | None:
        self.reads += 1
        due_s = self._said[0][0]
        if due_s > self.now_s + timeout_s:
            self.now_s += timeout_s
            return None
        self.now_s = max(self.now_s, due_s)
        what = self._said.pop(0)[1]
        if isinstance(what, Exception):
            raise what
        self._count += 1
        self.sample_rate = self._rates.get(self._count, self.sample_rate)
        return what


def block(value: float, length: int = 160, channels: int = 1, **more: object) -> Block:
    return Block(np.full((length, channels), value, np.float32), value, **more)  # type: ignore[arg-type]


def gathered(source: Scripted) -> GatheredSource:
    found = GatheredSource(source, lambda: source.now_s, source.sleep)
    found.open()
    return found


def all_of(source: Scripted) -> tuple[list[Block], Exception]:
    taken, found = list[Block](), gathered(source)
    while True:
        try:
            one = found.read(0.1)
        except (EOFError, SourceLost, SourceDamaged) as error:
            return taken, error
        if one is not None:
            taken.append(one)


@given(
    lengths=st.lists(st.integers(1, 400), min_size=1, max_size=60),
    gaps=st.lists(st.sampled_from([0.0, 0.02, 0.3]), min_size=60, max_size=60),
    lost=st.sets(st.integers(0, 59)),
)
def test_what_is_passed_on_is_sample_for_sample_what_came_and_each_loss_stays_where_it_was(
    lengths: list[int], gaps: list[float], lost: set[int]
) -> None:
    said, due_s = list[tuple[float, Block | Exception]](), 0.0
    for number, length in enumerate(lengths):
        due_s += gaps[number]
        said.append((due_s, block(float(number), length, lost_len=5 if number in lost else 0)))
    taken, error = all_of(Scripted([*said, (due_s, EOFError("over"))]))
    assert str(error) == "over"

    def marked(blocks: list[Block]) -> list[float]:
        return [value for one in blocks for value in [-1.0] * bool(one.lost_len) + one.samples[:, 0].tolist()]

    assert marked(taken) == marked([one for _, one in said if isinstance(one, Block)])


def test_it_looks_five_times_a_second_at_a_source_that_brings_small_blocks() -> None:
    blocks = [(0.02 * number, block(0.02 * number)) for number in range(1, 501)]
    source = Scripted([*blocks, (10.0, EOFError())])
    taken, _ = all_of(source)
    assert len(taken) <= 10.0 / GATHER_S + 2
    assert all(one.captured_s == one.samples[-1, 0] for one in taken)


def test_a_source_that_can_wait_is_left_alone_and_another_is_not() -> None:
    microphone = Microphone("1")
    assert gathered_rest(microphone) == (microphone.rest_s, microphone.block_s)
    assert gathered_rest(Scripted([]))[0] == 0.0


def gathered_rest(source: Source) -> tuple[float, float]:
    found = GatheredSource(source)
    assert isinstance(found, Patient)
    return found.rest_s, found.block_s


def test_what_is_there_already_is_taken_without_a_pause() -> None:
    source = Scripted([*((0.0, block(1.0)) for _ in range(500)), (0.0, EOFError())])
    taken, _ = all_of(source)
    assert source.now_s == 0.0
    assert max(len(one.samples) for one in taken) <= 1.0 * RATE + 160


def test_what_was_brought_before_a_loss_is_passed_on_before_it_is_told() -> None:
    taken, error = all_of(Scripted([(0.0, block(1.0)), (0.0, block(2.0)), (0.0, SourceLost("unplugged"))]))
    assert [len(one.samples) for one in taken] == [320]
    assert str(error) == "unplugged"


@pytest.mark.parametrize("other", [block(2.0, channels=2), block(2.0, overflow=True), block(2.0, lost_len=3)])
def test_a_block_that_does_not_follow_on_the_one_before_begins_another(other: Block) -> None:
    taken, _ = all_of(Scripted([(0.0, block(1.0)), (0.0, other), (0.0, block(3.0)), (0.0, EOFError())]))
    assert taken[0].samples.shape == (160, 1)
    assert taken[1].samples[0, 0] == 2.0
    assert (taken[1].lost_len, taken[1].overflow) == (other.lost_len, other.overflow)


def test_another_sample_rate_is_that_of_the_blocks_that_have_it() -> None:
    source = Scripted([(0.0, block(1.0)), (0.0, block(2.0)), (9.0, EOFError())], rates={2: 16000})
    found = gathered(source)
    rates = []
    for _ in range(2):
        assert found.read(0.1) is not None
        rates.append(found.sample_rate)
    assert rates == [8000, 16000]


def test_a_warning_that_came_with_one_of_the_blocks_is_kept() -> None:
    said: list[tuple[float, Block | Exception]] = [
        (0.0, block(1.0, warning="too fast", kept_quiet="muted")),
        (0.0, block(2.0)),
        (0.0, EOFError()),
    ]
    assert [(one.warning, one.kept_quiet) for one in all_of(Scripted(said))[0]] == [("too fast", "muted")]
