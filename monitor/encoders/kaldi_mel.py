"""The log-mel spectrogram of networks that hear 32 kHz through Kaldi's mel bands, as the box does. Pure.

EfficientAT's (F. Schmid et al. 2023, `AugmentMelSTFT` without augmentation): pre-emphasis x[t+1] - 0.97 x[t];
frames of 800 samples every 320, centred with the signal reflected at both ends, symmetric Hann window; power
of the Fourier transform of 1024 points; 128 triangles, even in 1127 ln(1 + f / 700) from 0 to 15 kHz;
(ln(mel + 1e-5) + 4.5) / 5.

Law: a frame depends on its own samples alone, to the last bit, not on which others are drawn with it. So no
product of matrices, whose sums hang on their shape, is in here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 32_000
"""Hz."""
N_FFT, WINDOW, HOP = 1024, 800, 320
"""Length of the transform, of the window, and from window to window, in samples."""
BANDS = 128
LEAST_POWER = 1e-5

_HIGHEST_HZ = 15_000.0
_HALF = WINDOW // 2
_EMPHASIS = np.float32(0.97)
_FRAMES_AT_ONCE = 32
"""What is between two steps stays in the processor's cache: a frame costs half as much as of 200 at once."""


def mel_weights() -> NDArray[np.float32]:
    """Return the triangles, (BANDS, N_FFT // 2 + 1), 0 to 1."""
    step = 1127 * np.log1p(_HIGHEST_HZ / 700) / (BANDS + 1)
    bins = 1127 * np.log1p(np.arange(N_FFT // 2 + 1) * RATE / N_FFT / 700)
    edge = np.arange(BANDS)[:, None] * step
    triangles = np.maximum(0, np.minimum(bins - edge, edge + 2 * step - bins) / step)
    return np.asarray(triangles, np.float32)


_TAPER = np.hanning(WINDOW).astype(np.float32)
_WEIGHTS = mel_weights()
_BAND, _BIN = np.nonzero(_WEIGHTS)
_WEIGHT = _WEIGHTS[_BAND, _BIN]
_FIRST_OF_BAND = np.searchsorted(_BAND, np.arange(BANDS))


def frame_count(length: int) -> int:
    """Return of how many frames the spectrogram of `length` samples is."""
    return 1 + (length - 1) // HOP


def draw(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the spectrogram, float32 (frames, BANDS), of float32 (t,), full scale +-1.0, t above 401."""
    spectrogram = np.empty((frame_count(len(sound)), BANDS), np.float32)
    _fill(spectrogram, sound, 0, len(spectrogram))
    return spectrogram


def draw_on(
    sound: NDArray[np.float32], before: NDArray[np.float32], frames: int
) -> NDArray[np.float32] | None:
    """Return the same as `draw`, from the spectrogram of sound that began so many frames earlier.

    Parameters
    ----------
    sound
        float32 (t,).
    before
        Spectrogram of as many samples, the last ``t - frames * HOP`` of which are the first of `sound`.

    Returns
    -------
    NDArray | None
        None where they have no frame in common: one that reaches over the edge of either is its own.
    """
    first, stop = _whole_frames(len(sound))
    if not 0 <= frames < stop - first:
        return None
    spectrogram = np.empty_like(before)
    spectrogram[first : stop - frames] = before[first + frames : stop]
    _fill(spectrogram, sound, 0, first)
    _fill(spectrogram, sound, stop - frames, len(spectrogram))
    return spectrogram


def _whole_frames(length: int) -> tuple[int, int]:
    """Return which frames, half open, hold none but samples that are there."""
    return -(-_HALF // HOP), 1 + (length - 1 - _HALF) // HOP


def _fill(out: NDArray[np.float32], sound: NDArray[np.float32], first: int, stop: int) -> None:
    """Draw the frames [first, stop) of `sound` into `out`."""
    for start in range(first, stop, _FRAMES_AT_ONCE):
        end = min(start + _FRAMES_AT_ONCE, stop)
        emphasised = _emphasised(sound, start * HOP - _HALF, (end - 1) * HOP + _HALF)
        steps = HOP * emphasised.itemsize, emphasised.itemsize
        frames = np.ndarray(
            (end - start, WINDOW), emphasised.dtype, emphasised, strides=steps
        )  # they overlap
        out[start:end] = _levels(frames)


def _emphasised(sound: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float32]:
    """Return [start, stop) of the pre-emphasised signal, reflected at both its ends."""
    length = len(sound) - 1
    if start < 0:
        return np.concatenate([_emphasised(sound, 1, 1 - start)[::-1], _emphasised(sound, 0, stop)])
    if stop > length:
        beyond = _emphasised(sound, 2 * length - 1 - stop, length - 1)[::-1]
        return np.concatenate([_emphasised(sound, start, length), beyond])
    return sound[start + 1 : stop + 1] - _EMPHASIS * sound[start:stop]


def _levels(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return float32 (n, BANDS) of frames (n, WINDOW)."""
    tapered = np.zeros((len(frames), N_FFT), np.float32)
    np.multiply(frames, _TAPER, out=tapered[:, :WINDOW])
    spectrum = np.fft.rfft(tapered, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    weighed = power.take(_BIN, axis=1)
    weighed *= _WEIGHT
    bands = np.add.reduceat(weighed, _FIRST_OF_BAND, axis=1)
    return np.asarray((np.log(bands + np.float32(LEAST_POWER)) + np.float32(4.5)) / np.float32(5))
