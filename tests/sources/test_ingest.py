from __future__ import annotations

import itertools

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.records import Block
from monitor.sources.converter import Converter, convert_index
from monitor.sources.ingest import SETTLE_S, Ingest
from tests.sources.fakes import RecordingRing, blocks, heard, noise

COMMON = st.sampled_from([8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000])
RATES = st.one_of(COMMON, st.integers(8000, 96000))


def feed_blocks(cut: list[Block], source_rate: int, target_rate: int = 16_000) -> RecordingRing:
    ring = RecordingRing()
    feed = Ingest(ring, target_rate, wait=False)
    feed.begin(source_rate, live=False)
    for block in cut:
        feed.add(block)
    feed.finish()
    return ring


@settings(max_examples=40, deadline=None)
@given(
    source_rate=RATES,
    target_rate=st.sampled_from([16000, 32000, 48000]),
    channels=st.integers(1, 3),
    length=st.integers(0, 9000),
    lengths=st.lists(st.integers(1, 4000), min_size=1, max_size=20),
)
def test_the_same_samples_give_the_same_bits_however_they_are_cut(
    source_rate: int, target_rate: int, channels: int, length: int, lengths: list[int]
) -> None:
    samples = noise(length, channels)
    whole = feed_blocks(blocks(samples, [length], source_rate), source_rate, target_rate)
    cut = feed_blocks(blocks(samples, itertools.cycle(lengths), source_rate), source_rate, target_rate)
    np.testing.assert_array_equal(whole.samples, cut.samples)
    assert len(whole.samples) == convert_index(length, source_rate, target_rate)


@settings(max_examples=40, deadline=None)
@given(source_rate=RATES, pieces=st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 3000)), max_size=8))
def test_lost_samples_advance_the_stream_as_if_they_had_come(
    source_rate: int, pieces: list[tuple[int, int]]
) -> None:
    position, cut = 0, []
    for lost_len, block_len in pieces:
        position += lost_len + block_len
        cut.append(Block(noise(block_len), 100.0 + position / source_rate, lost_len))
    ring = feed_blocks(cut, source_rate)
    assert abs(ring.position - convert_index(position, source_rate, 16_000)) <= 1


def test_equal_rates_pass_on_the_bits_of_the_downmix() -> None:
    samples = noise(5000)
    ring = feed_blocks(blocks(samples, itertools.repeat(777), 16_000), 16_000)
    np.testing.assert_array_equal(ring.samples, heard(samples, 16_000))


def test_a_tone_keeps_its_level_and_pitch_through_the_resampler() -> None:
    time_s = np.arange(44_100) / 44_100
    tone = np.float32(0.5) * np.sin(2 * np.pi * 1000.0 * time_s).astype(np.float32)
    ring = feed_blocks(blocks(tone[:, None], itertools.repeat(1000), 44_100), 44_100)
    delayed = np.sqrt(2.0) * 20.0 / 1000.0  # by the high-pass, in radians
    expected = 0.5 * np.sin(2 * np.pi * 1000.0 * np.arange(16_000) / 16_000 + delayed)
    assert np.abs(ring.samples - expected)[3000:-400].max() < 1e-3


def test_resampling_in_steps_is_resampling_at_once() -> None:
    samples = noise(48_000)
    ring = feed_blocks(blocks(samples, itertools.repeat(960), 48_000), 48_000)
    np.testing.assert_allclose(ring.samples, soxr.resample(heard(samples, 48_000), 48_000, 16_000), atol=1e-6)


def test_time_stamps_follow_the_sound_through_the_resampler() -> None:
    ring = RecordingRing()
    feed = Ingest(ring, 16_000, wait=False)
    feed.begin(48_000, live=True)
    for block in blocks(noise(48_000), itertools.repeat(960), 48_000):
        feed.add(block)
        if ring.position:
            assert ring.captured_s[-1] == pytest.approx(100.0 + ring.position / 16_000, abs=1e-6)


def test_time_away_becomes_a_gap_of_that_length() -> None:
    ring = RecordingRing()
    feed = Ingest(ring, 16_000, wait=False)
    for start_s, source_rate in ((100.0, 48_000), (103.0, 44_100), (110.0, 16_000)):
        feed.begin(source_rate, live=True)
        for block in blocks(noise(source_rate), itertools.repeat(500), source_rate, start_s):
            feed.add(block)
    feed.finish()
    assert ring.gaps == [(16_000, 32_000), (64_000, 96_000)]
    assert ring.position == 11 * 16_000


def test_sound_that_returns_sooner_than_the_clock_says_still_moves_the_stream_on() -> None:
    ring = RecordingRing()
    feed = Ingest(ring, 16_000, wait=False)
    for start_s in (100.0, 100.5):
        feed.begin(16_000, live=True)
        feed.add(Block(noise(16_000), start_s + 1.0))
    feed.finish()
    assert ring.gaps == [(16_000, 1)]


def test_an_overflow_of_unknown_length_is_measured_by_the_clock() -> None:
    ring = RecordingRing()
    feed = Ingest(ring, 16_000, wait=False)
    feed.begin(16_000, live=True)
    for block in blocks(noise(16_000), itertools.repeat(320), 16_000):
        feed.add(block)
    feed.add(Block(noise(320), 101.0 + 0.25 + 0.02, overflow=True))
    assert feed.overflow == 1
    assert ring.gaps == [(16_000, 4000)]


def test_an_overflow_within_jitter_is_counted_without_a_gap() -> None:
    ring = RecordingRing()
    feed = Ingest(ring, 16_000, wait=False)
    feed.begin(16_000, live=True)
    for block in blocks(noise(16_000), itertools.repeat(320), 16_000):
        feed.add(block)
    feed.add(Block(noise(320), 101.0 + 0.005 + 0.02, overflow=True))
    assert (feed.overflow, ring.gaps) == (1, [])


def test_the_delay_of_a_converter_is_what_has_not_come_out() -> None:
    converter = Converter(48_000, 16_000)
    out = converter.push(noise(4800)[:, 0])
    assert converter.delay_s == pytest.approx(0.1 - len(out) / 16_000)
    converter.flush()
    assert converter.delay_s == pytest.approx(0.0)


def stalled_feed(start_s: float = 100.0) -> tuple[Ingest, RecordingRing]:
    """Return a live feed that heard a second from `start_s` on and then nothing."""
    ring = RecordingRing()
    feed = Ingest(ring, 16_000, wait=False)
    feed.begin(16_000, live=True)
    for block in blocks(noise(16_000), itertools.repeat(320), 16_000, start_s):
        feed.add(block)
    feed.stall()
    return feed, ring


def test_what_was_lost_in_a_stall_becomes_a_gap_that_ends_where_real_time_is() -> None:
    feed, ring = stalled_feed()
    for block in blocks(noise(16_000), itertools.repeat(320), 16_000, 111.0):
        feed.add(block)
    feed.finish()
    assert ring.gaps == [(16_000, 160_000)]
    assert ring.position == 12 * 16_000


def test_what_comes_in_a_burst_after_a_stall_was_not_lost() -> None:
    feed, ring = stalled_feed()
    for number in range(150):
        feed.add(Block(noise(320), 104.0 + number * 1e-4))
    feed.add(Block(noise(320), 104.02 + SETTLE_S))
    feed.finish()
    assert ring.gaps == []
    assert ring.position == 16_000 + 151 * 320


def test_a_source_that_delivers_in_unsteady_chunks_never_runs_ahead_of_real_time() -> None:
    feed, ring = stalled_feed()
    for chunk in range(1, 21):
        for number in range(50):
            feed.add(Block(noise(320), 101.0 + chunk + 0.3 * (chunk % 2) + number * 1e-4))
        feed.stall()
    feed.finish()
    assert sum(length for _, length in ring.gaps) == pytest.approx(0.3 * 16_000, abs=200)


def test_a_second_stall_or_the_end_lets_go_of_what_was_held() -> None:
    feed, ring = stalled_feed()
    feed.add(Block(noise(320), 105.0))
    assert ring.position == 16_000
    feed.stall()
    assert ring.position == 5 * 16_000
    feed.add(Block(noise(320), 107.0))
    feed.finish()
    assert ring.position == 7 * 16_000
