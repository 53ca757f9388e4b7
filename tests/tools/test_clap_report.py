"""The tables of the CLAP benchmark."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tools.load import load_tool

report = load_tool("tools.benchmark.clap_report")


def times(name: str, ms: float, batch: int = 1, threads: int = 1) -> Any:
    laps = list(ms * np.random.default_rng(0).lognormal(0, 0.1, 20))
    return report.Times(name, threads, batch, laps, laps, [ms / 10] * 20)


def figures(**parts: Any) -> Any:
    empty: dict[str, list[Any]] = {
        key: [] for key in ("windows", "batches", "texts", "paces", "memories", "agreements")
    }
    machine = report.Machine("Some CPU", 2, {"torch": "2"}, "random")
    return report.Figures(machine=machine, **(empty | parts))


def cells(page: str, label: str) -> list[str]:
    (row,) = [line for line in page.splitlines() if line.startswith(f"| {label} |")]
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_half_the_time_is_twice_as_fast() -> None:
    windows = [times("transformers", 200), times("laion-clap", 300), times("fp32", 100)]
    row = cells(report.draw(figures(windows=windows)), report.LABELS["fp32"])
    assert row[4] == "2.00 [2.00, 2.00]"
    assert row[5] == "3.00 [3.00, 3.00]"
    assert float(row[3]) == 10


def test_the_interval_of_a_speed_encloses_it_and_runs_upwards() -> None:
    rng = np.random.default_rng(1)
    laps = [list(rng.lognormal(middle, 0.3, 30)) for middle in (1.0, 0.3)]
    first, second = (report.Times("x", 1, 1, lap, lap, []) for lap in laps)
    said = report.faster(report.against(first, second))
    speed, low, high = (float(part.strip("[],")) for part in said.split())
    assert low < speed < high
    assert speed == pytest.approx(np.median(laps[0]) / np.median(laps[1]), abs=0.006)


def test_batches_are_given_per_window() -> None:
    page = report.draw(figures(batches=[times("int8", 100, 1), times("int8", 400, 4)]))
    one, four = (float(cell) for cell in cells(page, report.LABELS["int8"])[2:])
    assert one == four


def test_prompts_are_compared_with_transformers_at_the_same_number_and_threads() -> None:
    texts = [
        times(name, ms * count, count, threads)
        for threads in (1, 2)
        for name, ms in (("transformers", 40), ("laion-clap", 400), ("text", 20), ("text-int8", 10))
        for count in (1, 16)
    ]
    page = report.draw(figures(texts=texts))
    rows = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| **exported, int8**")]
    assert [row[1].strip() for row in rows] == ["1", "2"]
    assert {cell.strip() for row in rows for cell in row[3::2]} == {"4.00 [4.00, 4.00]"}


def test_every_variant_has_a_label_and_every_part_a_heading() -> None:
    page = report.draw(
        figures(
            paces=[report.Pace("one", 0, True, 50.0, 60.0, 0.31)],
            memories=[
                report.Memory(["fp32", "text"], 900.0, 700.0, 1.0),
                report.Memory([], 50.0, 50.0, 0.1),
            ],
            agreements=[report.Agreement("int8", "fp32", 24, 0.99, 0.98, 0.9)],
        )
    )
    assert "| runtime's own | yes | 50 (60) | 31 |" in page
    assert "| exported, float32 and text tower, float32 | 900 | 700 | 1.0 |" in page
    assert "| exported, int8 | exported, float32 | 24 | 0.990000 | 0.980000 | 0.9000 |" in page


def test_nothing_measured_leaves_no_empty_table() -> None:
    assert "##" not in report.draw(figures())
