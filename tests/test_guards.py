"""What the monitor must not do while it learns a background, heard by the model in the box, end to end.

The sounds are made by code and come again and again, so that the model hears each window once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from monitor import load_encoder
from monitor.assemble import SYSTEM_CLOCK, make_stages
from monitor.bus.messages import Event, ScoresMessage
from monitor.config.settings import load_config
from monitor.encoders import Encoder
from monitor.models.store import find_model
from monitor.pipeline.companions import Companions
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Stream
from monitor.pipeline.rhythm_watch import make_rhythm_watch
from monitor.records import BackgroundState
from monitor.scoring.prompts import parse_classes
from monitor.sources import demo_sounds
from monitor.stream.ring import Ring
from tests.fakes import Collector, FixedStatus

Record = TypeVar("Record")
Samples = NDArray[np.float32]
RATE = find_model("embedded").entry.sample_rate
LOOP_S = 5.0
"""Every sound repeats after so many seconds, or a whole number of times within them."""
QUIET_DBFS = -55.0
LOUD_DBFS = -35.0


class Remembering:
    """The model in the box, which hears the same samples once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[bytes, NDArray[np.float32]] = {}
        self.info = encoder.info
        self.sample_rate, self.window_len, self.dim = encoder.sample_rate, encoder.window_len, encoder.dim

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        key = windows.tobytes()
        if key not in self._known:
            self._known[key] = self._encoder.embed_audio(windows)
        return self._known[key]

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._encoder.embed_text(texts)


class Listening:
    """A monitor that sound is played to, on and on."""

    def __init__(self, encoder: Remembering, classes: str, false_alarms_per_hour: float = 0.0) -> None:
        flags = {"calibration": {"false_alarms_per_hour": false_alarms_per_hour}}
        self.rate = RATE
        config, words = load_config(flags=flags), parse_classes(classes)
        self.stages = make_stages(encoder, words, config)
        self._sink = Collector()
        self._ring = Ring(self.rate)
        self._pipeline = Pipeline(
            ring=self._ring,
            capture=FixedStatus(),
            stages=self.stages,
            sinks=[self._sink],
            stream=Stream(
                "background", "a background", self.rate, encoder.info.identity, live=False, run_id="test"
            ),
            clock=SYSTEM_CLOCK,
            max_lag_s=1.0,
            companions=Companions(rhythms=make_rhythm_watch(words, self.rate, config)),
        )
        self._heard = 0

    @property
    def background(self) -> BackgroundState:
        return self.stages.background.state(self._heard)

    @property
    def open(self) -> frozenset[str]:
        return self.stages.detector.open

    def play(self, seconds: float, *sounds: Samples) -> None:
        """Play sounds on top of one another, each from its begin and over and over."""
        step = self.rate // 2
        for at in range(0, round(seconds * self.rate), step):
            places = np.arange(at, at + step)
            self._ring.write(sum((sound[places % len(sound)] for sound in sounds), np.zeros(step, "f4")), 0.0)
            self._heard += step
            while self._ring.counters().pending:
                self._pipeline.step(0.0)

    def threshold(self, name: str) -> float:
        return self.stages.detector.rules[name].onset_threshold

    def score(self, name: str, seconds: float = 5.0) -> float:
        """Return the median score of the last seconds."""
        since = self._heard - round(seconds * self.rate)
        scores = [one.scores[name] for one in self.of(ScoresMessage) if one.stop > since]
        return float(np.median(scores))

    def onsets(self, name: str) -> list[float]:
        """Return when events of a class began, seconds."""
        found = [one for one in self.of(Event) if (one.class_, one.type) == (name, "onset")]
        return [one.onset_sample / self.rate for one in found]

    def of(self, kind: type[Record]) -> list[Record]:
        return [record for record in self._sink.records if isinstance(record, kind)]


@pytest.fixture(scope="module")
def encoder() -> Remembering:
    return Remembering(load_encoder())


def at_level(sound: NDArray[np.floating], dbfs: float) -> Samples:
    return np.asarray(sound * (10.0 ** (dbfs / 20.0) / np.sqrt(np.mean(np.square(sound)))), np.float32)


def seconds(length: float = LOOP_S) -> NDArray[np.float64]:
    return np.arange(round(length * RATE)) / RATE


def tones(pitch_hz: float, tilt: float, count: int) -> NDArray[np.float64]:
    """Return a tone and its harmonics, float64 (n,)."""
    t = seconds()
    waves = [np.sin(2 * np.pi * k * pitch_hz * t + k * k) / k**tilt for k in range(1, count)]
    return np.asarray(np.sum(waves, axis=0))


def hiss(corner_hz: float) -> NDArray[np.float64]:
    """Return noise that falls off above `corner_hz`, float64 (n,), RMS 1."""
    noise = np.random.default_rng(0).standard_normal(len(seconds()))
    frequency = np.fft.rfftfreq(len(noise), 1.0 / RATE)
    shaped = np.fft.irfft(
        np.fft.rfft(noise) * (frequency > 60) / (1 + (frequency / corner_hz) ** 1.5), len(noise)
    )
    return np.asarray(shaped / shaped.std())


def hum(dbfs: float = QUIET_DBFS) -> Samples:
    """A quiet background with a humming transformer."""
    return at_level(tones(50.0, 1.0, 30), dbfs)


def fan(dbfs: float = LOUD_DBFS) -> Samples:
    return at_level(hiss(400.0) + 0.4 * tones(120.0, 1.0, 5), dbfs)


def blower(dbfs: float = LOUD_DBFS) -> Samples:
    """Another background: the whine and, twice as loud, the rush of a large ventilator; less is a hum."""
    return at_level(at_level(tones(410.0, 0.5, 18), -20.0) + 0.2 * hiss(8000.0), dbfs)


def siren(dbfs: float = LOUD_DBFS) -> Samples:
    """A wail that neither comes nor goes, twice in five seconds."""
    pitch_hz = 600.0 + 800.0 * (1.0 - np.abs(seconds() / 2.5 % 1.0 * 2.0 - 1.0)) ** 0.8
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE
    horn = [np.exp(-(np.log2(k * pitch_hz / 1500.0) ** 2) / 1.7) / k * np.sin(k * phase) for k in range(1, 6)]
    return at_level(np.sum(horn, axis=0), dbfs)


def dog(every_s: float, dbfs: float = LOUD_DBFS) -> Samples:
    """Four barks in a while of digital silence."""
    barks = soxr.resample(demo_sounds.dog_bark(np.random.default_rng(0)), demo_sounds.SAMPLE_RATE, RATE)
    return np.resize(np.pad(at_level(barks, dbfs), (0, len(seconds(every_s)))), len(seconds(every_s)))


def test_a_siren_of_three_minutes_stays_detected_and_the_next_is_found(encoder: Remembering) -> None:
    street = Listening(encoder, "siren,dog_bark,car_horn")
    street.play(40.0, hum())
    assert street.background.ready

    street.play(180.0, hum(), siren())
    assert street.open == {"siren"}
    street.play(20.0, hum())
    assert street.open == frozenset()
    street.play(10.0, hum(), siren())

    assert street.onsets("siren") == pytest.approx([40.0, 240.0], abs=2.0)
    assert street.open == {"siren"}
    assert not street.onsets("dog_bark") + street.onsets("car_horn")


def test_a_fan_becomes_background_within_a_minute(encoder: Remembering) -> None:
    background = Listening(encoder, "siren,wind")
    background.play(240.0, hum())
    heard = encoder.embed_audio(fan()[np.newaxis, : encoder.window_len])[0]
    assert float(heard @ background.stages.background.mean) < 0.7

    background.play(10.0, hum(), fan())
    at_first = background.score("wind")
    background.play(50.0, hum(), fan())

    assert float(heard @ background.stages.background.mean) > 0.95
    assert background.score("wind") < at_first / 3.0


def test_a_change_of_background_is_noticed_within_half_a_minute_and_the_old_one_forgotten(
    encoder: Remembering,
) -> None:
    background = Listening(encoder, "siren,dog_bark")
    background.play(120.0, hum())
    old = background.stages.background.mean

    background.play(30.0, blower())

    assert background.background.changes == 1
    heard = encoder.embed_audio(blower()[np.newaxis, : encoder.window_len])[0]
    mean = background.stages.background.mean
    assert float(heard @ mean) > 0.9 * float(np.linalg.norm(mean))
    assert float(heard @ old) < 0.5


def test_digital_silence_teaches_nothing(encoder: Remembering) -> None:
    background = Listening(encoder, "siren,dog_bark")
    background.play(60.0, np.zeros(RATE, np.float32))
    assert (background.background.windows, background.background.ready) == (0, False)

    background.play(40.0, hum())
    learnt = background.background.windows
    background.play(60.0, np.zeros(RATE, np.float32))
    assert (
        background.background.windows <= learnt + 8
    )  # of two seconds each, the last still hold the background


def test_a_dog_that_barks_every_ten_seconds_is_still_found_after_five_minutes(encoder: Remembering) -> None:
    yard = Listening(encoder, "siren,dog_bark", false_alarms_per_hour=1.0)
    yard.play(300.0, hum())
    quiet = yard.threshold("dog_bark")

    yard.play(300.0, hum(), dog(every_s=10.0))

    assert len(yard.onsets("dog_bark")) == 30
    assert yard.threshold("dog_bark") == pytest.approx(quiet, abs=0.1)


def missed(encoder: Remembering) -> list[Samples]:
    """Noise, and the loudest barks that the model just misses in it."""
    noise = at_level(hiss(3000.0), -45.0)
    for dbfs in np.arange(-45.0, -75.0, -0.5):
        yard = Listening(encoder, "siren,dog_bark", false_alarms_per_hour=1.0)
        yard.play(30.0, noise, dog(every_s=5.0, dbfs=dbfs))
        if not yard.onsets("dog_bark"):
            return [noise, dog(every_s=5.0, dbfs=dbfs)]
    raise AssertionError("the model hears barks that are 30 dB below the noise")


def test_five_minutes_of_near_misses_raise_the_thresholds_and_five_quiet_ones_lower_none(
    encoder: Remembering,
) -> None:
    quiet, noisy = (Listening(encoder, "siren,dog_bark", false_alarms_per_hour=1.0) for _ in range(2))
    configured = quiet.threshold("dog_bark")

    quiet.play(300.0, hum())
    noisy.play(300.0, *missed(encoder))

    assert not noisy.onsets("dog_bark")
    assert quiet.threshold("dog_bark") == configured < noisy.threshold("dog_bark")
