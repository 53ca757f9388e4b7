from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from monitor.child import Child

_STAYS = "import time; print('up', flush=True); time.sleep(3600)"
_DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + _STAYS
_ORDERLY = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0));" + _STAYS


def running(code: str, up: bool = True) -> Child:
    """A child that runs `code`, and has begun to."""

    def start(_: list[str], **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", code], **options)

    child = Child("monitor.nothing", start=start, stdout=subprocess.PIPE)
    if up:
        assert os.read(child.output, 16) in {b"up", b"up\n"}
    return child


@pytest.mark.parametrize("code", [_STAYS, _DEAF], ids=["stays", "deaf"])
def test_one_that_has_nothing_to_put_in_order_is_killed_at_once(code: str) -> None:
    child = running(code)
    assert not child.ended
    assert child.end(grace_s=0.0, gone_s=30.0)
    assert (child.ended, child.failed, child.how_it_ended) == (True, True, "was ended by SIGKILL")
    child.close_pipes()
    child.close_pipes()


def test_one_that_has_is_asked_first_and_killed_if_it_does_not_listen() -> None:
    orderly, deaf = running(_ORDERLY), running(_DEAF)
    assert orderly.end(grace_s=30.0, gone_s=30.0)
    assert not orderly.failed
    assert deaf.end(grace_s=0.1, gone_s=30.0)
    assert deaf.how_it_ended == "was ended by SIGKILL"
    assert orderly.end(grace_s=0.0, gone_s=0.0), "it is gone, also when it is ended again"
    for child in (orderly, deaf):
        child.close_pipes()


@pytest.mark.parametrize(
    ("code", "says"),
    [("raise SystemExit(3)", "failed (exit code 3)"), ("raise SystemExit(143)", "was ended by SIGTERM")],
)
def test_it_is_known_how_one_ended_by_itself(code: str, says: str) -> None:
    child = running(code, up=False)
    assert os.read(child.output, 1) == b"", "its end of the pipe is closed"
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert child.failed
    assert child.how_it_ended == says
    child.close_pipes()


def test_what_cannot_be_started_is_said_by_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(FileNotFoundError):
        Child("monitor.nothing")


def test_what_it_was_told_and_never_read_breaks_nothing_when_its_pipes_are_closed() -> None:
    """A web page that was killed as the monitor began once took that with it, and the exit code was 0."""

    def start(_: list[str], **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", _STAYS], **options)

    child = Child("monitor.nothing", start=start, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.end(grace_s=0.0, gone_s=30.0)
    child.say(b"doing loading the model\n")
    child.close_pipes()
