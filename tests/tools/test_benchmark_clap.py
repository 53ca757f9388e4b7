"""The plan of the CLAP benchmark, and what it keeps."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from tests.tools.load import load_tool

benchmark = load_tool("tools.benchmark.benchmark_clap")
records = load_tool("tools.benchmark.clap_report")

MACHINE = records.Machine("Some CPU", 2, {}, "random")


def test_every_part_is_planned_and_no_two_steps_share_a_file() -> None:
    steps = list(benchmark.plan(40))
    assert {step.part for step in steps} == set(benchmark.PARTS)
    files = [step.file for step in steps]
    assert len(set(files)) == len(files)


def test_windows_and_prompts_are_compared_at_equal_threads() -> None:
    steps = list(benchmark.plan(40))
    for part in ("windows", "texts", "batches"):
        assert {step.threads for step in steps if step.part == part} == {1, 2}


def test_few_rounds_still_measure_everything() -> None:
    assert min(step.rounds for step in benchmark.plan(1)) >= 1


def test_records_come_back_as_they_were_kept_and_missing_ones_are_left_out(tmp_path: Path) -> None:
    pace = records.Pace("int8", 2, True, 130.0, 150.0, 0.3)
    (step,) = [
        step
        for step in benchmark.plan(40)
        if (step.part, step.threads, step.names, step.spinning) == ("paced", 2, ("int8",), True)
    ]
    (tmp_path / step.file).write_text(json.dumps([asdict(pace)]))
    figures = benchmark.collect(tmp_path, MACHINE, 40)
    assert figures.paces == [pace]
    assert figures.machine == MACHINE
    assert figures.windows == []
