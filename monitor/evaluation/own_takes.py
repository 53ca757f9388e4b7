"""What other takes of the very recording teach: "my doorbell", where other people's doorbells are no help.

Of a recording of which there are several clips some are examples, and the others are to be found among the
sounds of all other classes. A clip counts with the mean over the repetitions in which it is no example.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import Config
from monitor.config.tuning import with_tuning
from monitor.encoders import Encoder
from monitor.evaluation.clip_task import ClipTask
from monitor.evaluation.metrics.bootstrap import estimate, two_way_weights
from monitor.evaluation.metrics.clip_figures import LESS, ClassRow
from monitor.evaluation.metrics.ranking import mean_over_classes
from monitor.evaluation.taught import WORDS_ONLY, ExamplePlan, Teach, name_of
from monitor.pipeline.scorers import Scorers
from monitor.progress import progress
from monitor.records import ClassPrompt, OwnSound

ALL = "all"
"""The mean over the classes."""
Values = NDArray[np.float64]


class TakesBench(msgspec.Struct, frozen=True):
    """A model, what it heard, and how it is taught."""

    encoder: Encoder
    config: Config
    windows: NDArray[np.float32]
    """The mixtures of a task at each SNR, float32 (n_snrs, n, d)."""
    teach: Teach
    false_alarm_rate: float
    repetitions: int


class _Found(msgspec.Struct, frozen=True):
    """Clips of one class, by their numbers in the task, and how often each was found: (n_snrs, clips)."""

    clips: list[int]
    by_words: Values
    by_examples: Values


def compare_takes(
    task: ClipTask, example_plan: ExamplePlan, snrs_db: Sequence[float], bench: TakesBench
) -> list[ClassRow]:
    """Return recall by words and by other takes, and the difference: of each class, and the mean of all.

    For each number of examples those recordings count that have more clips.
    """
    rows: list[ClassRow] = []
    with progress("other takes", len(example_plan.counts) * len(task.classes)) as advance:
        for count in example_plan.counts:
            found = {}
            for item in task.classes:
                if (one := _find(task, item, count, example_plan.seed, bench)) is not None:
                    found[item.name] = one
                advance()
            rows += _rows(task, name_of(count), snrs_db, found, bench.encoder.info.name)
    return rows


def _find(task: ClipTask, item: ClassPrompt, count: int, seed: int, bench: TakesBench) -> _Found | None:
    """Look for the clips of one class; None: no recording has enough."""
    recordings: dict[str, list[int]] = defaultdict(list)
    for at, mixture in enumerate(task.mixtures):
        if mixture.label == item.name:
            recordings[mixture.event_group].append(at)
    enough = [clips for clips in recordings.values() if len(clips) > count]
    if not enough:
        return None
    find = _finder(task, item, bench)
    by_words, clips = find({}), [at for one in enough for at in one]
    by_examples = np.full(by_words.shape, np.nan)
    for own in enough:
        drawn = [
            _draw(task, item, own, count, [seed, draw], bench, find) for draw in range(bench.repetitions)
        ]
        by_examples[:, own] = _mean_of_known(np.array(drawn))[:, own]
    known = [at for at in clips if not np.isnan(by_examples[0, at])]
    return _Found(known, by_words[:, known], by_examples[:, known])


def _draw(  # noqa: PLR0913, PLR0917 - one draw of one recording
    task: ClipTask,
    item: ClassPrompt,
    clips: Sequence[int],
    count: int,
    seed: Sequence[int],
    bench: TakesBench,
    find: Callable[[Mapping[str, OwnSound]], Values],
) -> Values:
    """Return what is found by `count` of the clips, (n_snrs, n); nan of these."""
    chosen = np.random.default_rng([*seed, *task.mixtures[clips[0]].event.encode()]).permutation(clips)[
        :count
    ]
    paths = [task.corpus.find(task.mixtures[at].event) for at in chosen]
    found = find({item.name: bench.teach(item, paths)})
    found[:, chosen] = np.nan
    return found


def _finder(
    task: ClipTask, item: ClassPrompt, bench: TakesBench
) -> Callable[[Mapping[str, OwnSound]], Values]:
    """Return what says which mixtures lie above all but a share of those of other classes, (n_snrs, n)."""
    scorers = Scorers(bench.encoder, [item], with_tuning(bench.config, bench.encoder.info.tuning))
    others = np.array([item.name not in mixture.held for mixture in task.mixtures])

    def find(own: Mapping[str, OwnSound]) -> Values:
        scorer = scorers.make(own)
        odds = np.array([scorer.log_odds(heard)[:, 0] for heard in bench.windows])
        threshold = np.quantile(odds[:, others], 1.0 - bench.false_alarm_rate, axis=1, method="higher")
        return np.asarray(odds > threshold[:, np.newaxis], np.float64)

    return find


def _mean_of_known(drawn: Values) -> Values:
    """Return the mean over repetitions of what is not nan; nan where all is."""
    known = ~np.isnan(drawn)
    return np.asarray(
        np.where(known.any(axis=0), np.nansum(drawn, axis=0) / np.maximum(known.sum(axis=0), 1), np.nan)
    )


def _rows(
    task: ClipTask, method: str, snrs_db: Sequence[float], found: Mapping[str, _Found], model: str
) -> list[ClassRow]:
    order = [at for one in found.values() for at in one.clips]
    if not order:
        return []
    weights = two_way_weights([task.mixtures[at].event_group for at in order], None, task.corpus.sources)
    ends = np.cumsum([len(one.clips) for one in found.values()])[:-1]
    parts = dict(zip(found, np.split(weights.astype(np.float64), ends, axis=1), strict=True))
    rows = []
    for number, snr_db in enumerate(snrs_db):
        words = {name: _share(one.by_words[number], parts[name]) for name, one in found.items()}
        taught = {name: _share(one.by_examples[number], parts[name]) for name, one in found.items()}
        for name, values in (
            (f"{WORDS_ONLY}, {method}", words),
            (method, taught),
            (f"{method}{LESS}{WORDS_ONLY}", {name: taught[name] - words[name] for name in found}),
        ):
            everything = values | {ALL: mean_over_classes(np.stack(list(values.values()), axis=1))}
            for class_name, own in everything.items():
                e, n = estimate(own), len(order if class_name == ALL else found[class_name].clips)
                rows.append(ClassRow(model, name, class_name, snr_db, "recall", e.value, e.low, e.high, n))
    return rows


def _share(found: Values, weights: Values) -> Values:
    """Return the weighted share that was found, (r,), nan where a row of weights leaves nothing."""
    total = weights.sum(axis=1)
    return np.asarray(np.where(total > 0.0, weights @ found / np.maximum(total, 1e-9), np.nan))
