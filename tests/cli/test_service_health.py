"""`monitor service health`: what a container's health check asks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from monitor.cli.main import main
from monitor.start import python_module
from tests.local_server import free_port


@contextmanager
def running(endpoint: str) -> Iterator[subprocess.Popen[bytes]]:
    """A monitor that hears its standard input, once it listens."""
    command = [*python_module("monitor"), "run", "--source", "demo", "--headless", "--classes", "siren"]
    with subprocess.Popen([*command, "--bind", endpoint], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert any(b"listening" in line for line in process.stdout)
        yield process
        process.kill()


@pytest.fixture
def endpoint() -> str:
    return f"tcp://127.0.0.1:{free_port()}"


def test_a_monitor_that_hears_is_well_and_one_that_stands_still_is_not(
    endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["service", "health", "--json", "--connect", endpoint]
    with running(endpoint) as process:
        assert main(asked) == 0
        assert json.loads(capsys.readouterr().out)["lives"] is True
        os.kill(process.pid, signal.SIGSTOP)
        assert main(asked) == 1
        os.kill(process.pid, signal.SIGCONT)
    assert json.loads(capsys.readouterr().out)["lives"] is False


def test_where_no_monitor_is_a_sentence_and_exit_code_1_say_so(
    endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["service", "health", "--connect", endpoint]) == 1
    assert "start one with: monitor run" in capsys.readouterr().out
