from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.encoders.log_mel import FFT_LEN, HOP_LEN, SAMPLE_RATE, log_mel, mel_filters

Mel = Literal["slaney", "htk"]
MELS: tuple[Mel, ...] = ("slaney", "htk")


def sweep(seconds: float = 10.0) -> NDArray[np.float32]:
    """A tone that rises from 100 Hz by 1 kHz a second over faint noise, float32 (1, n)."""
    time_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    noise = 1e-3 * np.random.default_rng(0).standard_normal(len(time_s))
    return np.asarray([0.5 * np.sin(2.0 * np.pi * (100.0 * time_s + 500.0 * time_s**2)) + noise], np.float32)


def tone(frequency_hz: float, amplitude: float = 0.5) -> NDArray[np.float32]:
    """One second, float32 (1, 48000)."""
    time_s = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    return np.asarray([amplitude * np.sin(2.0 * np.pi * frequency_hz * time_s)], np.float32)


def one_frame(window: NDArray[np.float32], frame: int, mel: Mel) -> NDArray[np.float64]:
    """The definition, by hand: reflect, taper, sum over samples for each bin, weigh, decibels."""
    at = np.arange(frame * HOP_LEN - FFT_LEN // 2, frame * HOP_LEN + FFT_LEN // 2)
    at = np.abs(at)
    at = np.where(at >= len(window), 2 * (len(window) - 1) - at, at)
    k = np.arange(FFT_LEN)
    taper = np.sin(np.pi * k / FFT_LEN) ** 2
    filters = mel_filters(mel)
    waves = np.exp(-2j * np.pi * np.outer(np.arange(len(filters)), k) / FFT_LEN)
    power = np.abs(waves @ (window[at] * taper)) ** 2
    return np.asarray(10.0 * np.log10(np.maximum(power @ filters, 1e-10)))


@pytest.mark.parametrize("mel", MELS)
def test_ten_seconds_are_a_spectrogram_of_1001_by_64(mel: Mel) -> None:
    spectrogram = log_mel(sweep(), mel)
    assert spectrogram.shape == (1, 1001, 64)
    assert spectrogram.dtype == np.float32


@pytest.mark.parametrize("mel", MELS)
@pytest.mark.parametrize("frame", [0, 1, 57, 99, 100])
def test_each_frame_is_what_the_definition_says_also_at_both_ends(mel: Mel, frame: int) -> None:
    window = sweep(1.0)
    assert log_mel(window, mel)[0, frame] == pytest.approx(one_frame(window[0], frame, mel), abs=1e-4)


@pytest.mark.parametrize("mel", MELS)
def test_silence_is_the_least_power_everywhere(mel: Mel) -> None:
    assert (log_mel(np.zeros((1, SAMPLE_RATE), np.float32), mel) == -100.0).all()


@settings(max_examples=10)
@given(st.floats(1e-2, 1.0), st.sampled_from(MELS))
def test_ten_times_the_amplitude_is_twenty_decibels_more(amplitude: float, mel: Mel) -> None:
    loud, quiet = log_mel(tone(1000.0, amplitude), mel), log_mel(tone(1000.0, amplitude / 10.0), mel)
    above = quiet > -95.0
    assert (loud - quiet)[above] == pytest.approx(20.0, abs=0.1)


@settings(max_examples=10)
@given(st.integers(100, 13_000), st.sampled_from(MELS))
def test_a_tone_is_loudest_in_a_band_that_holds_it(frequency_hz: int, mel: Mel) -> None:
    band = int(log_mel(tone(frequency_hz), mel)[0, 50].argmax())
    bins_hz = np.flatnonzero(mel_filters(mel)[:, band]) * SAMPLE_RATE / FFT_LEN
    assert bins_hz.min() - 47.0 <= frequency_hz <= bins_hz.max() + 47.0


def test_a_loud_low_tone_does_not_drown_quiet_high_bands() -> None:
    """In single precision the transform's rounding would."""
    quiet = 1e-5 * np.random.default_rng(0).standard_normal((1, SAMPLE_RATE)).astype(np.float32)
    both = tone(93.75, 0.9) + quiet  # a whole number of periods in a frame
    assert log_mel(both, "slaney")[0, 5:-5, 40:] == pytest.approx(
        log_mel(quiet, "slaney")[0, 5:-5, 40:], abs=1.0
    )


def test_windows_of_a_batch_do_not_touch_one_another() -> None:
    both = log_mel(np.concatenate([sweep(1.0), tone(440.0)]), "htk")
    assert (both[:1] == log_mel(sweep(1.0), "htk")).all()
    assert (both[1:] == log_mel(tone(440.0), "htk")).all()


def test_a_repeated_window_gives_a_repeated_spectrogram_away_from_the_seams() -> None:
    second = sweep(1.0)
    spectrogram = log_mel(np.tile(second, 3), "slaney")[0]
    assert spectrogram[2:98] == pytest.approx(spectrogram[102:198], abs=1e-4)


def test_slaney_bands_are_linear_below_1_khz_and_of_equal_area() -> None:
    filters = mel_filters("slaney")
    peaks_hz = filters.argmax(axis=0) * SAMPLE_RATE / FFT_LEN
    steps = np.diff(peaks_hz[peaks_hz < 900.0])
    assert steps.std() < SAMPLE_RATE / FFT_LEN
    wide = filters[:, 40:]  # many bins each, so that their sum is the area
    assert wide.sum(axis=0) * SAMPLE_RATE / FFT_LEN == pytest.approx(1.0, abs=0.05)


def test_htk_bands_are_of_equal_height_and_add_up_to_one() -> None:
    filters = mel_filters("htk")
    assert 0.8 < filters[:, 20:].max(axis=0).min() <= 1.0
    inside = filters[10:280].sum(axis=1)
    assert inside == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(
    ("mel", "bins", "at_bin_100"),
    [
        ("slaney", 299, {44: 0.002574855, 45: 0.001257705}),
        ("htk", 299, {42: 0.928656006, 43: 0.071343994}),
    ],
)
def test_the_filterbanks_are_those_of_the_checkpoints(
    mel: Mel, bins: int, at_bin_100: dict[int, float]
) -> None:
    """Weights at 4687.5 Hz as librosa and torchaudio have them, via transformers 5.23."""
    filters = mel_filters(mel)
    assert len(filters) == bins
    assert {int(band): filters[100, band] for band in np.flatnonzero(filters[100])} == pytest.approx(
        at_bin_100, abs=1e-8
    )


@pytest.mark.parametrize("mel", MELS)
@pytest.mark.parametrize("kind", ["sweep", "silence", "tone"])
def test_it_is_what_the_extractor_of_transformers_gives(mel: Mel, kind: str) -> None:
    pytest.importorskip("torch", reason="transformers' extractor needs torch")
    transformers = pytest.importorskip("transformers", reason="the reference")
    sound = {"sweep": sweep(), "silence": np.zeros((1, 480_000), np.float32), "tone": tone(93.75, 0.9)}[kind]
    extractor = transformers.ClapFeatureExtractor(frequency_min=50)
    truncation = "fusion" if mel == "htk" else "rand_trunc"
    repeated = np.tile(sound, 480_000 // sound.shape[1])
    expected = extractor(sound[0].astype(np.float64), sampling_rate=SAMPLE_RATE, truncation=truncation)
    assert log_mel(repeated, mel)[0] == pytest.approx(np.asarray(expected["input_features"])[0, 0], abs=1e-4)
