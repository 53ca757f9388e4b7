from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.config.settings import CaptureConfig
from monitor.errors import SourceError
from monitor.stream.channels import LIMIT, Downmix, invalid_rows
from tests.fakes import RATE, noise, tone
from tests.sources.fakes import heard


def level(samples: NDArray[np.float32]) -> float:
    return float(10.0 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))


def stereo(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack([left, right], axis=1)


def downmix(samples: NDArray[np.float32], config: CaptureConfig | None = None) -> Downmix:
    """Return what has heard float32 (n, channels)."""
    mix = Downmix("the desk", RATE, samples.shape[1], config or CaptureConfig())
    mix.push(samples)
    return mix


SIREN = tone("middle", 3.0)
NOTHING = np.zeros(3 * RATE, np.float32)


@settings(max_examples=40, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(["noise", "zeros", "minus", "nan", "loud"]), min_size=1, max_size=3),
    choice=st.sampled_from(["mix", "loudest", "left"]),
    lengths=st.lists(st.integers(1, 3000), min_size=1, max_size=20),
)
def test_the_same_samples_give_the_same_bits_however_they_are_cut(
    kinds: list[str], choice: str, lengths: list[int]
) -> None:
    parts = {"noise": noise(1.0, 0.1), "zeros": np.zeros(RATE, np.float32), "minus": -noise(1.0, 0.1)}
    parts["nan"] = np.where(np.arange(RATE) == 4000, np.float32(np.nan), noise(1.0, 0.1, seed=1))
    parts["loud"] = np.clip(noise(1.0, 3.0), -1.0, 1.0)
    samples = np.stack([parts[kind] for kind in kinds], axis=1).astype(np.float32)
    config = CaptureConfig(channel=choice)  # type: ignore[arg-type]
    cut = Downmix("x", RATE, len(kinds), config)
    got, start = [], 0
    for length in itertools.cycle(lengths):
        if start >= len(samples):
            break
        got.append(cut.push(samples[start : start + length]))
        start += length
    got.append(cut.flush())
    whole = Downmix("x", RATE, len(kinds), config)
    expected = np.concatenate((whole.push(samples), whole.flush()))
    np.testing.assert_array_equal(np.concatenate(got), expected)
    assert len(expected) == len(samples)
    assert np.isfinite(expected).all()
    assert cut.take_clipped() == whole.take_clipped()


@pytest.mark.filterwarnings("error")
@given(st.lists(st.floats(width=32), min_size=2, max_size=40).filter(lambda values: len(values) % 2 == 0))
def test_what_is_heard_is_always_finite_and_everything_else_is_counted(values: list[float]) -> None:
    samples = np.array(values, np.float32).reshape(-1, 2)
    mono = heard(samples, RATE)
    assert np.isfinite(mono).all()
    no_sound = ~np.isfinite(samples) | (np.abs(np.nan_to_num(samples)) > LIMIT)
    assert set(np.flatnonzero(no_sound.any(axis=1))) == set(invalid_rows(samples))


@pytest.mark.parametrize("offset", [0.0, 0.1, 0.5, -0.9])
def test_an_offset_is_not_heard(offset: float) -> None:
    samples = (SIREN[:, np.newaxis] * np.float32(0.1) + np.float32(offset)).astype(np.float32)
    assert level(heard(samples, RATE)) == pytest.approx(level(0.1 * SIREN), abs=0.1)


def test_opposite_channels_do_not_cancel() -> None:
    samples = stereo(SIREN, -SIREN)
    assert level(heard(samples, RATE)[RATE:]) == pytest.approx(level(SIREN), abs=0.5)
    assert "cancel" in (downmix(samples).note or "")


def test_an_opposite_sound_in_independent_noise_does_not_cancel() -> None:
    left, right = noise(6.0, 0.1, seed=1), noise(6.0, 0.1, seed=2)
    left[3 * RATE :] += SIREN
    right[3 * RATE :] -= SIREN
    mono = heard(stereo(left, right), RATE)
    assert level(mono[4 * RATE :]) > level(SIREN)
    assert level(mono[: 3 * RATE]) == pytest.approx(level(left[: 3 * RATE]) - 3.0, abs=0.5)


def test_equal_channels_are_mixed_to_what_each_is() -> None:
    assert level(heard(stereo(SIREN, SIREN), RATE)) == pytest.approx(level(SIREN), abs=0.1)
    assert downmix(stereo(SIREN, SIREN)).note is None


def test_what_is_in_only_one_of_two_living_channels_is_in_the_mix() -> None:
    quiet = noise(3.0, 0.01)
    for samples in (stereo(SIREN, quiet), stereo(quiet, SIREN)):
        assert level(heard(samples, RATE)) == pytest.approx(level(SIREN) - 6.0, abs=0.5)


@pytest.mark.parametrize("dead", ["zeros", "constant", "full scale", "last bit", "noise"])
def test_a_dead_channel_takes_nothing_off_the_other_and_is_told(dead: str) -> None:
    bits = np.float32(1.0 / 32768.0)
    channel = {
        "zeros": NOTHING,
        "constant": NOTHING + np.float32(0.02),
        "full scale": NOTHING - np.float32(1.0),
        "last bit": (np.arange(3 * RATE) // 10 % 2 * bits).astype(np.float32),
        "noise": noise(3.0, 10 ** (-95 / 20)),
    }[dead]
    samples = stereo(channel, SIREN)
    assert level(heard(samples, RATE)) == pytest.approx(level(SIREN), abs=0.2)
    assert downmix(samples).note == "channel 1 carries no sound"
    assert downmix(samples).take_clipped() == []


def test_a_channel_of_no_numbers_does_not_discard_the_good_one_and_is_told() -> None:
    samples = stereo(NOTHING + np.float32(np.nan), SIREN)
    assert level(heard(samples, RATE)) == pytest.approx(level(SIREN), abs=0.1)
    assert downmix(samples).note == "channel 1 delivers what is no sound"


def test_a_channel_that_dies_and_comes_back_is_told_and_heard() -> None:
    dies = np.concatenate([SIREN, NOTHING, SIREN])
    mix = Downmix("the desk", RATE, 2, CaptureConfig())
    notes = []
    for start in range(0, len(dies), RATE // 2):
        part = dies[start : start + RATE // 2]
        mix.push(stereo(part, noise(0.5, 0.01)))
        notes.append(mix.note)
    assert "channel 1 carries no sound" in notes
    assert notes[-1] is None


@pytest.mark.parametrize(("choice", "index"), [("left", 0), ("right", 1), (1, 0), (2, 1), ("loudest", 1)])
def test_a_channel_can_be_chosen(choice: str | int, index: int) -> None:
    config = CaptureConfig(channel=choice)  # type: ignore[arg-type]
    samples = stereo(tone("low", 3.0, 0.1), tone("high", 3.0, 0.3))
    np.testing.assert_allclose(
        heard(samples, RATE, config)[RATE:], heard(samples[:, index : index + 1], RATE)[RATE:], atol=1e-6
    )


def test_a_chosen_channel_that_is_dead_is_told_and_another_is_not() -> None:
    samples = stereo(NOTHING, SIREN)
    assert downmix(samples, CaptureConfig(channel="left")).note == "channel 1 carries no sound"
    assert downmix(samples, CaptureConfig(channel="right")).note is None


@pytest.mark.parametrize("choice", ["right", 2, 3])
def test_a_channel_that_is_not_there_is_refused_in_one_sentence(choice: str | int) -> None:
    with pytest.raises(
        SourceError, match=r"the desk has 1 channel and no channel .*valid: mix, loudest, left, 1 to 1"
    ):
        Downmix("the desk", RATE, 1, CaptureConfig(channel=choice))  # type: ignore[arg-type]


def test_sound_at_full_scale_is_clipped_and_a_peak_is_not() -> None:
    assert downmix(np.clip(noise(1.0, 3.0), -1.0, 1.0)[:, np.newaxis]).take_clipped()
    assert downmix(stereo(noise(1.0), np.clip(noise(1.0, 3.0), -1.0, 1.0))).take_clipped()
    normalised = noise(1.0, 0.1)
    normalised[1000] = 1.0
    assert downmix(normalised[:, np.newaxis]).take_clipped() == []


def test_hum_is_not_heard_through_a_higher_high_pass() -> None:
    time_s = np.arange(3 * RATE) / RATE
    hum = (0.3 * np.sin(2 * np.pi * 50.0 * time_s)).astype(np.float32)[:, np.newaxis]
    assert level(heard(hum, RATE)) == pytest.approx(level(hum), abs=0.5)
    assert level(heard(hum, RATE, CaptureConfig(highpass_hz=200.0))) < level(hum) - 22.0


@pytest.mark.parametrize("steps", [2, 3])
@pytest.mark.parametrize("offset", [0.0, 0.3])
def test_the_last_bit_of_eight_that_toggles_is_no_sound(steps: int, offset: float) -> None:
    bits = np.random.default_rng(0).integers(0, steps, (16_000, 1)) / 128.0 + offset
    assert np.abs(heard(bits.astype(np.float32), 16_000)).max() < 1e-4


def test_sound_of_eight_bits_and_a_loud_square_wave_are_heard() -> None:
    times = np.arange(16_000)[:, np.newaxis] / 16_000
    tone = np.round(20.0 * np.sin(2 * np.pi * 440.0 * times)) / 128.0
    square = 0.5 * np.sign(np.sin(2 * np.pi * 441.3 * times))
    for sound in (tone, square):
        assert np.std(heard(sound.astype(np.float32), 16_000)) == pytest.approx(np.std(sound), rel=0.05)
