"""Real stand-ins that satisfy the protocols: an encoder that hears pitch, a source that is an array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.bus.messages import PublishedRecord
from monitor.config.tuning import Tuning
from monitor.encoders import EncoderInfo
from monitor.records import Block, CaptureStatus, Cohort
from monitor.sinks import Measurement
from monitor.units import unit_norm

INTERRUPTIBLE = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from monitor.cli.main import main; sys.exit(main(sys.argv[1:]))"
)
"""The program where Ctrl-C counts, also when the tests were started with it ignored, in the background."""
RATE = 8000
PITCHES_HZ = {"low": 250.0, "middle": 1000.0, "high": 3000.0}
"""The words the fake encoder understands, each an axis of its space; the last axis is all else."""


def tone(word: str, seconds: float, amplitude: float = 0.3) -> NDArray[np.float32]:
    """Return a tone of the pitch called `word`, float32 (n,)."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(amplitude * np.sin(2.0 * np.pi * PITCHES_HZ[word] * time_s), np.float32)


def noise(seconds: float, amplitude: float = 0.01, seed: int = 0) -> NDArray[np.float32]:
    """Return white noise, float32 (n,)."""
    random = np.random.default_rng(seed)
    return np.asarray(amplitude * random.standard_normal(round(seconds * RATE)), np.float32)


class FakeEncoder:
    """Maps a window to the pitch that dominates it, and a text to the pitch it names."""

    name = "fake"
    identity = "fake-0"
    sample_rate = RATE
    window_len = RATE
    templates: tuple[str, ...] = ("{}",)
    hop_s = 0.25
    batches = False
    cohort: Cohort | None = None
    tuning: Tuning | None = Tuning(temperature=0.05, change_ratio=0.5)

    def __init__(self, pitches_hz: Mapping[str, float] = PITCHES_HZ) -> None:
        self._pitches_hz = pitches_hz
        self.dim = len(pitches_hz) + 1

    @property
    def info(self) -> EncoderInfo:
        return EncoderInfo(
            name=self.name,
            identity=self.identity,
            sample_rate=self.sample_rate,
            window_len=self.window_len,
            dim=self.dim,
            hop_s=self.hop_s,
            templates=self.templates,
            batches=self.batches,
            tuning=self.tuning,
            cohort=self.cohort,
        )

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        spectrum = np.abs(np.fft.rfft(windows, axis=1)) ** 2
        frequencies = np.fft.rfftfreq(windows.shape[1], 1.0 / RATE)
        pitches = self._pitches_hz.values()
        axes = [spectrum[:, np.abs(frequencies - pitch) < 50.0].sum(axis=1) for pitch in pitches]
        rest = spectrum.sum(axis=1) - np.sum(axes, axis=0)
        return unit_norm(np.asarray(np.sqrt(np.maximum([*axes, rest], 0.0)).T + 1e-6, np.float32))

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for axis, word in enumerate(self._pitches_hz):
                row[axis] = word.replace("_", " ") in text
            row[-1] = 0.0 if row.any() else 1.0
        return unit_norm(rows)


class ArraySource:
    """Delivers an array in blocks of the given lengths, over and over; not live."""

    id = "array"
    name = "array"
    live = False

    def __init__(
        self, samples: NDArray[np.float32], block_lens: Sequence[int] = (400,), rate: int = RATE
    ) -> None:
        self.sample_rate = rate
        self._samples = samples
        self._block_lens = block_lens
        self._position = 0
        self._count = 0

    def open(self) -> None:
        self._position = self._count = 0

    def read(self, timeout_s: float) -> Block | None:
        if self._position >= len(self._samples):
            raise EOFError
        length = self._block_lens[self._count % len(self._block_lens)]
        self._count += 1
        part = self._samples[self._position : self._position + length]
        self._position += len(part)
        return Block(part[:, np.newaxis], captured_s=self._position / self.sample_rate)

    def close(self) -> None:
        pass


class Collector:
    """A sink that keeps everything."""

    def __init__(self, *, measured: bool = True) -> None:
        self.records: list[PublishedRecord] = []
        self.measured = measured

    def takes(self, kind: type[Measurement]) -> bool:
        return self.measured

    def emit(self, record: PublishedRecord) -> None:
        self.records.append(record)

    def close(self) -> None:
        pass


class FixedStatus:
    """An input whose status a test sets."""

    def __init__(self) -> None:
        self.status = CaptureStatus("running", None, RATE, 0, 0, 0, None)
