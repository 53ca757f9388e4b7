"""The script behind the GPU figures, as far as it goes without a GPU."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.tools.load import load_tool

gpu = load_tool("tools.benchmark.gpu_figures")

Floats = NDArray[np.float32]
SOUNDS = np.eye(2, 4, dtype=np.float32)


def itself(sounds: Floats) -> Floats:
    return sounds


def line(way: str, batch: int, windows_per_s: float) -> object:
    return gpu.Line(way, batch, 1e3 * batch / windows_per_s, 0.0, windows_per_s, 1.0)


def test_a_batch_larger_than_the_sounds_is_compared_sound_by_sound() -> None:
    pytest.importorskip("tqdm", reason="comes with the extra 'train'")
    lines, failures = gpu.measure_all([("itself", lambda: itself)], [1, 5], 0.0, SOUNDS, SOUNDS)
    assert [found.batch for found in lines] == [1, 5]
    assert [found.cosine for found in lines] == [1, 1]
    assert not failures


def test_another_embedding_shows_in_the_cosine() -> None:
    found = gpu.measure("swapped", lambda sounds: sounds[:, ::-1], SOUNDS, 0.0, SOUNDS)
    assert found.cosine == 0


def test_windows_per_second_are_those_of_the_median_batch() -> None:
    found = gpu.measure("itself", itself, SOUNDS, 0.01, SOUNDS)
    assert found.windows_per_s == pytest.approx(2e3 / found.median_ms)
    assert found.slow_ms >= found.median_ms


def test_a_way_that_runs_out_of_memory_ends_with_a_note_and_the_others_go_on() -> None:
    pytest.importorskip("tqdm", reason="comes with the extra 'train'")

    def small(sounds: Floats) -> Floats:
        if len(sounds) > 2:
            raise MemoryError("out of memory\nat some address")
        return sounds

    def absent() -> Callable[[Floats], Floats]:
        raise ValueError("no such file")

    ways = [("small", lambda: small), ("absent", absent), ("itself", lambda: itself)]
    lines, failures = gpu.measure_all(ways, [1, 2, 4], 0.0, SOUNDS, SOUNDS)
    assert [(found.way, found.batch) for found in lines] == [
        ("small", 1),
        ("small", 2),
        ("itself", 1),
        ("itself", 2),
        ("itself", 4),
    ]
    assert failures == ["small, batch 4: out of memory", "absent, batch not reached: no such file"]


def test_microphones_are_counted_at_the_fastest_batch_and_below_full_load() -> None:
    lines = [line("a", 1, 90.0), line("a", 8, 250.0), line("b", 1, 70.0), line("a", 16, 240.0)]
    fastest = gpu.best(lines)
    assert {way: found.batch for way, found in fastest.items()} == {"a": 8, "b": 1}
    assert gpu.microphones(fastest["a"]) == 200


def test_the_page_says_device_command_and_what_was_not_measured() -> None:
    report = gpu.Report(
        "Some GPU, 1.2.3", {"torch": "9"}, "python x", "random", [line("a", 1, 90.0)], ["b, 1: no"]
    )
    page = gpu.as_markdown(report)
    for said in (
        "Some GPU, 1.2.3",
        "torch 9",
        "    python x",
        "| a | 90.0 (batch 1) | 72 |",
        "Not measured: b, 1: no",
    ):
        assert said in page


def test_without_cuda_it_says_so_in_one_sentence_and_exits_with_two() -> None:
    if not gpu.missing_cuda():
        pytest.skip("there is a GPU here")
    done = subprocess.run(
        [sys.executable, "-m", "tools.benchmark.gpu_figures"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.strip().endswith(".")
