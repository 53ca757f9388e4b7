"""`monitor eval paper`: the trial of a paper on whatever data there is, for its figures beside the published.

Each fold is one run of `eval noise`, with the methods, SNRs and numbers of the paper's protocol.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import fmean

import msgspec
from msgspec.structs import replace

from monitor.corpus.layouts import Corpus, read_data
from monitor.evaluation.clip_task import ClipBench, ClipExperiment
from monitor.evaluation.eval_noise import NoiseExperiment, NoiseReport, Variants, run_noise
from monitor.evaluation.methods.embedding_store import kept_file
from monitor.evaluation.methods.methods import parse_method
from monitor.evaluation.metrics.clip_figures import LESS, ClipRow
from monitor.evaluation.papers.findings import Finding, findings_of
from monitor.evaluation.papers.protocols import (
    PROTOCOLS,
    Protocol,
    Runnable,
    folds_of,
    is_cross_validated,
    runnable,
)
from monitor.evaluation.papers.published import Paper, read_papers

MEAN = "mean of folds"


class PaperExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """What `monitor eval paper` was asked for."""

    paper: str
    """Number on arXiv."""
    clips: ClipExperiment
    """Without folds."""
    folds: tuple[tuple[int, ...], ...] = ()
    """Each by itself; empty: those of the collection's protocol."""
    keeps: bool = True
    """Whether embeddings are kept from run to run."""


class PaperFigure(msgspec.Struct, frozen=True):
    """One figure of ours."""

    model: str
    method: str
    """`prompt-N`: zero-shot in another template."""
    fold: str
    """`MEAN`: of all; `low` and `high` are then the lowest and the highest fold, not an interval."""
    snr_db: float
    metric: str
    value: float
    low: float
    high: float
    n: int
    """Clips."""


class PaperReport(msgspec.Struct, frozen=True):
    """Everything there is to lay beside the paper."""

    number: str
    paper: Paper
    data: str
    """The layout of the data: ESC-50, UrbanSound8K, FSD50K, index."""
    figures: list[PaperFigure]
    findings: list[Finding]
    left_out: list[str]
    """What could not be run, and why, sentences."""
    reports: dict[str, NoiseReport]
    """All of each fold."""


def run_paper(experiment: PaperExperiment, bench: ClipBench, variants: Variants | None = None) -> PaperReport:
    """Run the trial of a paper, fold by fold.

    Parameters
    ----------
    variants
        Models adapted to the clips to learn from, for a protocol that has any.

    Raises
    ------
    ConfigError
        Data that does not fit, or no background where the paper needs one.
    """
    protocol = PROTOCOLS[experiment.paper]
    corpus, can = read_data(experiment.clips.data, experiment.clips.backgrounds), runnable(protocol)
    reports = {}
    for folds in experiment.folds or folds_of(corpus):
        one = _experiment(experiment, protocol, can, folds)
        reports["+".join(map(str, folds))] = run_noise(one, bench, variants if protocol.adapts else None)
    figures = [figure for fold, report in reports.items() for figure in _figures(fold, report)]
    if is_cross_validated(corpus) and len(reports) > 1:
        figures = [*_means(figures), *figures]
    return PaperReport(
        number=experiment.paper,
        paper=read_papers()[experiment.paper],
        data=corpus.layout,
        figures=figures,
        findings=[one for fold, report in reports.items() for one in findings_of(fold, report, protocol)],
        left_out=[*can.left_out, *_other_data(corpus, experiment.paper)],
        reports=reports,
    )


def _experiment(
    experiment: PaperExperiment, protocol: Protocol, can: Runnable, folds: tuple[int, ...]
) -> NoiseExperiment:
    there = {method.name for method in can.methods}
    over = tuple(
        (parse_method(one), parse_method(base)) for one, base in protocol.over if {one, base} <= there
    )
    return NoiseExperiment(
        clips=replace(experiment.clips, folds=folds),
        methods=can.methods,
        prompts=protocol.prompts,
        grids=protocol.grids,
        over=over,
        keep=kept_file() if experiment.keeps else None,
    )


def _other_data(corpus: Corpus, number: str) -> Iterator[str]:
    """Say which of the paper's collections this is not."""
    others = [name for name in read_papers()[number].data if name != corpus.layout]
    if others:
        what = "this data" if corpus.layout in read_papers()[number].data else "other sounds than the paper's"
        yield f"Ours is of {what}; give the folder of {', '.join(others)} as --data for the rest."


def _figures(fold: str, report: NoiseReport) -> Iterator[PaperFigure]:
    for row in _headline(report):
        if LESS not in row.model + row.method:
            yield PaperFigure(
                row.model, row.method, fold, row.snr_db, row.metric, row.value, row.low, row.high, row.n
            )


def _headline(report: NoiseReport) -> Iterator[ClipRow]:
    return (row for row in report.rows if row.metric == report.rows[0].metric)


def _means(figures: Sequence[PaperFigure]) -> Iterator[PaperFigure]:
    def same(one: PaperFigure) -> tuple[str, str, float, str]:
        return one.model, one.method, one.snr_db, one.metric

    order = list(dict.fromkeys(map(same, figures)))
    for key, group in groupby(sorted(figures, key=lambda one: order.index(same(one))), same):
        alike = list(group)
        values, n = [one.value for one in alike], sum(one.n for one in alike)
        model, method, snr_db, metric = key
        yield PaperFigure(model, method, MEAN, snr_db, metric, fmean(values), min(values), max(values), n)
