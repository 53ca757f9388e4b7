"""Finds a known sound in bytes, in whatever form samples are written, at any place, gain and rate.

Correlation, normalised: pieces of the sound are compared with the bytes at every place, read as each sample
format. A copy scores about 1, whatever its gain; bytes that have nothing to do with it stay below `FOUND`.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]

FOUND = 0.8
"""Correlation from which on bytes are the sound; a plain tone in it could give 0.7 by itself."""
PIECE_LEN = 512
"""Samples of a piece: shorter than the blocks in which sound travels."""
_PIECES = 6
"""Of each rate; a copy is found that is so long that one of them is in it: a sixth of the sound."""
_RATES = (48_000, 32_000)
"""Hz: what microphones deliver, and what the model in the box hears."""
_FFT_LEN = 8_192
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{2048,}")
_HEXADECIMAL = re.compile(rb"[0-9a-fA-F]{2048,}")
_NUMBERS = re.compile(rb"(?:-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?[,;\s]+){600,}")
_HEADERS = (b"RIFF", b"fLaC", b"OggS", b"FORM", b".snd", b"RF64", b"caff")
_INTEGERS = ("<i2", ">i2", "<i4", ">i4", "i1")
_FLOATS = ("<f4", ">f4", "<f8", ">f8", "<f2", ">f2")


class Pieces:
    """Pieces of one sound, float (n,) at `sample_rate` Hz, that are looked for."""

    def __init__(self, sound: NDArray[np.float32], sample_rate: int) -> None:
        rates = [soxr.resample(sound.astype(np.float64), sample_rate, rate) for rate in _RATES]
        cut = [one[start : start + PIECE_LEN] for one in rates for start in _starts(len(one))]
        pieces = np.stack([piece - piece.mean() for piece in cut])
        pieces /= np.linalg.norm(pieces, axis=1, keepdims=True)
        self._spectra = np.conj(np.fft.rfft(pieces, _FFT_LEN)).astype(np.complex64)

    def likeness(self, data: bytes) -> tuple[float, str]:
        """Return the highest correlation with anything in `data`, 0 to 1, and in which form that is.

        The search ends with the first form that is `FOUND`.
        """
        best = 0.0, "none"
        for form, samples in _forms(data):
            best = max(best, (self._highest(samples), form))
            if best[0] > FOUND:
                break
        return best

    def _highest(self, samples: Samples) -> float:
        step = _FFT_LEN - PIECE_LEN + 1
        starts = range(0, max(1, len(samples) - PIECE_LEN + 1), step)
        return max((self._in_block(samples[start : start + _FFT_LEN]) for start in starts), default=0.0)

    def _in_block(self, block: Samples) -> float:
        places = len(block) - PIECE_LEN + 1
        if places < 1:
            return 0.0
        sums, squares = (_running(part) for part in (block, block * block))
        energy = squares - sums * sums / PIECE_LEN
        if not (heard := energy > 1e-9).any():
            return 0.0
        products = np.fft.irfft(np.fft.rfft(block, _FFT_LEN) * self._spectra)[:, :places]
        return float((np.abs(products).max(axis=0)[heard] / np.sqrt(energy[heard])).max())


def _starts(length: int) -> list[int]:
    return [int(start) for start in np.linspace(0, length - PIECE_LEN - 1, _PIECES + 2)[1:-1]]


def _running(values: Samples) -> Samples:
    total = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
    return np.asarray(total[PIECE_LEN:] - total[:-PIECE_LEN], np.float32)


def _forms(data: bytes) -> Iterator[tuple[str, Samples]]:
    """Yield what `data` could be as samples, full scale about 1."""
    for name, part in _unwrapped(data):
        for form, samples in _raw(part):
            yield f"{name}{form}", samples
    for numbers in _NUMBERS.findall(data):
        yield "numbers in text", _tame(np.array(re.split(rb"[,;\s]+", numbers.strip(b",; \n")), np.float64))
    if data.startswith(_HEADERS):
        decoded = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)[0]
        yield "a file of sound", decoded.mean(axis=1).astype(np.float32)


def _unwrapped(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes, and those that are written as text among them."""
    yield "", data
    for text in _BASE64.findall(data):
        for start in range(4):
            yield "base64 of ", base64.b64decode(text[start:][: (len(text) - start) // 4 * 4])
    for text in _HEXADECIMAL.findall(data):
        for start in range(2):
            yield "hexadecimal ", bytes.fromhex(text[start:][: (len(text) - start) // 2 * 2].decode())


def _raw(data: bytes) -> Iterator[tuple[str, Samples]]:
    for kind in (*_FLOATS, *_INTEGERS):
        width = np.dtype(kind).itemsize
        for offset in range(width):
            whole = (len(data) - offset) // width * width
            samples = _tame(np.frombuffer(data[offset : offset + whole], kind), kind)
            yield kind, samples
            if kind in {"<i2", "<f4"}:  # one of two channels
                yield f"{kind} of two channels", samples[::2]
                yield f"{kind} of two channels", samples[1::2]
    for offset in range(3):
        threes = np.frombuffer(data[offset : offset + (len(data) - offset) // 3 * 3], np.uint8).reshape(-1, 3)
        for form, order in (("<i3", (2, 1, 0)), (">i3", (0, 1, 2))):
            first, second, third = (threes[:, index].astype(np.float32) for index in order)
            signed = (first + np.float32(128)) % np.float32(256) - np.float32(128)
            yield form, np.asarray((signed * 65536 + second * 256 + third) / 2**23, np.float32)
    yield "u1", np.asarray(np.frombuffer(data, np.uint8) / 128 - 1, np.float32)
    yield "mu-law", _MU_LAW[np.frombuffer(data, np.uint8)]
    yield "A-law", _A_LAW[np.frombuffer(data, np.uint8)]


def _tame(samples: NDArray[np.number], kind: str = "") -> Samples:
    """Return numbers as sound; what is beyond full scale or no number is none."""
    if kind[-2:-1] == "i":
        return np.asarray(samples / np.float32(np.iinfo(kind).max), np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        values = samples.astype(np.float32)
        return np.where(np.abs(values) <= 2.0, values, np.float32(0.0))


def _mu_law() -> Samples:
    """Return what each byte means, by ITU-T G.711."""
    code = ~np.arange(256, dtype=np.uint8)
    size = (((code & 0x0F).astype(np.int64) << 3) + 0x84 << ((code & 0x70) >> 4).astype(np.int64)) - 0x84
    return np.asarray(np.where(code & 0x80, -size, size) / 32768, np.float32)


def _a_law() -> Samples:
    """Return what each byte means, by ITU-T G.711."""
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    step, low = ((code & 0x70) >> 4).astype(np.int64), ((code & 0x0F).astype(np.int64) << 4) + 8
    size = np.where(step == 0, low, (low + 0x100) << np.maximum(step - 1, 0))
    return np.asarray(np.where(code & 0x80, size, -size) / 32768, np.float32)


_MU_LAW, _A_LAW = _mu_law(), _a_law()
