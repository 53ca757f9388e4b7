from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.sinks.notify.letters import Letter, NotTold
from monitor.sinks.notify.program import Program
from tests.sinks.notify.channels import LETTER


def python(code: str, timeout_s: float = 30.0) -> Program:
    return Program([sys.executable, "-c", code], timeout_s, "Target lamp")


def test_a_command_gets_the_event_on_its_input_and_the_rest_in_its_environment(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = f"import os, sys; open({str(out)!r}, 'w').write(sys.stdin.read() + os.environ['SOUND_TEXT'])"
    python(code).send(LETTER)
    assert out.read_text("utf-8") == '{"topic":"event/"}\nmay be a dog bark.'


def test_a_large_event_keeps_nobody_waiting_that_does_not_read_it() -> None:
    large = Letter("event", "t", "t", b"x" * (1 << 20), False, 1, 0.0)
    python("pass").send(large)


def test_a_command_that_fails_says_why_in_its_last_words() -> None:
    code = "import sys; print('x' * 100000, '\\nno such lamp', file=sys.stderr); sys.exit(3)"
    with pytest.raises(NotTold, match=r"^it failed with exit code 3: no such lamp$") as caught:
        python(code).send(LETTER)
    assert caught.value.refused


def test_a_command_that_is_ended_by_a_signal_says_so() -> None:
    with pytest.raises(NotTold, match="was ended by SIGTERM"):
        python("import os, signal; os.kill(os.getpid(), signal.SIGTERM)").send(LETTER)


def test_a_command_that_hangs_is_killed_with_all_it_started(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    command = ["sh", "-c", f"exec 3>{alive}; sleep 600 & sleep 600"]
    with pytest.raises(NotTold, match=r"it took longer than 0\.5 s"):
        Program(command, 0.5, "Target lamp").send(LETTER)
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""  # nobody holds it open any more
    os.close(reader)


def test_what_a_command_leaves_running_is_left_alone_and_not_waited_for(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    writer = os.open(alive, os.O_RDWR)
    Program(["sh", "-c", f"head -c 1 {alive} > {tmp_path}/off & exit 0"], 30.0, "Target lamp").send(LETTER)
    os.write(writer, b"x")
    os.close(writer)


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = f"import sys; open({str(out)!r}, 'w').write(sys.argv[1])"
    Program([sys.executable, "-c", code, "$(id); ls > x"], 30.0, "Target lamp").send(LETTER)
    assert out.read_text("utf-8") == "$(id); ls > x"


def test_a_program_that_is_not_there_is_refused_before_anything_is_heard() -> None:
    with pytest.raises(ConfigError, match=r"^Target lamp runs no-such-lamp, and there is no such program; "):
        Program(["no-such-lamp", "on"], 30.0, "Target lamp")
