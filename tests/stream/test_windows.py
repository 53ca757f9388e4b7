from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.records import Span, Window
from monitor.stream.windows import Windower


def spans(length: int, cuts: list[int], start: int = 0, discontinuous: bool = False) -> list[Span]:
    samples = np.arange(start, start + length, dtype=np.float32)
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < length), length]
    return [
        Span(start + a, samples[a:b], discontinuous and a == 0, 0.0)
        for a, b in itertools.pairwise(edges)
        if b > a
    ]


def windows_of(windower: Windower, parts: list[Span]) -> list[Window]:
    found = [window for part in parts for window in windower.push(part)]
    return found + windower.finish()


def test_windows_stand_on_a_grid_of_the_stream_index() -> None:
    found = windows_of(Windower(10, 4, 100), spans(22, []))
    grid = [(-6, 4), (-2, 8), (2, 12), (6, 16), (10, 20), (12, 22), (16, 22), (20, 22)]
    assert [(window.start, window.stop) for window in found] == grid
    assert np.array_equal(found[2].samples, np.arange(2, 12))
    assert found[0].samples.tolist() == [0, 0, 0, 0, 0, 0, 0, 1, 2, 3]
    assert found[-1].samples.tolist() == [20, 21, 0, 0, 0, 0, 0, 0, 0, 0]


@given(st.lists(st.integers(1, 99), max_size=20), st.integers(1, 100))
def test_windows_do_not_depend_on_how_the_stream_was_cut(cuts: list[int], length: int) -> None:
    whole = windows_of(Windower(16, 5, 100), spans(length, []))
    cut = windows_of(Windower(16, 5, 100), spans(length, cuts))
    assert [(w.start, w.hop_len, w.samples.tolist()) for w in whole] == [
        (w.start, w.hop_len, w.samples.tolist()) for w in cut
    ]


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 30)), min_size=1, max_size=6))
def test_every_sample_is_the_newest_of_exactly_one_window(stretches: list[tuple[int, int]]) -> None:
    windower = Windower(16, 5, 100)
    pushed = analysed = position = 0
    for length, gap in stretches:
        for part in spans(length, [length // 2], position, discontinuous=position > 0):
            analysed += sum(window.hop_len for window in windower.push(part))
            pushed += len(part.samples)
            assert analysed + windower.pending == pushed
        position += length + gap
    assert analysed + sum(window.hop_len for window in windower.finish()) == pushed
    assert windower.pending == 0
    assert windower.finish() == []


def test_a_window_never_spans_a_gap() -> None:
    windower = Windower(8, 4, 100)
    before = [w for part in spans(10, []) for w in windower.push(part)]
    after = [w for part in spans(8, [], start=50, discontinuous=True) for w in windower.push(part)]
    assert [window.stop for window in before] == [4, 8]
    assert [(window.stop, window.hop_len) for window in after] == [(10, 2), (54, 4), (58, 4)]
    assert after[1].samples.tolist() == [0, 0, 0, 0, 50, 51, 52, 53]
    assert [window.discontinuous for window in after] == [False, True, False]


def test_a_stretch_shorter_than_a_hop_is_in_as_many_windows_as_any_sound() -> None:
    windows = windows_of(Windower(8, 4, 100), spans(3, []))
    assert [window.samples.tolist() for window in windows] == [
        [0, 0, 0, 0, 0, 0, 1, 2],
        [0, 0, 1, 2, 0, 0, 0, 0],
    ]
    assert [(window.stop, window.hop_len) for window in windows] == [(3, 3), (3, 0)]


@given(st.integers(1, 300), st.integers(1, 40), st.integers(1, 8))
def test_a_sound_at_an_edge_is_in_as_many_windows_as_one_in_the_middle(
    length: int, hop_len: int, times: int
) -> None:
    windower = Windower(hop_len * times, hop_len, 100)
    count = np.zeros(length, int)
    for window in windows_of(windower, spans(length, [length // 3])):
        count[max(window.start, 0) : window.stop] += 1
    assert count.min() >= times
    assert count.max() <= times + 1


def test_a_hop_longer_than_the_window_is_refused() -> None:
    with pytest.raises(ValueError, match="hop_len 9"):
        Windower(8, 9, 100)


@given(st.lists(st.integers(1, 99), max_size=20), st.integers(1, 100))
def test_a_piece_completes_at_most_one_window_with_its_last_sample(cuts: list[int], length: int) -> None:
    windower = Windower(16, 5, 100)
    rejoined = []
    for part in spans(length, cuts):
        for piece in windower.split(part):
            found = windower.push(piece)
            assert [window.stop for window in found] in ([], [piece.start + len(piece.samples)])
            rejoined.append(piece.samples)
    assert np.array_equal(np.concatenate(rejoined), np.arange(length))


def test_a_piece_was_captured_when_its_own_last_sample_was() -> None:
    span = Span(0, np.zeros(30, np.float32), False, captured_s=5.0)
    assert [piece.captured_s for piece in Windower(10, 10, 100).split(span)] == pytest.approx([4.8, 4.9, 5.0])


def test_a_padded_window_says_that_it_is_not_whole() -> None:
    found = windows_of(Windower(8, 4, 100), spans(18, []))
    assert [window.whole for window in found] == [False, True, True, True, True, False]


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 30), st.booleans()), min_size=1, max_size=6),
    st.integers(1, 16),
)
def test_windows_of_one_stretch_hold_the_same_sample_at_the_same_index(
    parts: list[tuple[int, int, bool]], hop_len: int
) -> None:
    """Also where indices begin again after an end, and no sample of before a gap is one of behind it."""
    windower, position, windows = Windower(16, hop_len, 100), 0, []
    noise = np.random.default_rng(0)
    for length, gap, ends in parts:
        samples = noise.standard_normal(length).astype(np.float32)
        windows += windower.push(Span(position, samples, gap > 0, 0.0))
        position += length + gap
        if ends:
            windows += windower.finish()
            position = 0
    known: dict[tuple[object, int], float] = {}
    for window in [*windows, *windower.finish()]:
        for at, sample in enumerate(window.samples.tolist(), window.start):
            assert known.setdefault((window.stretch, at), sample) == sample


def test_a_copy_of_a_windower_goes_on_in_a_stretch_of_its_own() -> None:
    windower = Windower(8, 4, 100)
    windower.push(Span(0, np.ones(6, np.float32), True, 0.0))
    other = copy.deepcopy(windower)
    (one,), (two,) = (each.push(Span(6, np.ones(2, np.float32), False, 0.0)) for each in (windower, other))
    assert one.stretch is not two.stretch
