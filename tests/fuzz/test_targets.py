"""Whatever comes in from outside, only what is foreseen comes of it: each target of `tools/fuzz`.

`python -m tools.fuzz` tries the same targets for as long as is asked, with a fuzzer that follows coverage.
"""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tools.fuzz.registry import CORPUS, TARGETS, inputs
from tools.fuzz.session import by_mutation

PYTHON = [name for name, target in TARGETS.items() if not target.native]
NATIVE = [name for name, target in TARGETS.items() if target.native]
SLOW = {"sound-chunks", "wire-record", "web-page"}
"""Those of which an input takes a while."""
KEPT = [path for name in PYTHON for path in sorted((CORPUS / name).glob("*"))]
MOST_BYTES = 1 << 20

edits = st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 12), st.binary(max_size=16)), max_size=4)


@cache
def begun(name: str) -> list[bytes]:
    return inputs(TARGETS[name])


def edited(seed: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    data = bytearray(seed)
    for place, length, new in changes:
        at = place % (len(data) + 1)
        data[at : at + length] = new
    return bytes(data)


@pytest.mark.parametrize("name", PYTHON)
@given(which=st.integers(0, 1 << 16), changes=edits, other=st.none() | st.binary(max_size=200))
@settings(
    max_examples=40, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)  # fmt: skip
def test_only_what_is_foreseen_comes_of_what_was_changed_or_made_up(
    name: str, which: int, changes: list[tuple[int, int, bytes]], other: bytes | None
) -> None:
    if name in SLOW and which % 3:
        return
    seeds = begun(name)
    TARGETS[name].check(edited(seeds[which % len(seeds)], changes) if other is None else other)


@pytest.mark.parametrize("name", PYTHON)
def test_what_a_target_begins_with_breaks_no_law(name: str) -> None:
    for seed in begun(name):
        TARGETS[name].check(seed)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_broke_a_law_breaks_it_no_more(path: Path) -> None:
    TARGETS[path.parent.name].check(path.read_bytes())


@pytest.mark.parametrize("name", NATIVE)
def test_machine_code_of_libraries_survives_what_was_changed_in_a_process_of_its_own(
    name: str, tmp_path: Path
) -> None:
    outcome = by_mutation(TARGETS[name], 2, tmp_path)
    assert outcome.executions >= len(begun(name))
    assert outcome.faults == []


def test_what_is_kept_is_small_and_belongs_to_a_target() -> None:
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < MOST_BYTES
    assert {path.name for path in CORPUS.iterdir()} <= TARGETS.keys()


def test_seeds_are_the_same_each_time_but_for_what_is_encrypted_or_stamped() -> None:
    for name in ("wire-message", "taught-sound", "onnx-file", "config-file"):
        assert TARGETS[name].seeds() == TARGETS[name].seeds()
    assert random.Random(1).random() == random.Random(1).random()
