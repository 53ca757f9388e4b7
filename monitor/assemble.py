"""Composition root: configuration -> objects. The only file that names concrete classes."""

from __future__ import annotations

import re
import sys
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from monitor.activity import LevelMeter
from monitor.background import Background
from monitor.config import Config
from monitor.detector import Detector
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.pipeline import Pipeline, Stages
from monitor.prompts import build_prompts
from monitor.prototypes import build_prototypes
from monitor.records import ClassPrompt
from monitor.report import Clock, Stream
from monitor.ring import Ring
from monitor.scorer import Scorer
from monitor.sinks import Sink
from monitor.sources import Source
from monitor.sources.capture import Capture
from monitor.sources.pcm import PcmSource, SampleFormat
from monitor.units import seconds_to_len
from monitor.windows import Windower

SYSTEM_CLOCK = Clock(monotonic=time.monotonic, utc=lambda: datetime.now(UTC))


class PcmFormat(msgspec.Struct, frozen=True):
    """What raw samples on standard input look like."""

    sample_rate: int = 16000
    channels: int = 1
    sample_format: SampleFormat = "s16le"


def make_source(spec: str, fast: bool, pcm: PcmFormat, lost_after_s: float) -> Source:
    """Return the source `spec` names: `mic:X`, `file:PATH`, `-` (raw PCM on standard input) or `demo`.

    Raises
    ------
    ConfigError
        `spec` is none of these.
    SourceError
        What it names cannot be a source.
    """
    kind, _, rest = spec.partition(":")
    if kind == "mic":
        from monitor.sources.microphone import Microphone

        return Microphone(rest or "default", lost_after_s=lost_after_s)
    if kind == "file" and rest:
        from monitor.sources.file import FileSource

        return FileSource(Path(rest), fast=fast)
    if spec == "-":
        stdin = getattr(sys.stdin, "buffer", None)
        return PcmSource(stdin, pcm.sample_rate, pcm.channels, pcm.sample_format, patient=fast)
    if spec == "demo":
        from monitor.sources.demo import DemoSource

        return DemoSource(fast=fast)
    raise ConfigError(f"There is no source {spec!r}; legal: mic:INDEX|NAME|ID, file:PATH, - (raw PCM), demo.")


def make_stages(encoder: Encoder, classes: Sequence[ClassPrompt], config: Config) -> Stages:
    """Return the rooms of the line for `classes`, their texts embedded.

    Raises
    ------
    ConfigError
        The prompt template does not fit.
    """
    prompts = build_prompts(classes, config, encoder.template)
    prototypes = build_prototypes(encoder.embed_text, prompts, config.prompts.distractor_max_cosine)
    rate = encoder.sample_rate
    hop_len = min(seconds_to_len(config.window.hop_s, rate), encoder.window_len)
    names = [item.name for item in classes]
    return Stages(
        meter=LevelMeter(rate, config.level),
        windower=Windower(encoder.window_len, hop_len, rate),
        encoder=encoder,
        background=Background(prototypes.text_background, rate, config.background),
        scorer=Scorer(prototypes, config.scorer, config.drift),
        detector=Detector(names, config.detector, rate, encoder.window_len),
    )


class Monitor(msgspec.Struct, frozen=True):
    """A capture thread and a pipeline that belong together."""

    capture: Capture
    pipeline: Pipeline


def start_monitor(
    source: Source, encoder: Encoder, classes: Sequence[ClassPrompt], sinks: Sequence[Sink], config: Config
) -> Monitor:
    """Embed the texts, open the source, and return what turns its sound into records; the caller stops it.

    Raises
    ------
    ConfigError
        The prompt template does not fit.
    SourceError
        The source cannot be opened.
    """
    rate = encoder.sample_rate
    stages = make_stages(encoder, classes, config)
    ring = Ring(seconds_to_len(config.capture.ring_s, rate))
    capture = Capture(source, ring, rate, config.capture, wait=not source.live)
    capture.start()
    stream = Stream(
        source_id=re.sub(r"[^A-Za-z0-9_-]+", "-", source.id),
        source_name=source.name,
        sample_rate=rate,
        model=encoder.identity,
        live=source.live,
        run_id=uuid.uuid4().hex[:8],
    )
    pipeline = Pipeline(
        ring=ring,
        capture=capture,
        stages=stages,
        sinks=sinks,
        stream=stream,
        clock=SYSTEM_CLOCK,
        max_lag_s=config.window.max_lag_s,
    )
    return Monitor(capture, pipeline)
