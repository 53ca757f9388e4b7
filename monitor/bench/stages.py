"""What each stage costs: the real line of one source over the demo street, with a stopwatch on every stage.

Times are those of this thread's processor, so that what else the computer does counts little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import thread_time
from typing import Any

import msgspec
import numpy as np

from monitor.assemble import SYSTEM_CLOCK, make_stages
from monitor.config.settings import Config
from monitor.encoders import Encoder
from monitor.pipeline.companions import Companions
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Stream
from monitor.pipeline.rhythm_watch import make_rhythm_watch
from monitor.pipeline.stages import Stages
from monitor.records import Block, CaptureStatus, ClassPrompt
from monitor.sources.demo import demo_scene
from monitor.sources.ingest import Ingest
from monitor.stream.ring import Ring

_BLOCK_S = 0.05
_MEASURED = {
    "levels and spectrogram": ("meter",),
    "windows": ("windower",),
    "model": ("encoder",),
    "background": ("background",),
    "scores": ("scorer",),
    "detector": ("detector", "loud", "calibration"),
}
CAPTURE, PATTERNS, REST = "capture", "alarm patterns", "everything between"


class StageCost(msgspec.Struct, frozen=True):
    """What one stage took."""

    name: str
    median_ms: float
    """Milliseconds of processor time, from window to window."""
    p95_ms: float
    share: float
    """Of one core, for one microphone."""


class StageCosts(msgspec.Struct, frozen=True):
    """What all stages took."""

    windows: int
    """How many windows were analysed."""
    hop_s: float
    stages: tuple[StageCost, ...]


class Stopwatch:
    """How long each of several things took since the last lap; what one does within another counts once."""

    def __init__(self) -> None:
        self.laps: list[dict[str, float]] = []
        self._taken: dict[str, float] = {}
        self._running: list[str] = []
        self._since_s = thread_time()

    @contextmanager
    def on(self, name: str) -> Iterator[None]:
        """Count what happens meanwhile as `name`."""
        self._change(name)
        try:
            yield
        finally:
            self._change(None)

    def lap(self) -> None:
        """Begin the next lap."""
        self._note(REST)
        self.laps.append(self._taken)
        self._taken = {}

    def _change(self, name: str | None) -> None:
        self._note(self._running[-1] if self._running else REST)
        if name is None:
            self._running.pop()
        else:
            self._running.append(name)

    def _note(self, name: str) -> None:
        now_s = thread_time()
        self._taken[name] = self._taken.get(name, 0.0) + now_s - self._since_s
        self._since_s = now_s


class _Timed:
    """Stands before a stage and counts the time of its methods."""

    def __init__(self, stage: Any, name: str, watch: Stopwatch) -> None:
        self.__dict__.update(_stage=stage, _name=name, _watch=watch)

    def __getattr__(self, name: str) -> Any:
        with self._watch.on(self._name):
            found = getattr(self._stage, name)
        return self._method(found) if callable(found) else found

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._stage, name, value)

    def _method(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            with self._watch.on(self._name):
                return method(*arguments, **named)

        return timed


class _Playing:
    """An input that is well."""

    status = CaptureStatus("running", None, 0, 0, 0, 0, None)


def measure_stages(encoder: Encoder, classes: Sequence[ClassPrompt], config: Config) -> StageCosts:
    """Let one source hear the demo street as fast as it can, and return what each stage took."""
    watch, rate = Stopwatch(), encoder.sample_rate
    stages = make_stages(encoder, classes, config)
    hop_s = stages.windower.hop_len / rate
    ring = Ring(rate * 10)
    pipeline = Pipeline(
        ring=ring,
        capture=_Playing(),
        stages=_timed(stages, watch),
        sinks=[],
        stream=Stream("bench", "demo street", rate, encoder.info.identity, live=False, run_id="bench"),
        clock=SYSTEM_CLOCK,
        max_lag_s=config.window.max_lag_s,
        companions=Companions(rhythms=_patterns(classes, rate, config, watch)),
    )
    ingest = Ingest(ring, rate, wait=False, config=config.capture)
    scene = demo_scene()
    ingest.begin(scene.sample_rate, live=False)
    block_len = round(_BLOCK_S * scene.sample_rate)
    for start in range(0, len(scene.samples), block_len):
        with watch.on(CAPTURE):
            ingest.add(Block(scene.samples[start : start + block_len, np.newaxis], start / scene.sample_rate))
        if ring.counters().pending >= stages.windower.due_len:
            pipeline.step(0.0)
            watch.lap()
    return _costs(watch.laps[_warm_up(hop_s) :], hop_s)


def _warm_up(hop_s: float) -> int:
    return max(1, round(2.0 / hop_s))


def _patterns(classes: Sequence[ClassPrompt], rate: int, config: Config, watch: Stopwatch) -> Any:
    """Return what finds alarms by their pattern, where one is listened for."""
    rhythms = make_rhythm_watch(classes, rate, config)
    return None if rhythms is None else _Timed(rhythms, PATTERNS, watch)


def _timed(stages: Stages, watch: Stopwatch) -> Stages:
    fields = {
        field: _Timed(stage, name, watch)
        for name, names in _MEASURED.items()
        for field in names
        if (stage := getattr(stages, field)) is not None
    }
    timed: Stages = msgspec.structs.replace(stages, **fields)
    return timed


def _costs(laps: Sequence[dict[str, float]], hop_s: float) -> StageCosts:
    costs = []
    for name in (CAPTURE, *_MEASURED, PATTERNS, REST):
        ms = np.array([1e3 * lap.get(name, 0.0) for lap in laps])
        median, p95 = np.percentile(ms, (50, 95))
        share = float(ms.mean()) / 1e3 / hop_s
        costs.append(StageCost(name, round(float(median), 3), round(float(p95), 3), round(share, 5)))
    return StageCosts(len(laps), hop_s, tuple(costs))
