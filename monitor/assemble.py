"""Composition root: configuration -> objects. The only file that names concrete classes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.config.checks import check_window
from monitor.config.fleet import Place, without_groups
from monitor.config.settings import Config
from monitor.config.tuning import with_tuning
from monitor.detection.allowance import set_by_hand, with_allowance
from monitor.detection.calibration import Calibration, Condition
from monitor.detection.detector import Detector
from monitor.detection.loud_sounds import LoudSounds
from monitor.encoders import Encoder
from monitor.encoders.watched import AsyncEncoder, WatchedEncoder
from monitor.errors import ConfigError, SourceError
from monitor.pipeline.acknowledgements import Acknowledgements
from monitor.pipeline.clip_keeper import ClipKeeper
from monitor.pipeline.companions import make_companions
from monitor.pipeline.corrector import Corrector, never_deaf
from monitor.pipeline.earlier_runs import EarlierRuns, remember_missed
from monitor.pipeline.memory import open_memory
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Clock
from monitor.pipeline.retuning import Tuning
from monitor.pipeline.rhythm_watch import make_rhythm_watch
from monitor.pipeline.scheduler import FEW, Scheduler
from monitor.pipeline.scorers import Scorers
from monitor.pipeline.self_test.alarm import alarm_classes, alarm_config
from monitor.pipeline.self_test.making import Parts, StagesFor, make_self_tests
from monitor.pipeline.shedding import Shedding
from monitor.pipeline.stages import Stages
from monitor.pipeline.start_notes import notes_of_settings, untuned_note
from monitor.pipeline.stream_descriptions import describe, stream_id
from monitor.pipeline.taught_classes import TaughtClasses
from monitor.records import ClassPrompt, OwnSound
from monitor.scoring.background import Background
from monitor.scoring.corrections import Corrections
from monitor.scoring.scorer import NOTHING_TAUGHT, Scorer
from monitor.sinks import Sink
from monitor.sinks.fanout import Fanout
from monitor.sinks.kinds import SINKS, SinkOptions, make_sink
from monitor.sources import Source
from monitor.sources.capture import Capture
from monitor.sources.captures import start_captures, stop_captures, tell_microphones_apart
from monitor.sources.options import SourceOptions
from monitor.sources.schemes import make_source
from monitor.stream.level import LevelMeter
from monitor.stream.ring import Ring
from monitor.stream.windows import Windower
from monitor.units import seconds_to_len


def _suspended() -> float:
    """Return the seconds for which the machine has slept since it was started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()


SYSTEM_CLOCK = Clock(
    monotonic=time.monotonic,
    utc=lambda: datetime.now(UTC),
    suspended=_suspended if hasattr(time, "CLOCK_BOOTTIME") else float,
)


def open_sinks(config: Config, options: SinkOptions, names: Iterable[str] | None = None) -> dict[str, Sink]:
    """Open the sinks that are asked for, by name; `names`: only these.

    Raises
    ------
    MonitorError
        One cannot be had; the others are closed again.
    """
    config = without_groups(config)
    opened: dict[str, Sink] = {}
    with contextlib.ExitStack() as stack:
        for name in SINKS if names is None else names:
            sink = make_sink(name, config, options)
            if sink is not None:
                opened[name] = sink
                stack.callback(sink.close)
        stack.pop_all()
    return opened


def make_sources(specs: Sequence[str], options: SourceOptions) -> list[Source]:
    """Return the sources that `specs` name; none is open yet.

    Raises
    ------
    ConfigError
        One is no source, or standard input is named twice.
    SourceError
        What one names cannot be a source.
    """
    if specs.count("-") > 1:
        raise ConfigError("Standard input (-) can be one source only; give the other as file:PATH.")
    return [make_source(spec, options) for spec in specs]


def make_stages(
    encoder: Encoder,
    classes: Sequence[ClassPrompt],
    config: Config,
    own: Mapping[str, OwnSound] = NOTHING_TAUGHT,
) -> Stages:
    """Return the stages of the line for `classes`, their texts embedded, some of them taught.

    Raises
    ------
    ConfigError
        The prompt template does not fit.
    """
    config = with_tuning(config, encoder.info.tuning)
    scorer = Scorers(encoder, classes, config).make(own)
    return stages_of(encoder, scorer, config, list(scorer.prompts))


def stages_of(encoder: Encoder, scorer: Scorer, config: Config, classes: Sequence[str]) -> Stages:
    """Return the stages of the line of one source, which listens for `classes`; `config` is tuned."""
    rate, hop = encoder.sample_rate, hop_len(encoder, config)
    settings = with_allowance(classes, config, scorer.calibrated)
    detector = Detector(classes, settings, rate, encoder.window_len, hop)
    return Stages(
        meter=LevelMeter(rate, config.level),
        windower=Windower(encoder.window_len, hop, rate),
        encoder=encoder,
        background=Background(encoder.dim, rate, hop, config.background),
        scorer=scorer,
        detector=detector,
        loud=LoudSounds(config.detector, rate, config.level.tick_s, classes),
        calibration=make_calibration(detector, config, rate, scorer.calibrated),
        long_event_is_background=config.detector.long_event_is_background,
    )


def _alarm_stages(encoder: Encoder, config: Config, listed: int) -> StagesFor:
    """Return what makes stages that listen for the alarm of a self-test; its text is embedded once."""
    own = alarm_config(config, listed)

    @cache
    def scorers() -> Scorers:
        return Scorers(encoder, alarm_classes(), own)

    def stages(mean: NDArray[np.float32]) -> Stages:
        made = stages_of(encoder, scorers().make({}), own, [one.name for one in alarm_classes()])
        if mean.any():
            made.background.remember(mean)
        return made

    return stages


def retuned(
    monitor: Monitor,
    classes: Sequence[ClassPrompt],
    config: Config,
    now: Sequence[Place],
    before: Sequence[Place],
) -> Retune:
    """Prepare to go on with other classes and settings, for a thread of its own; return what does so at once.

    Parameters
    ----------
    classes, config
        Of the whole run.
    now, before
        The sources of the run with what is in force for each, as it is to be and as it was.

    Raises
    ------
    ConfigError
        The prompt template does not fit.
    """
    encoder, tuning = monitor.model, monitor.model.info.tuning
    tuned = with_tuning(config, tuning)
    taught = TaughtClasses(classes, encoder.info, Scorers(encoder, classes, tuned))
    scorer = taught.scorer()
    scorer.corrections = corrections = Corrections(tuple(scorer.prompts), never_deaf(classes, tuned))
    tunings = []
    for place, earlier in zip(now, before, strict=True):
        own = with_tuning(place.config, tuning)
        stages = stages_of(encoder, scorer, own, [one.name for one in place.classes])
        tunings.append(
            Tuning(
                scorer=scorer,
                detector=stages.detector,
                calibration=stages.calibration,
                rhythms=make_rhythm_watch(place.classes, encoder.sample_rate, own),
                labels={one.name: one.label or one.name for one in place.classes},
                unknown=frozenset(one.name for one in place.classes if one.unknown),
                muted=_remuted(place, earlier),
                rethought=frozenset(
                    one.name for one in place.classes if _own(one.name, place) != _own(one.name, earlier)
                ),
            )
        )

    def go_on() -> None:
        monitor.scheduler.retune(tunings, taught, corrections)

    return go_on


def _remuted(now: Place, before: Place) -> dict[str, bool]:
    """Return the classes whose muting differs between two configurations, and how it is now."""
    muted = set(now.config.detector.muted)
    differs = muted ^ set(before.config.detector.muted)
    return {one.name: one.name in muted for one in now.classes if one.name in differs}


def _own(name: str, place: Place) -> float | None:
    own = place.config.detector.classes.get(name)
    return None if own is None else own.onset_threshold


def make_calibration(
    detector: Detector, config: Config, sample_rate: int, calibrated: bool
) -> Calibration | None:
    """Return what moves the thresholds of `detector` that are not set by hand; None where all stay."""
    if not config.calibration.false_alarms_per_hour:
        return None
    rules = detector.rules
    held = set_by_hand(tuple(rules), config)
    conditions = {
        name: Condition(rule.onset_threshold, rule.confirm_len, rule.sure_len)
        for name, rule in rules.items()
        if name not in held
    }
    return Calibration(conditions, config.calibration, sample_rate, calibrated)


def hop_len(encoder: Encoder, config: Config) -> int:
    """Return samples from window to window: what the configuration says, else what suits the model.

    Raises
    ------
    ConfigError
        The hop is longer than the model's window, or the ring shorter.
    """
    check_window(config, encoder.window_len / encoder.sample_rate)
    return min(
        seconds_to_len(config.window.hop_s or encoder.info.hop_s, encoder.sample_rate), encoder.window_len
    )


Retune = Callable[[], None]
"""Lets a run go on with what was prepared; at once, between two windows."""


class Monitor(msgspec.Struct, frozen=True):
    """The capture threads of a run, and what turns their sound into records."""

    captures: tuple[Capture, ...]
    """One per source, in the order in which the sources were named."""
    scheduler: Scheduler
    """What steps their pipelines."""
    encoder: AsyncEncoder
    model: Encoder
    """The one that `encoder` works."""
    sinks: Fanout
    notes: tuple[str, ...] = ()
    """What to tell the user about how it begins, one sentence or two each."""
    earlier: tuple[EarlierRuns, ...] = ()
    """Keep what live sources teach, and find it again."""
    clips: tuple[ClipKeeper, ...] = ()
    """Keep the sound around events."""

    @property
    def error(self) -> SourceError | None:
        """What was wrong with the sources that have ended, if anything."""
        errors = [capture.error for capture in self.captures if capture.error is not None]
        return type(errors[0])(" ".join(dict.fromkeys(map(str, errors)))) if errors else None

    def stop(self) -> None:
        """End all threads within about a second; an encoder that hangs keeps its own."""
        self.encoder.close()
        stop_captures(self.captures)


def start_monitor(  # noqa: PLR0913, PLR0917 - what a run is made of
    sources: Sequence[Source],
    encoder: Encoder,
    classes: Sequence[ClassPrompt],
    sinks: Fanout,
    config: Config,
    load: Callable[[], Encoder] | None = None,
    places: Sequence[Place] | None = None,
) -> Monitor:
    """Embed the texts, open the sources, and return what turns their sound into records; the caller stops it.

    Parameters
    ----------
    load
        Returns `encoder` loaded again, for when it fails; None: it is tried as it is.
    places
        What is in force for each of `sources`; None: `classes` and `config` for all.

    Raises
    ------
    ConfigError
        The prompt template does not fit.
    SourceError
        A source cannot be opened; the others are closed again.
    """
    tell_microphones_apart(sources)
    untuned = untuned_note(encoder.info, config)
    tuning = encoder.info.tuning
    config = with_tuning(config, tuning)
    places = places or [Place("", "", tuple(classes), config) for _ in sources]
    own_configs = [with_tuning(place.config, tuning) for place in places]
    taught = TaughtClasses(classes, encoder.info, Scorers(encoder, classes, config))
    scorer = taught.scorer()
    scorer.corrections = corrections = Corrections(tuple(scorer.prompts), never_deaf(classes, config))
    arrived = threading.Event()
    rings = [Ring(seconds_to_len(config.capture.ring_s, encoder.sample_rate), arrived) for _ in sources]
    captures = start_captures(
        sources, rings, encoder.sample_rate, [own.capture for own in own_configs], gathered=len(sources) > FEW
    )
    streams = describe(sources, encoder.info, places, config.publish.node)
    stages = [
        stages_of(encoder, scorer, own, [one.name for one in place.classes])
        for own, place in zip(own_configs, places, strict=True)
    ]
    memory, unremembered = open_memory(config, streams)
    if memory is not None:
        sinks.count(memory.queue)
    companions = make_companions(streams, places, memory, encoder, config)
    earlier = tuple(
        EarlierRuns(
            own, beside.sound_levels, stream, None if place.source_id else stream_id(source), place.config
        )
        for own, beside, stream, source, place in zip(
            stages, companions, streams, sources, places, strict=True
        )
    )
    moments = [one.moments for one in companions if one.moments is not None]
    corrector = Corrector(corrections, moments, memory, SYSTEM_CLOCK.utc)
    unremembered += corrector.remember(encoder.info.identity)
    acknowledgements = Acknowledgements(sinks.emit, SYSTEM_CLOCK.utc)
    unseen = remember_missed(acknowledgements, streams, config)
    shedding = Shedding(config.window.max_lag_s) if len(sources) > 1 else None
    pipelines = [
        Pipeline(
            ring=ring,
            capture=capture,
            stages=own,
            sinks=sinks,
            stream=stream,
            clock=SYSTEM_CLOCK,
            max_lag_s=config.window.max_lag_s,
            acknowledgements=acknowledgements,
            companions=beside,
            shedding=shedding,
            earlier=before,
        )
        for ring, capture, stream, own, beside, before in zip(
            rings, captures, streams, stages, companions, earlier, strict=True
        )
    ]
    known = [sentence for one in earlier for sentence in one.news()]
    notes = (*known, *taught.notes, *unremembered, *unseen, *untuned)
    notes += notes_of_settings(encoder.info, config, classes, streams)
    watched = WatchedEncoder(encoder, SYSTEM_CLOCK.monotonic, load)
    parts = Parts(
        pipelines=tuple(pipelines),
        streams=tuple(streams),
        companions=tuple(companions),
        captures=tuple(captures),
        stages_for=_alarm_stages(encoder, config, len(classes)),
        arrived=arrived,
        clock=SYSTEM_CLOCK,
    )
    tests = make_self_tests(parts, config)
    scheduler = Scheduler(
        pipelines, watched, arrived, acknowledgements, taught, corrector, shedding, self_tests=tests
    )
    clips = tuple(one.clips for one in companions if one.clips is not None)
    return Monitor(tuple(captures), scheduler, watched, encoder, sinks, notes, earlier, clips)
