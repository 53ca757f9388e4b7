"""`monitor run` as a user starts it, while something in it goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.vmic import VirtualMicrophones

_FAULTY = """
import itertools, signal, sys, time
import numpy as np
from monitor.encoders.stored_encoder import StoredEncoder
signal.signal(signal.SIGINT, signal.default_int_handler)
fault, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
real, calls = StoredEncoder.embed_windows, itertools.count()
def embed(self, windows):
    if not first <= next(calls) < last: return real(self, windows)
    if fault == "sleeps": time.sleep(1e6)
    if fault == "spins":
        while True: pass
    if fault == "raises": raise RuntimeError("out of memory")
    return np.full((len(windows), self.dim), np.nan, np.float32)
StoredEncoder.embed_windows = embed
from monitor.cli.main import main
sys.exit(main(sys.argv[4:]))
"""
"""The program with an encoder that goes wrong from one window to another."""
_FOR_EVER = 1_000_000
DEMO = ("run", "--headless", "--bind", "none", "--source", "demo", "--classes", "siren")


class Program:
    """A run whose lines are read as they come."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: list[str] = []

    def line(self, holds: Callable[[str], bool]) -> str:
        """Read on to the first line that is wanted."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if holds(line):
                return line
        raise AssertionError("\n".join(self.lines))

    def rest(self) -> int:
        """Read to the end and return the exit code."""
        assert self.process.stdout is not None
        self.lines += [line.rstrip() for line in self.process.stdout]
        return self.process.wait(20)


@contextmanager
def started(*command: str) -> Iterator[Program]:
    program = Program(*command)
    try:
        yield program
    finally:
        program.process.kill()
        program.process.communicate()


def faulty(fault: str, first: int, last: int, *arguments: str) -> tuple[str, ...]:
    return ("-c", _FAULTY, fault, str(first), str(last), *arguments)


@pytest.mark.parametrize("fault", ["sleeps", "spins"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
def test_a_run_whose_encoder_hangs_says_so_and_still_ends_at_a_signal(
    fault: str, number: signal.Signals
) -> None:
    with started(*faulty(fault, 4, _FOR_EVER, *DEMO)) as program:
        program.line(lambda line: "FAILING: demo street, the encoder does not answer" in line)
        program.process.send_signal(number)
        assert program.rest() == 0
    assert program.lines[-1].endswith("ended: demo street, the monitor was stopped")


@pytest.mark.parametrize("fault", ["raises", "nan"])
def test_a_run_whose_encoder_fails_for_a_while_says_so_and_goes_on(fault: str) -> None:
    with started(*faulty(fault, 4, 6, *DEMO)) as program:
        said = program.line(lambda line: "FAILING" in line)
        assert ("RuntimeError: out of memory" if fault == "raises" else "not numbers") in said
        program.line(lambda line: "back: demo street is heard again" in line)
        program.process.terminate()
        assert program.rest() == 0
    assert not any("LATE" in line for line in program.lines)


def test_what_of_a_file_was_not_analysed_is_told_with_the_exit_code(tmp_path: Path) -> None:
    path = tmp_path / "noise.wav"
    sound = np.random.default_rng(0).normal(0.0, 0.05, 16_000 * 6)
    soundfile.write(path, sound, 16_000)
    arguments = ("run", "--headless", "--fast", "--bind", "none", "--source", f"file:{path}")
    with started(*faulty("raises", 4, 8, *arguments)) as program:
        assert program.rest() == 1
    assert "s of noise.wav were not analysed: the encoder failed on them." in program.lines[-1]


def run_with(microphones: VirtualMicrophones, *arguments: str) -> tuple[str, ...]:
    return ("-m", "monitor", "run", "--headless", "--bind", "none", "--classes", "siren", *arguments)


def test_a_microphone_that_is_not_there_is_waited_for_and_says_what_there_is(
    vmic: VirtualMicrophones,
) -> None:
    vmic.unplug("attic")
    with started(*run_with(vmic, "--mic", "attic")) as program:
        said = program.line(lambda line: "LOST" in line)
        assert "LOST: attic, " in said
        assert said.rstrip().endswith("It is waited for.")
        vmic.plug("attic")
        program.line(lambda line: "attic" in line and ("back" in line or "SILENT" in line))
        program.process.terminate()
        assert program.rest() == 0


@pytest.mark.usefixtures("vmic")
def test_a_misspelt_microphone_is_told_with_those_there_are_and_refused_where_it_is_required(
    vmic: VirtualMicrophones,
) -> None:
    with started(*run_with(vmic, "--mic", "attik")) as program:
        said = program.line(lambda line: "LOST" in line)
        assert "There is no microphone 'attik'; valid: " in said
        assert "id alsa-attic" in said
    with started(*run_with(vmic, "--mic", "attik", "--require")) as program:
        assert program.rest() == 2
    assert "There is no microphone 'attik'; valid: " in program.lines[-1]


def test_a_channel_that_a_microphone_lacks_is_refused_and_that_is_said_once(vmic: VirtualMicrophones) -> None:
    vmic.play("attic", np.zeros(48_000, np.float32), 9)
    with started(*run_with(vmic, "--mic", "attic", "--channel", "9")) as program:
        assert program.rest() == 2
    assert program.lines == [
        "monitor: attic has 2 channels and no channel 9; valid: mix, loudest, left, right, 1 to 2."
    ]


def test_several_microphones_by_index_are_each_another_one_and_the_same_twice_is_refused(
    two_vmics: VirtualMicrophones,
) -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "monitor", "devices", "--json"],
        check=True, capture_output=True, env={**os.environ, **two_vmics.environment},
    ).stdout  # fmt: skip
    index = {one["name"]: str(one["index"]) for one in json.loads(listed)}
    left, right = index["kitchen_left"], index["kitchen_right"]
    with started(*run_with(two_vmics, "--mic", right, "--mic", left)) as program:
        for name in ("kitchen_right", "kitchen_left"):
            program.line(lambda _, name=name: any(name in line for line in program.lines))  # type: ignore[misc]
        program.process.terminate()
        assert program.rest() == 0
    with started(*run_with(two_vmics, "--mic", left, "--mic", "kitchen_left")) as program:
        assert program.rest() == 2
    assert f"--mic {left} and --mic kitchen_left are the same microphone" in program.lines[-1]
