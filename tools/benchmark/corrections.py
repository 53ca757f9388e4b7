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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.config.settings import Config, ModelConfig, load_config
from monitor.config.tuning import with_tuning
from monitor.corpus.layouts import read_data
from monitor.detection.allowance import with_allowance
from monitor.detection.detector import Detector
from monitor.encoders import Encoder, load
from monitor.evaluation.metrics.bootstrap import ROUNDS
from monitor.evaluation.metrics.event_metrics import Detection, Outcome, match
from monitor.pipeline.corrector import never_deaf
from monitor.pipeline.moment_keeper import best_windows
from monitor.records import Transition, WindowScores
from monitor.scoring.corrections import BOUNDS, Bounds, Corrections, Evidence
from monitor.scoring.prompts import parse_classes
from tools.benchmark.correction_places import CLASSES, Heard, Place, hear_place

_LEAST_ODDS = 1e-9


class Found(NamedTuple):
    """A stream's outcome, and what there is of each false alarm and hit in the order in which they came."""

    outcome: Outcome
    false_alarms: list[Evidence]
    hits: list[Evidence]


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
    """Yield the rows of a table over several places: figures after each number of corrections, paired.

    Intervals are of resampled streams, 95 %.
    """
    before = _counts(results, 0)
    rounds = np.random.default_rng(0).integers(0, len(before), (ROUNDS, len(before)))
    for number in range(len(results[0])):
        told = sum(place[number].told for place in results)
        hours = sum(one.duration_s for place in results for one in place[number].outcomes) / 3600.0
        both = np.concatenate([_counts(results, number), before], axis=1)
        false, found, events, *_ = both.sum(axis=0)
        fewer, less = (_estimate(change, both, rounds) for change in (_fewer, _less))
        share = found / max(1, events)
        yield (
            f"| {told} | {false / hours:.1f} | {fewer[0]:+.0%} [{fewer[1]:+.0%}, {fewer[2]:+.0%}] | "
            f"{share:.2f} ({found} of {events}) | {less[0]:+.3f} [{less[1]:+.3f}, {less[2]:+.3f}] |"
        )


def _counts(results: Sequence[Sequence[Result]], number: int) -> NDArray[np.int64]:
    """Return false alarms, hits and events of each stream, (n, 3)."""
    outcomes = [one for place in results for one in place[number].outcomes]
    return np.array([(len(one.false_alarms), len(one.hits), len(one.references)) for one in outcomes])


def _estimate(
    change: Callable[[NDArray[np.int64]], float], both: NDArray[np.int64], rounds: NDArray[np.int64]
) -> tuple[float, float, float]:
    """Return a change and its interval; what is not defined in a resample is left out."""
    resampled = np.array([change(both[at].sum(axis=0)) for at in rounds])
    low, high = np.nanquantile(resampled, [0.025, 0.975])
    return change(both.sum(axis=0)), float(low), float(high)


def _fewer(sums: NDArray[np.int64]) -> float:
    """Return how much more false alarms there are than before, as a share."""
    return float(sums[0] / sums[3] - 1.0) if sums[3] else float("nan")


def _less(sums: NDArray[np.int64]) -> float:
    """Return how much recall there is more than before."""
    return float((sums[1] - sums[4]) / max(1, sums[2]))


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
    parser.add_argument(
        "--elsewhere",
        action="store_true",
        help="a place goes by what was said in the one before it in the list",
    )
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
    if arguments.elsewhere:
        places = [Place(places[at - 1].first, place.later) for at, place in enumerate(places)]
    counts = [int(one) for one in arguments.corrections.split(",")]
    choices = [Bounds(*map(float, one.split(","))) for one in arguments.tries] or [BOUNDS]
    for bounds in choices:
        print(f"\n{bounds}\n")
        print("| corrected | false alarms/h | change | recall | change |\n|---|---|---|---|---|")
        results = [judge_place(place, config, encoder, bounds, counts, arguments.right) for place in places]
        print("\n".join(table(results)))


if __name__ == "__main__":
    main()
