"""The demo scene: a street made by code, with sounds at known times. `--source demo` needs no microphone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.records import Block
from monitor.sources import demo_sounds as sounds
from monitor.sources.options import SourceOptions
from monitor.units import mean_power, seconds_to_len

SCENE_S = 38.0
"""Seconds the scene lasts."""

_BLOCK_S, _FAST_BLOCK_S = 0.04, 1.0
_BACKGROUND_DBFS = -42.0
"""RMS level of the background, without the passing cars."""
_AUDIBLE_DB = 20.0
"""A sound lasts until it stays this far below its loudest moment."""

_MAKING = threading.Lock()
"""Sources are opened side by side: the first one makes the scene, the others wait for it."""

_Synthesis = Callable[[np.random.Generator], NDArray[np.float32]]

_EVENTS: tuple[tuple[str, _Synthesis, float, float], ...] = (
    ("car_horn", sounds.car_horn, 5.5, 13.0),
    ("dog_bark", sounds.dog_bark, 9.5, 14.0),
    ("door_knock", sounds.door_knock, 14.2, 13.0),
    ("doorbell", sounds.doorbell, 18.0, 12.0),
    ("siren", sounds.siren, 22.8, 13.0),
    ("smoke_alarm", sounds.smoke_alarm, 30.6, 12.0),
)
"""Class, synthesis, onset in seconds, level of the audible part over the background in dB."""

_CARS = ((-1.5, 3.0), (9.1, 2.0), (17.9, 2.0))
"""Passing cars: start in seconds, RMS level over the background in dB."""


class SceneEvent(msgspec.Struct, frozen=True):
    """One sound of the scene."""

    class_name: str
    onset_s: float
    """Seconds from the start of the scene to the sound's first sample."""
    offset_s: float
    """Seconds from the start of the scene to where it has faded by 20 dB for good."""


class Scene(msgspec.Struct, frozen=True):
    """A synthesised recording and what is in it."""

    samples: NDArray[np.float32]
    """float32 (n,), full scale +-1.0, read-only."""
    sample_rate: int
    """Hz."""
    events: tuple[SceneEvent, ...]
    """In order of onset, never overlapping."""


@cache
def demo_scene(seed: int = 20) -> Scene:
    """Return the street scene; the same seed gives the same samples.

    Five seconds of background come first, so that a monitor can learn it: traffic, wind, people across
    the street and cars that pass. Six sounds follow, 12 to 14 dB over the background and 2.5 s or more apart.
    """
    rng = np.random.default_rng(seed)
    street = _street(rng, seconds_to_len(SCENE_S, sounds.SAMPLE_RATE))
    events = []
    for class_name, synthesis, onset_s, snr_db in _EVENTS:
        sound = synthesis(rng)
        length_s = _audible_len(sound) / sounds.SAMPLE_RATE
        _mix(street, sound, onset_s, snr_db)
        events.append(SceneEvent(class_name, onset_s, onset_s + length_s))
    street.flags.writeable = False
    return Scene(street, sounds.SAMPLE_RATE, tuple(events))


class DemoSource:
    """The demo scene as a source; in real time it passes whether anybody reads it or not.

    Parameters
    ----------
    fast : bool
        Deliver as fast as it is read instead of in real time.
    clock, sleep
        Monotonic seconds, and how to wait for them.
    """

    id = "demo"
    name = "demo street"
    scene_name = "The demo scene"
    sample_rate = sounds.SAMPLE_RATE

    def __init__(
        self,
        fast: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.live = not fast
        self.block_s = _FAST_BLOCK_S if fast else _BLOCK_S
        """Seconds per block."""
        self._clock = clock
        self._sleep = sleep
        self._position = 0
        self._samples = np.zeros(0, np.float32)
        self._start_s: float | None = None

    @property
    def rest_s(self) -> float:
        """Seconds for which nobody need look: as a microphone, while it is live."""
        return 0.5 if self.live else 0.0

    @property
    def scene(self) -> Scene:
        """What is heard."""
        return demo_scene()

    @property
    def began_s(self) -> float:
        """Clock, seconds, when the first block was asked for; 0 before."""
        return self._start_s or 0.0

    def open(self) -> None:
        """Begin at the start of the scene; it is made here, in a fraction of a second."""
        with _MAKING:
            self._samples = self.scene.samples
        self._position, self._start_s = 0, None

    def read(self, timeout_s: float) -> Block | None:
        """Return the next block once it has passed, or None if that takes longer than `timeout_s`.

        Raises
        ------
        EOFError
            The scene is over.
        """
        samples = self._samples
        if self._position >= len(samples):
            raise EOFError(f"{self.scene_name} is over.")
        if self._start_s is None:
            self._start_s = self._clock()
        stop = min(self._position + seconds_to_len(self.block_s, self.sample_rate), len(samples))
        due_s = self._start_s + stop / self.sample_rate
        if self.live and not self._wait_until(due_s, timeout_s):
            return None
        block = Block(samples[self._position : stop, np.newaxis], due_s if self.live else self._clock())
        self._position = stop
        return block

    def close(self) -> None:
        """Do nothing: nothing is held."""

    def _wait_until(self, due_s: float, timeout_s: float) -> bool:
        """Wait for `due_s`, at most `timeout_s`; return whether it has come."""
        wait_s = due_s - self._clock()
        if wait_s > 0.0:
            self._sleep(min(wait_s, timeout_s))
        return wait_s <= timeout_s


def _street(rng: np.random.Generator, length: int) -> NDArray[np.float32]:
    """Return the background, float32 (length,)."""
    layers = ((sounds.traffic, 0.0), (sounds.wind, -8.0), (sounds.babble, -5.0))
    street = np.zeros(length, np.float32)
    for synthesis, level_db in layers:
        layer = synthesis(rng, length)
        street += layer * gain(mean_power(layer), level_db)
    street *= np.float32(gain(mean_power(street), _BACKGROUND_DBFS))
    for start_s, over_db in _CARS:
        _mix(street, sounds.car_pass(rng), start_s, over_db)
    return street


def _mix(street: NDArray[np.float32], sound: NDArray[np.float32], start_s: float, over_db: float) -> None:
    """Add `sound` in place, its audible part `over_db` above the background level."""
    sound = sound * np.float32(gain(mean_power(sound[: _audible_len(sound)]), _BACKGROUND_DBFS + over_db))
    start = round(start_s * sounds.SAMPLE_RATE)
    first, stop = max(0, start), min(len(street), start + len(sound))
    street[first:stop] += sound[first - start : stop - start]


def gain(power: float, level_db: float) -> float:
    """Return the factor that brings mean-square `power` to `level_db`."""
    return float(np.sqrt(10.0 ** (level_db / 10.0) / power))


def _audible_len(sound: NDArray[np.float32]) -> int:
    """Return how many samples pass until the sound has faded by `_AUDIBLE_DB` for good, in steps of 20 ms."""
    step = seconds_to_len(0.02, sounds.SAMPLE_RATE)
    power = np.square(sound[: len(sound) // step * step]).reshape(-1, step).mean(axis=1)
    return (int(np.flatnonzero(power > power.max() * 10.0 ** (-_AUDIBLE_DB / 10.0))[-1]) + 1) * step


def open_demo(_: str, options: SourceOptions) -> DemoSource:
    """Return the scene."""
    return DemoSource(fast=options.fast)
