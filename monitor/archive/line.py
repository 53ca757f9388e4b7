"""The line of one recording: the very stages that listen live, on one thread, as fast as they can.

`read` fills the ring block by block (decoding, one channel, resampling), `embed` asks the encoder for the
windows that are due, and the pipeline scores, detects and learns. `monitor run --source FILE --fast` with the
same hop gives the same scores and events; only corrections (`monitor correct`) are those of a place and count
in no archive.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.archive.records import Order
from monitor.assemble import SYSTEM_CLOCK, stages_of
from monitor.config.fleet import Place
from monitor.config.settings import Config
from monitor.config.tuning import with_tuning
from monitor.encoders import Encoder, load
from monitor.encoders.checked import answer
from monitor.pipeline.companions import Companions
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.rhythm_watch import make_rhythm_watch
from monitor.pipeline.scorers import Scorers
from monitor.pipeline.stages import Stages
from monitor.pipeline.stream_descriptions import describe
from monitor.pipeline.taught_classes import TaughtClasses
from monitor.records import Embedding, Window
from monitor.sinks import Sink
from monitor.sources.capture import Capture
from monitor.sources.file import FileSource
from monitor.stream.ring import Ring
from monitor.units import seconds_to_len


class Embedded(msgspec.Struct, frozen=True):
    """What the encoder made of one window."""

    start: int
    """Stream index of its first sample; below 0 where the recording begins within the window."""
    stop: int
    vector: NDArray[np.float32]
    """float32 (dim,), unit norm."""


class Listener:
    """Hears one recording after another, each as if it were the only one."""

    def __init__(self, order: Order, encoder: Encoder | None = None) -> None:
        """Load the model, and embed the words once.

        Raises
        ------
        MonitorError
            The model cannot be loaded, or the words do not fit.
        """
        self.encoder = encoder or load(order.config.model)
        self._classes = order.classes
        self._names = [one.name for one in order.classes]
        self._config: Config = with_tuning(order.config, self.encoder.info.tuning)
        scorers = Scorers(self.encoder, order.classes, self._config)
        self._scorer = TaughtClasses(order.classes, self.encoder.info, scorers).scorer()

    def open(self, path: Path, sink: Sink) -> Line:
        """Return the line of the recording at `path`, whose records go to `sink`.

        Raises
        ------
        SourceError
            It cannot be read.
        """
        rate = self.encoder.sample_rate
        source = FileSource(path, fast=True)
        ring = Ring(seconds_to_len(self._config.capture.ring_s, rate))
        capture = Capture(source, ring, rate, self._config.capture, wait=False)
        capture.open()
        place = Place("", "", self._classes, self._config)
        stream = describe([source], self.encoder.info, [place], self._config.publish.node)[0]
        stages = stages_of(self.encoder, self._scorer, self._config, self._names)
        pipeline = Pipeline(
            ring=ring,
            capture=capture,
            stages=stages,
            sinks=[sink],
            stream=stream,
            clock=SYSTEM_CLOCK,
            max_lag_s=self._config.window.max_lag_s,
            companions=Companions(rhythms=make_rhythm_watch(self._classes, rate, self._config)),
        )
        return Line(source, capture, ring, pipeline, stages)


class Line:
    """One recording on its way from the file to the sink."""

    def __init__(
        self, source: FileSource, capture: Capture, ring: Ring, pipeline: Pipeline, stages: Stages
    ) -> None:
        self._source = source
        self._capture = capture
        self._ring = ring
        self._pipeline = pipeline
        self._encoder, self._meter = stages.encoder, stages.meter

    @property
    def position_s(self) -> float:
        """Seconds of sound heard so far."""
        return self._pipeline.position_s

    def level_dbfs(self, start: int, stop: int) -> float:
        """Return how loud the loudest tenth of a second of [start, stop) was, just after it was heard."""
        return self._meter.over(max(0, start), stop).level_dbfs

    @property
    def read_share(self) -> float:
        """How much of the file's bytes was read, [0, 1]."""
        return self._source.read_share

    @property
    def wrong(self) -> str | None:
        """What was wrong with it, one sentence or two; None: nothing. To be read at its end."""
        parts = (str(self._capture.error or ""), self._pipeline.unheard or "")
        return " ".join(part for part in parts if part) or None

    def hear(self) -> Iterator[Embedded]:
        """Hear all of it; yield what the encoder makes of each window it was asked for."""
        while not self._pipeline.ended:
            if not self._ring.ready:
                self._read()
            self._pipeline.read()
            yield from self._embed()

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        self._source.close()

    def _read(self) -> None:
        """Stages one and two: decode blocks and bring them to one channel at the model's rate."""
        while not self._ring.ready and self._capture.transfer():
            pass

    def _embed(self) -> Iterator[Embedded]:
        """Stage three, and for each window four and five: score and detect."""
        pipeline = self._pipeline
        while (window := pipeline.next_window()) is not None:
            embedding = _embedding(self._encoder, window)
            pipeline.accept(window, embedding)
            if embedding is not None:
                yield Embedded(window.start, window.stop, embedding.vector)


def _embedding(
    encoder: Encoder, window: Window, monotonic: Callable[[], float] = time.monotonic
) -> Embedding | None:
    return answer(encoder, [window], monotonic).embeddings[0]
