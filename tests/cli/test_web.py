"""`monitor web` and `monitor run --web` as a user starts them."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from monitor.cli.main import main

PATIENCE_S = 30.0
TAKEN = "an address that is in use"
DEMO = ["run", "--source", "demo", "--headless", "--bind", "tcp://127.0.0.1:*", "--classes", "siren"]


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The program, and the port at which it says that its page is."""
    command = [sys.executable, "-m", "monitor", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as program:
        try:
            assert program.stdout is not None
            told = re.search(r"https?://127\.0\.0\.1:(\d+)/", program.stdout.readline())
            assert told
            yield program, int(told[1])
        finally:
            program.kill()


def session(port: int) -> dict[str, object] | None:
    """What the page says of this browser; None: there is no page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/api/session")
        found: dict[str, object] = json.loads(connection.getresponse().read())
    except ConnectionError:
        return None
    finally:
        connection.close()
    return found


def until_gone(port: int) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while session(port) is not None:
        assert time.monotonic() < deadline_s, "the page outlives its monitor"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_page_of_a_run_ends_with_it_however_that_ends(number: signal.Signals) -> None:
    with started(*DEMO, "--web", "127.0.0.1:0") as (run, port):
        assert session(port) == {"allowed": True, "version": "0.1.0", "certificate": False}
        os.kill(run.pid, number)
        until_gone(port)


def test_a_page_that_stands_alone_waits_for_its_monitor_and_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    with started("web", "127.0.0.1:0", "--connect", f"ipc://{tmp_path}/bus") as (page, port):
        assert session(port)
        page.terminate()
        assert page.wait(PATIENCE_S) == 0


@pytest.fixture
def taken() -> Iterator[str]:
    """An address that somebody listens at: what is refused before a port is asked for needs none."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        yield f"127.0.0.1:{held.getsockname()[1]}"


def listening() -> set[object]:
    """The addresses at which this very program waits for connections."""
    found: set[object] = set()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if link.readlink().name.startswith("socket:"):
                with socket.socket(fileno=os.dup(int(link.name))) as one:
                    if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                        found.add(one.getsockname())
    return found


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["web", "kitchen:80"], "is no address for the web page"),
        (
            ["web", TAKEN, "--connect", "tcp://10.0.0.1:5557"],
            "No key of a monitor at tcp://10.0.0.1:5557 is known",
        ),
        (
            ["web", TAKEN, "--connect", "tcp://127.0.0.1:5557", "--connect", "tcp://127.0.0.1:5557"],
            "cannot be shown twice",
        ),
        (
            [
                "web",
                TAKEN,
                "--connect",
                "tcp://127.0.0.1:5557",
                "--control",
                "ipc:///a",
                "--control",
                "ipc:///b",
            ],
            "one for each",
        ),
        (["web", TAKEN, "--name", "a b"], "is no name of a computer"),
        (["run", "--source", "demo", "--key", "key.pem"], "add --web ADDRESS:PORT"),
        (["run", "--source", "demo", "--headless", "--web", "x"], "is no address for the web page"),
        (
            ["run", "--source", "demo", "--headless", "--bind", "none", "--web", "127.0.0.1:0"],
            "leave out --bind none",
        ),
    ],
)
def test_what_cannot_be_served_is_refused_in_a_sentence(
    arguments: list[str], why: str, taken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = listening()
    assert main([taken if one == TAKEN else one for one in arguments]) == 2
    assert why in capsys.readouterr().err
    assert listening() <= before


def test_browsers_that_were_paired_can_be_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main(["web", "--forget"]) == 0
    assert "No browser was paired." in capsys.readouterr().out
    key = tmp_path / "monitor" / "web" / "key"
    key.parent.mkdir(parents=True)
    key.write_bytes(b"k" * 32)
    assert main(["web", "--forget"]) == 0
    assert not key.exists()


def test_a_run_without_a_page_loads_nothing_of_it() -> None:
    code = (
        "import sys, monitor.cli.run, monitor.cli.run_session; print([m for m in sys.modules if 'web' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['monitor.cli.web_flags']\n"
