from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.encoders.kaldi_mel import BANDS, HOP, RATE, draw, draw_on, frame_count, mel_weights


def sound(length: int, seed: int = 0) -> NDArray[np.float32]:
    """A tone that rises by 4 kHz a second over noise, float32 (length,)."""
    time_s = np.arange(length) / RATE
    noise = 1e-2 * np.random.default_rng(seed).standard_normal(length)
    return np.asarray(0.3 * np.sin(2.0 * np.pi * (100.0 * time_s + 2000.0 * time_s**2)) + noise, np.float32)


def one_frame(samples: NDArray[np.float32], frame: int) -> NDArray[np.float64]:
    """The definition, by hand: emphasise, reflect, taper, sum over samples for each bin, weigh, logarithm."""
    emphasised = samples[1:].astype(np.float64) - 0.97 * samples[:-1].astype(np.float64)
    at = np.abs(np.arange(frame * HOP - 400, frame * HOP + 400))
    at = np.where(at >= len(emphasised), 2 * (len(emphasised) - 1) - at, at)
    taper = np.sin(np.pi * np.arange(800) / 799) ** 2
    waves = np.exp(-2j * np.pi * np.outer(np.arange(513), np.arange(800)) / 1024)
    power = np.abs(waves @ (emphasised[at] * taper)) ** 2
    return np.asarray((np.log(mel_weights() @ power + 1e-5) + 4.5) / 5.0)


def test_two_seconds_are_a_spectrogram_of_200_by_128() -> None:
    found = draw(sound(2 * RATE))
    assert found.shape == (frame_count(2 * RATE), BANDS) == (200, 128)
    assert found.dtype == np.float32


@pytest.mark.parametrize("length", [RATE, 9600, 9601, 9602])
@pytest.mark.parametrize("frame", [0, 1, 2, 15, -3, -2, -1])
def test_each_frame_is_what_the_definition_says_also_at_both_ends(length: int, frame: int) -> None:
    samples = sound(length)
    at = frame % frame_count(length)
    assert draw(samples)[at] == pytest.approx(one_frame(samples, at), abs=1e-4)


def test_samples_of_double_precision_are_the_same_sound() -> None:
    assert draw(sound(9600).astype(np.float64)) == pytest.approx(draw(sound(9600)), abs=1e-3)


def test_every_band_has_a_bin() -> None:
    assert (mel_weights() > 0.0).any(axis=1).all()


def test_silence_is_the_least_power_everywhere() -> None:
    assert draw(np.zeros(RATE, np.float32)) == pytest.approx((np.log(1e-5) + 4.5) / 5.0)


@given(st.integers(402, 4 * RATE // 10), st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_a_frame_is_the_same_to_the_last_bit_whatever_is_drawn_with_it(length: int, seed: int) -> None:
    """Frames that no edge touches, alone in a window of their own."""
    samples, whole = sound(length, seed), draw(sound(length, seed))
    for frame in range(2, (length - 401) // HOP + 1):
        alone = samples[frame * HOP - 2 * HOP : frame * HOP + 2 * HOP + 1]
        if len(alone) == 4 * HOP + 1:
            assert (draw(alone)[2] == whole[frame]).all()


@given(st.integers(402, 3 * RATE // 10), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_drawn_on_is_drawn_from_scratch_to_the_last_bit(length: int, frames: int, seed: int) -> None:
    samples = sound(length + frames * HOP, seed)
    before, after = samples[:length], samples[frames * HOP :]
    found = draw_on(after, draw(before), frames)
    assert found is None or (found == draw(after)).all()
    shared = (length - 401) // HOP - 1  # less two at each edge
    assert (found is None) == (frames >= max(0, shared))


def test_it_is_what_torch_gives() -> None:
    torch = pytest.importorskip("torch", reason="the reference needs torch")
    from monitor.export.kaldi_mel import PlainFrontEnd

    for samples in (sound(2 * RATE), 1e-4 * sound(RATE), sound(9601)):
        wanted = PlainFrontEnd()(torch.from_numpy(samples[np.newaxis]))[0, 0].numpy().T
        assert draw(samples) == pytest.approx(wanted, abs=1e-3)
