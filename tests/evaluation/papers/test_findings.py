"""Findings from figures that are made up, so that what they must say is known."""

from __future__ import annotations

import pytest

from monitor.evaluation.eval_noise import GridRow, ModelBasis, NoiseReport
from monitor.evaluation.methods.methods import Settings
from monitor.evaluation.metrics.clip_figures import ClipRow
from monitor.evaluation.papers.findings import findings_of
from monitor.evaluation.papers.protocols import PROTOCOLS
from monitor.evaluation.synthesis.mixtures import CLEAN_DB


def row(method: str, value: float, snr_db: float = 0.0) -> ClipRow:
    return ClipRow("fake", method, snr_db, "top1", value, value, value, 9)


def tried(parameter: str, at: float, value: float, snr_db: float, method: str = "tgap") -> GridRow:
    return GridRow("fake", method, parameter, at, snr_db, "top1", value, value, value, 9)  # type: ignore[arg-type]


def found(number: str, rows: list[ClipRow], grid: list[GridRow]) -> dict[str, tuple[float, float, float]]:
    heard = [ModelBasis("fake", "fake-0", 0, 0, None)]
    report = NoiseReport((), Settings(), heard, rows, grid)
    findings = findings_of("4", report, PROTOCOLS[number])
    return {one.what: (one.value, one.low, one.high) for one in findings}


def test_the_best_number_is_that_of_the_mean_in_noise_with_what_is_within_a_point() -> None:
    values = {1.0: (0.9, 0.2), 10.0: (0.1, 0.5), 35.0: (0.1, 0.495), 100.0: (0.1, 0.3)}
    grid = [
        tried("k", at, value, snr_db)
        for at, pair in values.items()
        for snr_db, value in zip((CLEAN_DB, 0.0), pair, strict=True)
    ]
    grid += [tried("tau", 0.7, 0.4, 0.0, "audio-background"), tried("tau", 0.0, 0.3, 0.0, "audio-background")]
    says = found("2506.04376", [row("zero-shot", 0.5)], grid)
    assert says["best k"] == (10.0, 10.0, 35.0)
    assert says["best tau of audio-background"] == (0.7, 0.7, 0.7)


def test_the_best_prompt_is_told() -> None:
    rows = [row("zero-shot", 0.5), row("prompt-1", 0.4), row("prompt-4", 0.6), row("prompt-5", 0.595)]
    assert found("2306.12300", rows, [])["best prompt"] == (4.0, 4.0, 5.0)


def test_gains_of_the_drift_bonus_are_those_over_every_variant() -> None:
    rows = [
        row("zero-shot", 0.6, CLEAN_DB),
        row("zero-shot", 0.4),
        row("drift - zero-shot", 0.01),
        row("text-background+drift - text-background", 0.03),
        row("text-background+drift - zero-shot", 0.9),
        row("drift - zero-shot", -0.5, CLEAN_DB),
    ]
    says = found("2606.04844", rows, [])
    assert says["gain of drift"] == pytest.approx((2.0, 1.0, 3.0))
    assert says["lost at 0 dB"] == pytest.approx((20.0, 20.0, 20.0))
    assert "gain of text-background+drift" not in says
