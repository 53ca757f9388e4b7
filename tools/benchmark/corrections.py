"""What corrections give: false alarms and recall after the first k false alarms were said to be wrong.

    python -m tools.benchmark.corrections --data INDEX.csv --folds 4 --corrections 5,20

A place has recordings that are heard again and again. In its first streams one part of each is heard, mixed
into backgrounds; the first k false alarms there are said to be wrong. In later streams other parts of the
same recordings are heard, in other mixtures; events are of recordings that were not heard before. The same
later streams are judged without corrections and with them, at the thresholds that the program begins with.
`--try near,step,down,up` (several times) judges other bounds; what is heard is kept in `--keep` for that.
"""

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
from monitor.config.settings import Config, ModelConfig, load_config
from monitor.config.tuning import with_tuning
from monitor.corpus.clips import Clip
from monitor.corpus.layouts import Corpus, read_data
from monitor.detection.allowance import with_allowance
from monitor.detection.detector import Detector
from monitor.encoders import Encoder, load
from monitor.evaluation.metrics.bootstrap import ROUNDS
from monitor.evaluation.metrics.event_metrics import Detection, Outcome, match
from monitor.evaluation.synthesis.plans import StreamPlan
from monitor.evaluation.synthesis.streams import Stream, StreamSpec, build_streams
from monitor.pipeline.companions import Companions
from monitor.pipeline.corrector import never_deaf
from monitor.pipeline.moment_keeper import best_windows
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Context
from monitor.pipeline.reporter import Stream as Listening
from monitor.progress import progress
from monitor.records import CaptureStatus, ClassPrompt, Transition, Window, WindowScores
from monitor.scoring.corrections import BOUNDS, Bounds, Corrections, Evidence
from monitor.scoring.prompts import parse_classes
from monitor.stream.ring import Ring

CLASSES = "siren,fire_smoke_alarm,dog_bark,baby_cry,glass_break,door_knock,doorbell,car_horn,gunshot,scream"
_RECORDINGS = 40
"""Of a place."""
_LEAST_BACKGROUND_S = 20.0
_LEAST_ODDS = 1e-9


class Heard(msgspec.Struct):
    """One stream as the model heard it, window by window."""

    plan: StreamPlan
    starts: list[int] = []
    stops: list[int] = []
    hops: list[int] = []
    vectors: list[NDArray[np.float32]] = []
    scores: list[dict[str, float]] = []
    """Not rounded, without corrections."""


class Found(NamedTuple):
    """A stream's outcome, and what there is of each false alarm and hit in the order in which they came."""

    outcome: Outcome
    false_alarms: list[Evidence]
    hits: list[Evidence]


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


def judge(heard: Heard, detector: Detector, corrections: Corrections, sample_rate: int) -> Found:
    """Return what the detector makes of the scores of a stream, with corrections."""
    changes: list[Transition] = []
    values: list[dict[str, float]] = []
    names = list(detector.rules)
    for at, vector in enumerate(heard.vectors):
        terms = corrections.terms(vector)
        plain = np.clip([heard.scores[at][name] for name in names], _LEAST_ODDS, 1.0 - _LEAST_ODDS)
        odds = np.log(plain / (1.0 - plain)) + (0.0 if terms is None else terms)
        score = dict(zip(names, (1.0 / (1.0 + np.exp(-odds))).tolist(), strict=True))
        values.append(score)
        window = WindowScores(heard.starts[at], heard.stops[at], score, "", 0.0)
        changes += [one for one in detector.update(window, heard.hops[at]) if isinstance(one, Transition)]
    changes += [one for one in detector.end("ended", heard.plan.length) if isinstance(one, Transition)]
    detections = [_detection(one, changes, sample_rate) for one in changes if one.type == "onset"]
    outcome = replace(
        match(heard.plan.references, detections, heard.plan.length / sample_rate),
        background=heard.plan.background,
    )
    wrong = sorted(outcome.false_alarms, key=lambda one: one.decided_s)
    right = sorted((hit.detection for hit in outcome.hits), key=lambda one: one.decided_s)
    return Found(
        outcome,
        [_evidence(one, heard, values, detector, sample_rate) for one in wrong],
        [replace(_evidence(one, heard, values, detector, sample_rate), is_it=True) for one in right],
    )


def _detection(onset: Transition, changes: Sequence[Transition], sample_rate: int) -> Detection:
    of = (onset.class_, onset.onset_sample)
    stop = next(
        one.offset_sample for one in changes if one.type == "offset" and (one.class_, one.onset_sample) == of
    )
    return Detection(
        onset.class_, onset.onset_sample / sample_rate, (stop or 0) / sample_rate, onset.stop / sample_rate
    )


def _evidence(
    alarm: Detection, heard: Heard, values: Sequence[dict[str, float]], detector: Detector, sample_rate: int
) -> Evidence:
    """Return the windows that a running monitor keeps of an event."""
    least = detector.rules[alarm.class_name].onset_threshold
    rated = [
        (values[at][alarm.class_name], heard.starts[at], heard.stops[at], at)
        for at in range(len(heard.vectors))
        if heard.stops[at] >= alarm.onset_s * sample_rate
        and heard.starts[at] < alarm.offset_s * sample_rate
        and values[at][alarm.class_name] >= least
    ]
    best = best_windows([(value, _At(start, stop, at)) for value, start, stop, at in rated])
    return Evidence(alarm.class_name, False, False, np.stack([heard.vectors[one.at] for one in best]))


class _At(NamedTuple):
    start: int
    stop: int
    at: int


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


class Result(NamedTuple):
    """The later streams of a place, judged once."""

    told: int
    outcomes: list[Outcome]


def judge_place(  # noqa: PLR0913, PLR0917 - a place, what it is judged by, and what is said there
    place: Place, config: Config, encoder: Encoder, bounds: Bounds, counts: Sequence[int], also_right: bool
) -> list[Result]:
    """Return what the later streams give without corrections, and after each number of them."""
    classes = parse_classes(CLASSES, config.prompts.aliases)
    names, rate = tuple(one.name for one in classes), encoder.sample_rate
    spared = never_deaf(classes, config)

    def listen(many: Sequence[Heard], corrections: Corrections) -> Iterator[Found]:
        for heard in many:
            settings = with_allowance(names, config, calibrated=True)
            hop = round(encoder.info.hop_s * rate)
            yield judge(heard, Detector(names, settings, rate, encoder.window_len, hop), corrections, rate)

    first = list(listen(place.first, Corrections(names, spared, bounds)))
    wrong = [one for found in first for one in found.false_alarms]
    right = [one for found in first for one in found.hits] if also_right else []
    results = []
    for count in (0, *counts):
        corrections = Corrections(names, spared, bounds)
        corrections.replace([*wrong[:count], *right[:count]])
        outcomes = [found.outcome for found in listen(place.later, corrections)]
        results.append(Result(min(count, len(wrong)), outcomes))
    return results


def table(results: Sequence[Sequence[Result]]) -> Iterator[str]:
    """Yield the rows of a table over several places: figures after each number of corrections, paired."""
    rng = np.random.default_rng(0)
    plain = [one for place in results for one in place[0].outcomes]
    rounds = rng.integers(0, len(plain), (ROUNDS, len(plain)))
    for number in range(len(results[0])):
        told = sum(place[number].told for place in results)
        own = [one for place in results for one in place[number].outcomes]
        hours = sum(one.duration_s for one in own) / 3600.0
        false = np.array([len(one.false_alarms) for one in own])
        found, events = (np.array([len(part(one)) for one in own]) for part in (_hits, _events))
        before_false, before_found = (np.array([len(part(one)) for one in plain]) for part in (_false, _hits))
        fewer = [false[at].sum() / before_false[at].sum() - 1.0 for at in rounds if before_false[at].sum()]
        less = [(found[at].sum() - before_found[at].sum()) / max(1, events[at].sum()) for at in rounds]
        yield (
            f"| {told} | {false.sum() / hours:.1f} | {false.sum() / max(1, before_false.sum()) - 1.0:+.0%} "
            f"[{np.quantile(fewer, 0.025):+.0%}, {np.quantile(fewer, 0.975):+.0%}] | "
            f"{found.sum() / events.sum():.2f} ({found.sum()} of {events.sum()}) | "
            f"{(found.sum() - before_found.sum()) / events.sum():+.3f} "
            f"[{np.quantile(less, 0.025):+.3f}, {np.quantile(less, 0.975):+.3f}] |"
        )


def _false(one: Outcome) -> Sequence[object]:
    return one.false_alarms


def _hits(one: Outcome) -> Sequence[object]:
    return one.hits


def _events(one: Outcome) -> Sequence[object]:
    return one.references


def _asked(arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    return {"calibration": {"false_alarms_per_hour": arguments.false_alarms}}


def main() -> None:
    """Hear the places, and print a table for each choice of bounds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="index.csv of recordings")
    parser.add_argument("--folds", default="4", help="a place per fold, as 1,2,3")
    parser.add_argument("--streams", type=int, default=60, help="of a minute, first and later each")
    parser.add_argument(
        "--backgrounds", type=int, default=3, help="recordings of the place; 0: all there are"
    )
    parser.add_argument("--snr", type=float, default=10.0, help="dB")
    parser.add_argument("--corrections", default="5,20")
    parser.add_argument("--seeds", default="1", help="a place per seed and fold")
    parser.add_argument("--false-alarms", type=float, default=5.0, help="that are allowed, per hour")
    parser.add_argument("--right", action="store_true", help="as many of the first hits are said to be right")
    parser.add_argument("--keep", type=Path, help="a folder for what was heard")
    parser.add_argument("--try", dest="tries", action="append", default=[], metavar="NEAR,STEP,DOWN,UP")
    arguments = parser.parse_args()
    encoder = load(ModelConfig())
    config = with_tuning(load_config(flags=_asked(arguments)), encoder.info.tuning)
    arguments.rate = encoder.sample_rate
    corpus = read_data(arguments.data, None)
    places = [
        hear_place(corpus, (fold,), argparse.Namespace(**{**vars(arguments), "seed": seed}), encoder, config)
        for seed in map(int, arguments.seeds.split(","))
        for fold in map(int, arguments.folds.split(","))
    ]
    counts = [int(one) for one in arguments.corrections.split(",")]
    choices = [Bounds(*map(float, one.split(","))) for one in arguments.tries] or [BOUNDS]
    for bounds in choices:
        print(f"\n{bounds}\n")
        print("| corrected | false alarms/h | change | recall | change |\n|---|---|---|---|---|")
        results = [judge_place(place, config, encoder, bounds, counts, arguments.right) for place in places]
        print("\n".join(table(results)))


if __name__ == "__main__":
    main()
