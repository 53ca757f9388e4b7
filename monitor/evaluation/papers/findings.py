"""What figures say of the things a paper speaks of: best numbers, gains, losses. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

import msgspec

from monitor.evaluation.eval_noise import GridRow, NoiseReport
from monitor.evaluation.methods.methods import ZERO_SHOT
from monitor.evaluation.metrics.clip_figures import LESS, ClipRow
from monitor.evaluation.papers.protocols import Protocol
from monitor.evaluation.synthesis.mixtures import CLEAN_DB

_NEAR = 0.01
"""What is within a point of the best is as good."""
_PROMPT, _DRIFT = "prompt-", "drift"


class Finding(msgspec.Struct, frozen=True):
    """One of them.

    Of a number that is tried: the best, and from where to where others are within a point of it. Of gains and
    losses, in points: the mean, the smallest and the largest over SNRs and variants.
    """

    what: str
    model: str
    fold: str
    value: float
    low: float
    high: float


def findings_of(fold: str, report: NoiseReport, protocol: Protocol) -> Iterator[Finding]:
    """Yield what the figures of one fold say of every model."""
    first = report.rows[0].metric
    for model in (heard.model for heard in report.heard):
        rows = [row for row in report.rows if (row.model, row.metric) == (model, first)]
        values = [
            *_best_numbers([row for row in report.grid if row.model == model]),
            *_best_prompt(rows),
            *_lost(rows),
            *_gains(rows, protocol),
        ]
        for what, value, low, high in values:
            yield Finding(what, model, fold, value, low, high)


_Value = tuple[str, float, float, float]


def _best_numbers(grid: Sequence[GridRow]) -> Iterator[_Value]:
    """Yield the best value of each number by its mean over SNRs with a background, where there are any."""
    for parameter, method in dict.fromkeys((row.parameter, row.method) for row in grid):
        own = [row for row in grid if (row.parameter, row.method) == (parameter, method)]
        noisy = [row for row in own if row.snr_db != CLEAN_DB] or own
        tried = dict.fromkeys(row.at for row in noisy)
        means = {at: fmean(row.value for row in noisy if row.at == at) for at in tried}
        of = "" if (parameter, method) == ("k", "tgap") else f" of {method}"
        yield _best(f"best {parameter}{of}", means)


def _best_prompt(rows: Sequence[ClipRow]) -> Iterator[_Value]:
    values = {
        float(row.method.removeprefix(_PROMPT)): row.value
        for row in rows
        if row.method.startswith(_PROMPT) and LESS not in row.method
    }
    if values:
        yield _best("best prompt", values)


def _best(what: str, values: dict[float, float]) -> _Value:
    best = max(values, key=lambda at: values[at])
    near = [at for at, value in values.items() if value >= values[best] - _NEAR]
    return what, best, min(near), max(near)


def _lost(rows: Sequence[ClipRow]) -> Iterator[_Value]:
    plain = {row.snr_db: row.value for row in rows if row.method == ZERO_SHOT.name}
    if {CLEAN_DB, 0.0} <= set(plain):
        lost = 100.0 * (plain[CLEAN_DB] - plain[0.0])
        yield "lost at 0 dB", lost, lost, lost


def _gains(rows: Sequence[ClipRow], protocol: Protocol) -> Iterator[_Value]:
    """Yield what each method gains in noise where there is any, over what the protocol compares it with."""
    noisy = [row for row in rows if row.snr_db != CLEAN_DB] or rows
    gained: dict[str, list[float]] = {}
    for row in noisy:
        method, less, base = row.method.partition(LESS)
        if less and (name := _named(method, base, protocol)):
            gained.setdefault(name, []).append(100.0 * row.value)
    for name, values in gained.items():
        yield f"gain of {name}", fmean(values), min(values), max(values)


def _named(method: str, base: str, protocol: Protocol) -> str:
    """Return what a gain is called; empty: it is not looked at."""
    if (method, base) in protocol.over:
        return _DRIFT if method == f"{base}+{_DRIFT}" else f"{method} over {base}"
    compared = any(method == one for one, _ in protocol.over)
    return "" if compared or method.startswith(_PROMPT) or base != ZERO_SHOT.name else method
