"""A smoke alarm made by code in a quiet place made by code, in real time, to try whether one gets through."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.sources import demo_sounds as sounds
from monitor.sources.demo import DemoSource, Scene, SceneEvent, gain
from monitor.units import mean_power, seconds_to_len

CLASS, WORDING = "smoke_alarm", "smoke alarm beeping"
"""What a monitor is to hear."""
BEFORE_S = 5.0
"""Of the place alone, so that a monitor can learn it."""
LASTS_S = 6.5
OVER_DB = 20.0
"""So much louder than the place it is, where that is wanted."""
ALONE_DBFS = -30.0
_AFTER_S = 4.0
_PLACE_DBFS = -50.0
_PLAYED_DBFS = -9.0
_SEED = 7


@cache
def alarm_scene() -> Scene:
    """Return the place, and the common pattern of three beeps in it, 20 dB louder."""
    rng = np.random.default_rng(_SEED)
    alarm = _at(sounds.smoke_alarm(rng), _PLACE_DBFS + OVER_DB)
    length = seconds_to_len(BEFORE_S + _AFTER_S, sounds.SAMPLE_RATE) + len(alarm)
    scene = _at(sounds.wind(rng, length), _PLACE_DBFS)
    start = seconds_to_len(BEFORE_S, sounds.SAMPLE_RATE)
    scene[start : start + len(alarm)] += alarm
    scene.flags.writeable = False
    event = SceneEvent(CLASS, BEFORE_S, BEFORE_S + LASTS_S)
    return Scene(scene, sounds.SAMPLE_RATE, (event,))


def write_alarm(path: Path) -> Path:
    """Write what a loudspeaker is to play, silence first, and return `path`.

    Raises
    ------
    OSError, soundfile.LibsndfileError
        It cannot be written.
    """
    import soundfile

    alarm = _at(sounds.smoke_alarm(np.random.default_rng(_SEED)), _PLAYED_DBFS)
    silence = np.zeros(seconds_to_len(BEFORE_S, sounds.SAMPLE_RATE), np.float32)
    samples = np.clip(np.concatenate([silence, alarm]), -1.0, 1.0)
    soundfile.write(path, samples, sounds.SAMPLE_RATE, subtype="PCM_16")
    return path


@cache
def alarm_samples(sample_rate: int) -> NDArray[np.float32]:
    """Return the alarm alone, float32 (n,), read-only, at an RMS level of `ALONE_DBFS`."""
    import soxr

    made = _at(sounds.smoke_alarm(np.random.default_rng(_SEED)), ALONE_DBFS)
    samples = np.asarray(soxr.resample(made, sounds.SAMPLE_RATE, sample_rate), np.float32)
    samples.flags.writeable = False
    return samples


class MadeAlarm(DemoSource):
    """The scene as a source in real time."""

    id = "test"
    name = "a smoke alarm made by code"
    scene_name = "The test"

    @property
    def scene(self) -> Scene:
        """What is heard."""
        return alarm_scene()

    @property
    def alarm_began_s(self) -> float:
        """Monotonic clock, seconds, when the alarm began."""
        return self.began_s + BEFORE_S


def _at(samples: NDArray[np.float32], level_dbfs: float) -> NDArray[np.float32]:
    """Return `samples` at an RMS level."""
    return samples * np.float32(gain(mean_power(samples), level_dbfs))
