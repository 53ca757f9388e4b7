"""Places for `tools.benchmark.corrections`: what is heard there first and later, and what the model hears."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.assemble import SYSTEM_CLOCK, make_stages
from monitor.bus.messages import Event
from monitor.config.settings import Config
from monitor.corpus.clips import Clip
from monitor.corpus.layouts import Corpus
from monitor.encoders import Encoder
from monitor.evaluation.synthesis.plans import StreamPlan
from monitor.evaluation.synthesis.streams import Stream, StreamSpec, build_streams
from monitor.pipeline.companions import Companions
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Context
from monitor.pipeline.reporter import Stream as Listening
from monitor.progress import progress
from monitor.records import CaptureStatus, ClassPrompt, Window
from monitor.scoring.prompts import parse_classes
from monitor.stream.ring import Ring

CLASSES = "siren,fire_smoke_alarm,dog_bark,baby_cry,glass_break,door_knock,doorbell,car_horn,gunshot,scream"
_RECORDINGS = 40
"""Of a place."""
_LEAST_BACKGROUND_S = 20.0


class Heard(msgspec.Struct):
    """One stream as the model heard it, window by window."""

    plan: StreamPlan
    starts: list[int] = []
    stops: list[int] = []
    hops: list[int] = []
    vectors: list[NDArray[np.float32]] = []
    scores: list[dict[str, float]] = []
    """Not rounded, without corrections."""


class _Listener:
    """Stands where the moments of a run are kept."""

    def __init__(self, heard: Heard) -> None:
        self.heard = heard

    def follow(self, event: Event) -> Event:
        return event

    def hear(self, window: Window, vector: NDArray[np.float32], context: Context, _: object) -> None:
        self.heard.starts.append(window.start)
        self.heard.stops.append(window.stop)
        self.heard.hops.append(window.hop_len)
        self.heard.vectors.append(np.array(vector))
        self.heard.scores.append(dict(context.score.values))


class _Nothing:
    def emit(self, record: object) -> None:
        """Keep nothing."""

    def close(self) -> None:
        """Keep nothing."""


class _Recorded:
    status = CaptureStatus("running", None, 0, 0, 0, 0, None)


def hear(stream: Stream, encoder: Encoder, classes: Sequence[ClassPrompt], config: Config) -> Heard:
    """Return what the whole line makes of a stream, from the ring to the scores."""
    heard = Heard(stream.plan)
    ring = Ring(len(stream.samples) + 1)
    name = stream.plan.name
    pipeline = Pipeline(
        ring=ring,
        capture=_Recorded(),
        stages=make_stages(encoder, classes, config),
        sinks=[_Nothing()],
        stream=Listening("stream", name, encoder.sample_rate, encoder.info.identity, live=False, run_id=name),
        clock=SYSTEM_CLOCK,
        max_lag_s=config.window.max_lag_s,
        companions=Companions(moments=_Listener(heard)),  # type: ignore[arg-type]
    )
    ring.write(stream.samples, 0.0)
    ring.close()
    while pipeline.step(0.0):
        pass
    return heard


class Place(NamedTuple):
    """What is heard in one place, first and later."""

    first: list[Heard]
    later: list[Heard]


def streams_of(
    corpus: Corpus, folds: tuple[int, ...], arguments: argparse.Namespace
) -> Iterator[list[Stream]]:
    """Yield the first and the later streams of a place."""
    classes = tuple(CLASSES.split(","))
    rng = np.random.default_rng(arguments.seed)
    groups: dict[str, list[Clip]] = {}
    for clip in corpus.clips:
        if clip.is_in(folds) and clip.is_audible:
            groups.setdefault(clip.group, []).append(clip)
    again = sorted(
        name
        for name, clips in groups.items()
        if len(clips) > 1
        and clips[0].kind == "event"
        and not any(set(one.held) & set(classes) for one in clips)
    )
    here = rng.choice(again, min(_RECORDINGS, len(again)), replace=False)
    events = sorted(
        name for name, clips in groups.items() if any(set(one.held) & set(classes) for one in clips)
    )
    parts = ([groups[name][0] for name in here], [one for name in here for one in groups[name][1:]])
    backgrounds = _backgrounds(groups, rng, arguments.backgrounds)
    for number, part in enumerate(parts):
        usable = [one for name in _alternate(events, groups, number) for one in groups[name]]
        spec = StreamSpec(
            classes=_present(classes, usable), folds=folds, n_streams=arguments.streams, snr_db=arguments.snr,
            seed=arguments.seed * 10 + number, sample_rate=arguments.rate, max_events=1, distractors=3,
        )  # fmt: skip
        yield list(build_streams(replace(corpus, clips=[*part, *usable, *backgrounds]), spec))


def _backgrounds(groups: dict[str, list[Clip]], rng: np.random.Generator, most: int) -> list[Clip]:
    """Return the clips of the backgrounds of a place."""
    all_ = sorted(name for name, clips in groups.items() if clips[0].kind == "background")
    long = [
        name for name in all_ if sum(one.duration_s or 0.0 for one in groups[name]) >= _LEAST_BACKGROUND_S
    ]
    chosen = rng.choice(long, most, replace=False) if most else all_
    return [one for name in chosen for one in groups[name]]


def _alternate(events: Sequence[str], groups: dict[str, list[Clip]], number: int) -> list[str]:
    """Return every other recording of each class."""
    by_class: dict[str, list[str]] = {}
    for name in events:
        by_class.setdefault(groups[name][0].label, []).append(name)
    return [name for names in by_class.values() for name in names[number::2]]


def _present(classes: Sequence[str], clips: Sequence[Clip]) -> tuple[str, ...]:
    held = {name for clip in clips for name in clip.held}
    return tuple(name for name in classes if name in held)


def hear_place(
    corpus: Corpus, folds: tuple[int, ...], arguments: argparse.Namespace, encoder: Encoder, config: Config
) -> Place:
    """Return what the model hears in a place, from `--keep` where it was heard before."""
    own = vars(arguments)
    name = "-".join(f"{own[key]:g}" for key in ("seed", "streams", "snr", "backgrounds"))
    name = f"{folds[0]}-{name}.msgpack"
    kept = None if arguments.keep is None else arguments.keep / name
    if kept is not None and kept.exists():
        return _read(kept)
    classes = parse_classes(CLASSES, config.prompts.aliases)
    heard: list[list[Heard]] = []
    with progress(f"fold {'+'.join(map(str, folds))}", 2 * arguments.streams) as advance:
        for streams in streams_of(corpus, folds, arguments):
            heard.append([])
            for stream in streams:
                heard[-1].append(hear(stream, encoder, classes, config))
                advance()
    place = Place(*heard)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(msgspec.msgpack.encode(place, enc_hook=lambda one: one.tobytes()))
    return place


def _read(path: Path) -> Place:
    def decoded(_: type, value: bytes) -> NDArray[np.float32]:
        return np.frombuffer(value, np.float32)

    return msgspec.msgpack.decode(path.read_bytes(), type=Place, dec_hook=decoded)
