"""What windows of a stretch share is drawn once, and nothing else is ever taken for it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.encoders import kaldi_mel
from monitor.encoders.kaldi_mel import HOP
from monitor.encoders.spectrograms import Spectrograms
from monitor.records import Span, Stretch, Window
from monitor.stream.windows import Windower

LENGTH = 12 * HOP
HOPS = (HOP, 3 * HOP, 4 * HOP, 12 * HOP, 400, 3 * HOP + 1)


def drawn(spectrograms: Spectrograms, windows: Sequence[Window]) -> NDArray[np.float32]:
    return spectrograms.draw(np.stack([window.samples for window in windows]), windows)


def from_scratch(windows: Sequence[Window]) -> NDArray[np.float32]:
    return np.stack([kaldi_mel.draw(window.samples) for window in windows])


def noise(length: int, seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(length).astype(np.float32)


def one_stream(hop_len: int, stretches: Sequence[tuple[int, int]], seed: int) -> list[Window]:
    """The windows of a stream of stretches, each a length and the gap behind it; some end it and go on."""
    windower, position, found = Windower(LENGTH, hop_len, 32_000), 0, []
    for number, (length, gap) in enumerate(stretches):
        span = Span(position, noise(length, seed + number), gap % 2 == 0, 0.0)
        found += windower.push(span)
        if gap % 3 == 0:
            found += windower.finish()
        position += length + (gap if gap % 2 == 0 else 0)
    return found + windower.finish()


STRETCHES = st.lists(st.tuples(st.integers(1, 3 * LENGTH), st.integers(0, 900)), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(HOPS), STRETCHES), min_size=1, max_size=3), st.data())
def test_windows_of_any_streams_hops_and_gaps_are_as_if_drawn_from_scratch_to_the_last_bit(
    streams: list[tuple[int, list[tuple[int, int]]]], data: st.DataObject
) -> None:
    """Streams side by side, in batches of any size, and any window passed over."""
    left = [one_stream(hop_len, stretches, 100 * seed) for seed, (hop_len, stretches) in enumerate(streams)]
    spectrograms = Spectrograms("kaldi")
    while any(left):
        batch = []
        for windows in left:
            count = data.draw(st.integers(0, 2)) if len(windows) < 30 else 2
            batch += [one for one in windows[:count] if data.draw(st.integers(0, 4))]
            del windows[: max(1, count)]
        if batch:
            assert (drawn(spectrograms, batch) == from_scratch(batch)).all()


def windows_of(hop_len: int, count: int = 4) -> list[Window]:
    whole = Windower(LENGTH, hop_len, 32_000).push(Span(0, noise(LENGTH + count * hop_len, 1), True, 0.0))
    return [window for window in whole if window.whole]


def altered(window: Window) -> Window:
    return replace(window, samples=window.samples * np.float32(0.5))


def test_what_two_windows_share_is_not_drawn_again() -> None:
    """If it were, the samples would be looked at again, which here are no longer what they were."""
    first, second, *_ = windows_of(3 * HOP)
    spectrograms = Spectrograms("kaldi")
    before = drawn(spectrograms, [first])[0]
    after = drawn(spectrograms, [altered(second)])[0]
    assert (after[2:8] == before[5:11]).all()
    assert (after[:2] == from_scratch([altered(second)])[0, :2]).all()
    assert (after[8:] == from_scratch([altered(second)])[0, 8:]).all()


def test_another_stretch_is_drawn_from_scratch_at_the_same_index_too() -> None:
    first, second, *_ = windows_of(3 * HOP)
    for stretch in (Stretch(), None):
        spectrograms = Spectrograms("kaldi")
        drawn(spectrograms, [first])
        other = replace(altered(second), stretch=stretch)
        assert (drawn(spectrograms, [other]) == from_scratch([other])).all()


def test_a_hop_of_no_whole_frame_and_a_step_back_are_drawn_from_scratch() -> None:
    first, second, *_ = windows_of(3 * HOP + 1)
    spectrograms = Spectrograms("kaldi")
    drawn(spectrograms, [first])
    assert (drawn(spectrograms, [altered(second)]) == from_scratch([altered(second)])).all()
    assert (drawn(spectrograms, [first]) == from_scratch([first])).all()


def test_what_was_drawn_of_a_stretch_is_forgotten_with_it() -> None:
    spectrograms = Spectrograms("kaldi")
    windows = windows_of(HOP)
    kept = weakref.ref(drawn(spectrograms, windows[:1]).base)
    assert kept() is not None
    del windows
    gc.collect()
    assert kept() is None
