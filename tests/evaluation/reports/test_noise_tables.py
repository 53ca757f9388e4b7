"""What is said of the methods in noise: tables made of given figures."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.evaluation.eval_noise import GridRow, ModelBasis, NoiseReport
from monitor.evaluation.methods.drift import DriftGeometry
from monitor.evaluation.methods.methods import Settings
from monitor.evaluation.metrics.clip_figures import ClipRow
from monitor.evaluation.reports.noise_tables import markdown, terminal_table
from monitor.evaluation.synthesis.mixtures import Mixture

MIXTURE = Mixture("dog", "dog.wav", "dog", "park.wav", "park", "park", 0.5)


def report(
    rows: Sequence[ClipRow], grid: Sequence[GridRow] = (), heard: Sequence[ModelBasis] = ()
) -> NoiseReport:
    return NoiseReport((MIXTURE,), Settings(), list(heard), list(rows), list(grid))


def test_auto_is_set_against_the_best_tau_of_its_own_prototypes() -> None:
    def figure(method: str, value: float) -> ClipRow:
        return ClipRow("fake", method, 0.0, "top1", value, 0.0, 1.0, 6)

    def tried(method: str, at: float, value: float) -> GridRow:
        return GridRow("fake", method, "tau", at, 0.0, "top1", value, 0.0, 1.0, 6)

    rows = [
        figure("auto", 0.5),
        figure("tgap+auto", 0.75),
        figure("auto+drift", 0.9),
    ]
    grid = [
        tried("audio-background", 0.0, 0.4), tried("audio-background", 0.5, 0.6),
        tried("text-background", 0.5, 0.9), tried("tgap+audio-background", 0.5, 0.8),
        tried("few-shot+audio-background", 0.5, 0.8),
    ]  # fmt: skip
    table = markdown(report(rows, grid)).split("\n\n")[-1]

    assert table.splitlines()[2:] == [
        "| fake | audio-background, best tau | 60.0 at 0.5 |",
        "| fake | auto less that | -10.0 |",
        "| fake | tgap+audio-background, best tau | 80.0 at 0.5 |",
        "| fake | tgap+auto less that | -5.0 |",
    ]
    alone = markdown(report(rows[3:], grid))
    assert alone.endswith("| fake | few-shot+audio-background | tau | 80.0 at 0.5 |")


def test_drift_directions_are_told_of_the_models_that_have_them() -> None:
    geometry = DriftGeometry(0.75, 0.875, -0.25)
    heard = [
        ModelBasis("fake", "fake-0", 0, 0, geometry),
        ModelBasis("plain", "plain-0", 0, 0, None),
        ModelBasis("other", "other-0", 0, 0, geometry),
    ]

    table = markdown(report([], heard=heard)).split("## Drift directions")[1].strip()

    assert table.splitlines()[-2:] == ["| fake | 0.75 | 0.88 | -0.25 |", "| other | 0.75 | 0.88 | -0.25 |"]
    assert "Drift" not in markdown(report([], heard=heard[1:2]))


def test_the_terminal_marks_gains_that_are_sure() -> None:
    rows = [
        ClipRow("fake", "zero-shot", 0.0, "top1", 0.5, 0.4, 0.6, 6),
        ClipRow("fake", "auto", 0.0, "top1", 0.6, 0.5, 0.7, 6),
        ClipRow("fake", "auto - zero-shot", 0.0, "top1", 0.1, 0.05, 0.2, 6),
        ClipRow("fake", "drift", 0.0, "top1", 0.4, 0.2, 0.7, 6),
        ClipRow("fake", "drift - zero-shot", 0.0, "top1", -0.1, -0.2, 0.0, 6),
    ]
    table = terminal_table(report(rows))

    assert list(table.columns[1].cells) == ["zero-shot", "auto", "drift"]
    assert list(table.columns[2].cells) == ["50.0", "60.0 +10.0*", "40.0 -10.0"]
