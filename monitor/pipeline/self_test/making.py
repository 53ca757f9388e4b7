"""Makes the self-tests of a run: one for each source that is heard as it happens."""

from __future__ import annotations

import os
import threading
from datetime import datetime
from functools import partial

import msgspec

from monitor.bus.messages import SelfTest
from monitor.config.fleet import made_by_code
from monitor.config.settings import Config
from monitor.pipeline.companions import Companions
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Clock, Stream
from monitor.pipeline.self_test.day import Day
from monitor.pipeline.self_test.rehearsal import StagesFor
from monitor.pipeline.self_test.self_tests import SelfTests
from monitor.pipeline.self_test.source_test import Copier, SourceTest, Subject
from monitor.pipeline.stages import Input
from monitor.sinks import Sink
from monitor.sinks.service_manager import notify_address
from monitor.storage.self_tests import keep_self_test, last_self_test
from monitor.stream.ring import Ring


class Parts(msgspec.Struct, frozen=True):
    """What of a run its self-tests are made of; a live source each in the tuples."""

    pipelines: tuple[Pipeline, ...]
    streams: tuple[Stream, ...]
    companions: tuple[Companions, ...]
    captures: tuple[Input, ...]
    stages_for: StagesFor
    arrived: threading.Event
    clock: Clock


def make_self_tests(parts: Parts, config: Config) -> SelfTests:
    """Return those of the live sources of a run, each with what it found in the run before."""
    tests = []
    made = made_by_code(config)
    each = zip(parts.pipelines, parts.streams, parts.companions, parts.captures, strict=True)
    for pipeline, stream, beside, capture in each:
        if beside.tap is None:
            continue
        lasting = stream.source_id not in made
        subject = Subject(
            line=pipeline,
            stream=stream,
            tap=beside.tap,
            copier=_copier(pipeline, stream, capture, parts, config.window.max_lag_s),
            arrived=parts.arrived,
            clock=parts.clock,
            keep=keep_self_test if lasting else _forgotten,
        )
        earlier = last_self_test(stream.source_id) if lasting else None
        day, late_s = _day(config, earlier, parts.clock.utc()), config.self_test.late_s
        test = SourceTest(subject, parts.stages_for, day, late_s)
        if earlier is not None:
            test.remember(earlier)
        tests.append(test)
    return SelfTests(tests)


def _day(config: Config, earlier: SelfTest | None, now: datetime) -> Day | None:
    """Return when a source is tested daily; None: never."""
    daily, settings = config.self_test.daily, config.self_test
    wanted = daily == "always" or (daily == "service" and notify_address(os.environ) is not None)
    if not wanted:
        return None
    return Day(settings.at, settings.within_h, now if earlier is None else min(earlier.time, now))


def _copier(pipeline: Pipeline, stream: Stream, capture: Input, parts: Parts, max_lag_s: float) -> Copier:
    """Return what makes copies of the line of one source, whatever stages they have."""
    of_test = msgspec.structs.replace(stream, labels={}, unknown=frozenset())

    def copy(stages_for: StagesFor, ring: Ring, sink: Sink) -> Pipeline:
        return Pipeline(
            ring=ring,
            capture=capture,
            stages=stages_for(pipeline.background_mean),
            sinks=[sink],
            stream=of_test,
            clock=parts.clock,
            max_lag_s=max_lag_s,
        )

    return lambda stages_for: partial(copy, stages_for)


def _forgotten(source_id: str, test: SelfTest) -> None:
    """Keep nothing of a source that is made by code."""
