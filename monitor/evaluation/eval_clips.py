"""`monitor eval clips`: zero-shot recognition of single sounds in noise, by one model or several.

The answer is the class whose words are nearest to the sound.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from monitor.evaluation.clip_task import ClipBench, ClipExperiment, make_task, runners
from monitor.evaluation.methods.methods import ZERO_SHOT, Settings
from monitor.evaluation.methods.window_batch import Wanted
from monitor.evaluation.metrics.clip_figures import (
    ClassRow,
    ClipRow,
    Measured,
    class_rows,
    clip_rows,
    with_differences,
)
from monitor.evaluation.metrics.ground_truth import measure_classes
from monitor.evaluation.synthesis.mixtures import Mixture


class ClipReport(msgspec.Struct, frozen=True):
    """Everything that was measured; figures of one SNR together."""

    false_alarm_rate: float
    """Share of the mixtures without a class that may be taken for it, at which `recall` was measured."""
    mixtures: tuple[Mixture, ...]
    rows: list[ClipRow]
    classes: list[ClassRow]


def run_clips(experiment: ClipExperiment, bench: ClipBench, false_alarm_rate: float = 0.01) -> ClipReport:
    """Let every model hear the mixtures, and measure.

    Raises
    ------
    ConfigError
        A class, data or a list of mixtures that does not fit, or no background where one is needed.
    """
    task, snrs_db = make_task(experiment, bench.subset, first_label=True), experiment.snrs_db
    wanted = Wanted(task.mixtures, snrs_db, (), experiment.seed, around=False)
    measure = measure_classes(task.names, false_alarm_rate)
    by_model: dict[str, Measured] = {}
    for runner in runners(task, bench, wanted):
        figures = runner.figures(ZERO_SHOT, Settings(), measure)
        by_model[runner.encoder.info.name] = {ZERO_SHOT.name: figures}
    n, counts = len(task.mixtures), Counter(one.label for one in task.mixtures)
    measured = with_differences(by_model).items()
    rows = [row for model, own in measured for row in clip_rows(model, own, snrs_db, n)]
    classes = [row for model, own in measured for row in class_rows(model, own, snrs_db, counts)]
    return ClipReport(
        false_alarm_rate,
        task.mixtures,
        sorted(rows, key=lambda row: snrs_db.index(row.snr_db)),
        sorted(classes, key=lambda row: snrs_db.index(row.snr_db)),
    )
