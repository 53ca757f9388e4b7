"""What the CLAP benchmark measures, as far as it needs no network."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from tests.tools.load import load_tool

measures = load_tool("tools.benchmark.clap_measures")


def test_calls_alternate_and_each_is_warm_when_it_is_timed() -> None:
    pytest.importorskip("tqdm", reason="comes with the extra 'train'")
    made: list[str] = []
    calls = [lambda: made.append("a"), lambda: made.append("b")]
    clock, cpu = measures.alternate(calls, 6, "test")
    assert clock.shape == cpu.shape == (6, 2)
    assert made[::2] == made[1::2]
    assert sorted(made) == ["a"] * 12 + ["b"] * 12


def test_each_turn_of_each_way_is_timed() -> None:
    pytest.importorskip("tqdm", reason="comes with the extra 'train'")
    calls: list[str] = []
    ways = [lambda: time.sleep(0.02), lambda: calls.append("second")]
    clock, cpu = measures.alternate(ways, 3, "test")
    assert clock.shape == cpu.shape == (3, 2)
    assert clock[:, 0].min() > 19
    assert len(calls) >= 3


def test_equal_embeddings_agree_however_near_they_are_to_one_another() -> None:
    wanted = 1 + 1e-3 * np.random.default_rng(0).normal(size=(9, 16)).astype(np.float32)
    row = measures.compare("a", "b", wanted, wanted)
    assert (row.inputs, row.mean, row.least) == (9, pytest.approx(1), pytest.approx(1))
    assert row.least_centred == pytest.approx(1)


def test_embeddings_that_tell_nothing_apart_show_only_without_their_mean() -> None:
    wanted = 1 + 1e-3 * np.random.default_rng(0).normal(size=(9, 16)).astype(np.float32)
    row = measures.compare("a", "b", wanted[::-1], wanted)
    assert row.least > 0.9999
    assert row.least_centred < 0.9


def test_token_ids_begin_and_end_as_a_text_does() -> None:
    ids = measures.make_ids(3)
    assert ids.shape == (3, measures.TOKENS)
    assert (ids[:, 0] == 0).all()
    assert (ids[:, -1] == 2).all()
    assert (ids[:, 1:-1] > 3).all()


def test_the_peak_of_a_process_is_at_least_what_it_holds() -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("needs the kernel's own account of a process")
    held_mb = measures.read_status("VmRSS")
    assert 1 < held_mb <= measures.read_status("VmHWM") + 1
