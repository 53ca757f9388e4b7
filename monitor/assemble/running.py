"""A run: the threads that capture, and what turns their sound into records."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import msgspec

from monitor.assemble.ends import SYSTEM_CLOCK
from monitor.assemble.stages import alarm_stages, stages_of
from monitor.config.fleet import Place
from monitor.config.settings import Config
from monitor.config.tuning import with_tuning
from monitor.encoders import Encoder
from monitor.encoders.watched import AsyncEncoder, WatchedEncoder
from monitor.errors import SourceError
from monitor.pipeline.acknowledgements import Acknowledgements
from monitor.pipeline.clip_keeper import ClipKeeper
from monitor.pipeline.companions import make_companions
from monitor.pipeline.corrector import Corrector, never_deaf
from monitor.pipeline.earlier_runs import EarlierRuns, remember_missed
from monitor.pipeline.memory import open_memory
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.scheduler import FEW, Scheduler
from monitor.pipeline.scorers import Scorers
from monitor.pipeline.self_test.making import Parts, make_self_tests
from monitor.pipeline.shedding import Shedding
from monitor.pipeline.start_notes import notes_of_settings, untuned_note
from monitor.pipeline.stream_descriptions import describe, stream_id
from monitor.pipeline.taught_classes import TaughtClasses
from monitor.records import ClassPrompt
from monitor.scoring.corrections import Corrections
from monitor.sinks.fanout import Fanout
from monitor.sources import Source
from monitor.sources.capture import Capture
from monitor.sources.captures import start_captures, stop_captures, tell_microphones_apart
from monitor.stream.ring import Ring
from monitor.units import seconds_to_len


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
        stages_for=alarm_stages(encoder, config, len(classes)),
        arrived=arrived,
        clock=SYSTEM_CLOCK,
    )
    tests = make_self_tests(parts, config)
    scheduler = Scheduler(
        pipelines, watched, arrived, acknowledgements, taught, corrector, shedding, self_tests=tests
    )
    clips = tuple(one.clips for one in companions if one.clips is not None)
    return Monitor(tuple(captures), scheduler, watched, encoder, sinks, notes, earlier, clips)
