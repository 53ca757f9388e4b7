from __future__ import annotations

import importlib.util
import random
import subprocess
import sys
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from monitor.bus.messages import PublishedRecord, Reply, Request
from tools.fuzz.choices import Choices, as_json, plain
from tools.fuzz.faults import Watch
from tools.fuzz.mutation import MOST_LEN, mutated
from tools.fuzz.registry import TARGETS
from tools.fuzz.session import by_coverage
from tools.fuzz.target import Broken, Target, check_clean, check_same, only


def fragile(data: bytes) -> None:
    if b"!" in data:
        raise KeyError("!")
    if b"?" in data:
        check_same(1, 2)


TARGET = Target(name="fragile", check=fragile, seeds=lambda: [b"a"])


def test_one_input_is_kept_for_each_place_where_a_target_breaks(tmp_path: Path) -> None:
    watch = Watch(TARGET, tmp_path)
    found = [watch.take(data) for data in (b"a", b"b!", b"c!", b"d?", b"e")]
    assert [one is not None for one in found] == [False, True, False, True, False]
    assert [Path(one.file).read_bytes() for one in watch.faults.values()] == [b"b!", b"d?"]
    assert all("tests/fuzz/test_engines.py" in place or "target.py" in place for place in watch.faults)


def test_an_error_that_is_not_foreseen_or_is_no_sentence_is_a_fault() -> None:
    with only(ValueError):
        raise ValueError("a sentence")
    with pytest.raises(Broken), only(ValueError):
        raise ValueError("two\nlines")
    with pytest.raises(KeyError), only(ValueError):
        raise KeyError("x")
    with pytest.raises(Broken):
        check_clean({"a": ["\x1b[2J"]})


def test_changes_can_be_repeated_and_are_bounded() -> None:
    def made() -> list[bytes]:
        dice = random.Random(7)
        return [mutated(b"abc" * 9, [b"xyz" * 9], dice) for _ in range(200)]

    assert made() == made()
    assert len(set(made())) > 100
    assert max(map(len, made())) <= MOST_LEN


def test_the_same_bytes_choose_the_same_values_and_every_kind_of_record_can_be_chosen() -> None:
    dice = random.Random(3)
    for kind in (*get_args(PublishedRecord), Request, Reply):
        msgspec.json.decode(as_json(plain(kind)), type=kind)
        for _ in range(30):
            data = dice.randbytes(200)
            assert as_json(Choices(data).record(kind)) == as_json(Choices(data).record(kind))


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.fuzz", *arguments], capture_output=True, text=True, check=False
    )


def test_the_command_lists_its_targets_and_refuses_what_is_none() -> None:
    listed = command("--list")
    assert (listed.returncode, listed.stdout.split()) == (0, list(TARGETS))
    refused = command("wire-massage")
    assert refused.returncode == 2
    assert "'wire-massage'; valid: wire-message" in refused.stderr


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
def test_a_target_is_tried_by_coverage(tmp_path: Path) -> None:
    (outcome,) = by_coverage([TARGETS["onnx-file"]], 2, 1, tmp_path)
    assert outcome.executions > len(TARGETS["onnx-file"].seeds())
    assert outcome.coverage is not None
    assert outcome.faults == []
