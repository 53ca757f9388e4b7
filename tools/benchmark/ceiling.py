"""What is to be had at most on streams: thresholds per class in hindsight, for the program and two taggers.

    python -m tools.benchmark.ceiling --data INDEX.csv --models FOLDER --folds 4 6 --keep DIR

FOLDER has teacher/ (EfficientAT mn04, which the model in the box learnt from) and yamnet/ in it. The streams
are those of `monitor eval streams`, and events, false alarms and confirmation count as there. No threshold
fixed beforehand finds more by the same scores. What was heard is kept in DIR; a run that is stopped goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor import load_encoder
from monitor.assemble import hop_len
from monitor.config.settings import Config
from monitor.config.tuning import with_tuning
from monitor.corpus.layouts import read_data
from monitor.evaluation.methods.redetection import Redetection
from monitor.evaluation.methods.results_at_thresholds import together
from monitor.evaluation.methods.stream_runner import StreamResult, captured, outcome_of
from monitor.evaluation.metrics.event_metrics import Outcome, summarise
from monitor.evaluation.metrics.operating_points import Setting, at_thresholds, best_per_class, sweep
from monitor.evaluation.synthesis.parts import Bench, Part, StreamExperiment, parts_from_data
from monitor.evaluation.synthesis.plans import StreamPlan
from monitor.evaluation.synthesis.streams import Stream
from monitor.progress import progress
from monitor.records import Span, Window, WindowScores
from monitor.scoring.prompts import parse_classes
from monitor.stream.windows import Windower
from tools.benchmark.taggers_on_streams import Listener, TeacherTags, Words, YamnetTags

CLASSES = "siren,fire_smoke_alarm,dog_bark,baby_cry,glass_break,door_knock,doorbell,car_horn,gunshot,scream"
RATES = (1.0, 5.0, 20.0)
"""False alarms an hour that are allowed: all classes together, or one."""
TOP = 6.0
"""Where the highest log-odds of each class are moved to, so that the thresholds of a curve reach them."""


@dataclass(frozen=True)
class Heard:
    """One stream, and the log-odds that one listener gives it, (windows, classes)."""

    plan: StreamPlan
    spans: Sequence[tuple[int, int]]
    """Of each window."""
    odds: NDArray[np.float64]


def hear(part: Part, listeners: Sequence[Listener], bench: Bench, keep: Path) -> dict[str, list[Heard]]:
    """Return what each listener makes of each stream of a part; what `keep` has is not heard again."""
    keep.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[Heard]] = {one.name: [] for one in listeners}
    with progress(keep.name, part.count) as advance:
        for number, mixed in enumerate(part.streams):
            stream = replace(mixed, samples=captured(mixed.samples, bench.encoder.sample_rate, bench.config))
            windows = windows_of(stream, bench)
            for one in listeners:
                file = keep / f"{number:03d}_{one.name}.npy"
                if not file.exists():
                    unfinished = file.with_suffix(".unfinished.npy")
                    np.save(unfinished, one.hear(stream.samples, windows).astype(np.float32))
                    unfinished.replace(file)
                spans = [(window.start, window.stop) for window in windows]
                found[one.name].append(Heard(stream.plan, spans, np.load(file).astype(np.float64)))
            advance()
    return found


def windows_of(stream: Stream, bench: Bench) -> list[Window]:
    """Return the windows a run would hear."""
    windower = Windower(
        bench.encoder.window_len, hop_len(bench.encoder, bench.config), bench.encoder.sample_rate
    )
    return [*windower.push(Span(0, stream.samples, False, 0.0)), *windower.finish()]


def settings_of(heard: Sequence[Heard], tops: NDArray[np.float64], bench: Bench) -> list[Setting]:
    """Return what becomes of streams at each threshold of a curve, the tops of the classes moved to `TOP`."""
    config = with_tuning(bench.config, bench.encoder.info.tuning)
    results = []
    for one in heard:
        scores = 1.0 / (1.0 + np.exp(tops - TOP - one.odds))
        windows = tuple(
            WindowScores(start, stop, dict(zip(bench.names, row.tolist(), strict=True)), "", 0.0)
            for (start, stop), row in zip(one.spans, scores, strict=True)
        )
        results.append(StreamResult("", one.plan, windows, outcome_of(one.plan, ())))
    return sweep([Redetection(one, config, bench.encoder) for one in results])


def best_of_all(settings: Sequence[Setting], names: Sequence[str], rate: float) -> float:
    """Return the recall with a threshold per class, all classes together within a rate."""
    outcomes = at_thresholds(settings, best_per_class(settings, names, rate))
    return summarise(outcomes).recall.value


def best_of_one(settings: Sequence[Setting], name: str, rate: float) -> int:
    """Return how many events of one class are found where this class alone keeps within a rate."""
    counts = [summarise(one.outcomes, name) for one in settings]
    within = [one.found for one in counts if one.false_alarms_per_hour.value <= rate]
    return max(within, default=0)


def tables(fold: int, bench: Bench, parts: Sequence[tuple[str, dict[str, list[Heard]]]]) -> Iterator[str]:
    """Yield the lines of both tables of one fold; the first part has no events."""
    (_, without), *others = parts
    tops = {
        who: np.max([one.odds.max(axis=0) for _, part in parts for one in part[who]], axis=0)
        for who in without
    }
    quiet = {who: settings_of(heard, tops[who], bench) for who, heard in without.items()}
    for name, part in others:
        settings = {
            who: together([settings_of(heard, tops[who], bench), quiet[who]]) for who, heard in part.items()
        }
        outcomes = next(iter(settings.values()))[-1].outcomes
        hours = summarise(outcomes).hours
        events = summarise(outcomes).events
        yield f"\nFold {fold}, {name}, {events} events, {hours:.1f} h. All classes together:\n"
        yield "| | " + " | ".join(f"{rate:g}/h" for rate in RATES) + " |"
        yield "|---" * (len(RATES) + 1) + "|"
        for who, own in settings.items():
            cells = [f"{best_of_all(own, bench.names, rate):.2f}" for rate in RATES]
            yield f"| {who} | " + " | ".join(cells) + " |"
        yield (
            "\nFound where the class alone gives none / "
            + " / ".join(f"{rate:g}" for rate in RATES)
            + " an hour:\n"
        )
        yield "| class | events | " + " | ".join(settings) + " |"
        yield "|---" * (len(settings) + 2) + "|"
        yield from _by_class(settings, bench, outcomes)


def _by_class(settings: dict[str, list[Setting]], bench: Bench, outcomes: Sequence[Outcome]) -> Iterator[str]:
    for name in bench.names:
        cells = [
            " / ".join(str(best_of_one(own, name, rate)) for rate in (0.0, *RATES))
            for own in settings.values()
        ]
        yield f"| {name} | {summarise(outcomes, name).events} | " + " | ".join(cells) + " |"


def main() -> None:
    """Hear, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="index of clips")
    parser.add_argument("--models", type=Path, required=True, help="with teacher/ and yamnet/ in it")
    parser.add_argument("--folds", type=int, nargs="+", default=[4, 6])
    parser.add_argument("--snr", type=float, nargs="+", default=[10.0, 0.0])
    parser.add_argument("--streams", type=int, default=60)
    parser.add_argument("--negative-hours", type=float, default=2.0)
    parser.add_argument("--keep", type=Path, required=True, help="folder of what was heard")
    args = parser.parse_args()
    bench = Bench(load_encoder(), parse_classes(CLASSES), Config())
    listeners: list[Listener] = [Words(bench.encoder, bench.classes)]
    listeners += [TeacherTags(args.models / "teacher", bench.names, window_s) for window_s in (2, 5)]
    listeners.append(YamnetTags(args.models / "yamnet", bench.names))
    corpus = read_data(args.data)
    for fold in args.folds:
        experiment = StreamExperiment(
            data=args.data,
            folds=(fold,),
            n_streams=args.streams,
            snrs_db=tuple(args.snr),
            methods=(),
            seed=0,
            distractors=1,
            negative_hours=args.negative_hours,
            out=None,
        )
        parts = parts_from_data(corpus, experiment, bench)
        heard = [
            (one.name, hear(one, listeners, bench, args.keep / f"fold_{fold}_{one.name.replace(' ', '')}"))
            for one in parts
        ]
        print("\n".join(tables(fold, bench, heard)), flush=True)


if __name__ == "__main__":
    main()
