"""Files that the program keeps: there whole, and nothing beside them that piles up."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from monitor.files.state_files import ABANDONED_S, write_private

KILLED = """
import os, signal, sys
from pathlib import Path
from monitor.files.state_files import write_private
os.fdopen = lambda handle, mode: os.kill(os.getpid(), signal.SIGKILL)
write_private(Path(sys.argv[1]), b"new")
"""


def leave_half(path: Path) -> Path:
    """Be killed while `path` is written; return what is left of that."""
    before = set(path.parent.iterdir())
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, cwd=Path(__file__).parents[2])
    (half,) = set(path.parent.iterdir()) - before
    return half


def test_what_a_kill_leaves_half_is_removed_once_nobody_can_be_writing_it(tmp_path: Path) -> None:
    path = tmp_path / "mic@model.json"
    write_private(path, b"old")
    half = leave_half(path)
    assert path.read_bytes() == b"old"
    write_private(path, b"newer")
    assert half.exists(), "somebody may be at it"
    long_ago_s = time.time() - ABANDONED_S - 1.0
    os.utime(half, (long_ago_s, long_ago_s))
    write_private(path, b"newest")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"newest"


def test_what_is_left_half_of_another_file_is_that_ones_affair(tmp_path: Path) -> None:
    other = leave_half(tmp_path / "other.json")
    os.utime(other, (0.0, 0.0))
    write_private(tmp_path / "mic.json", b"new")
    assert other.exists()


@pytest.mark.parametrize("name", ["[a]*?.json", "n" * 250])
def test_any_name_of_a_file_will_do(tmp_path: Path, name: str) -> None:
    write_private(tmp_path / name, b"1")
    write_private(tmp_path / name, b"2")
    assert (tmp_path / name).read_bytes() == b"2"
