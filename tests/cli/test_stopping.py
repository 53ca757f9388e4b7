from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from monitor.cli.stopping import asked_to_stop, held, unwinding


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda one: one.name)
def test_a_signal_while_a_run_begins_puts_everything_back(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_back = []
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_DFL)  # also in the background

    def begin() -> None:
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), number)  # an impatient user
            put_back.append("the terminal")

    with pytest.raises(SystemExit) as ended, unwinding():
        begin()
    assert (ended.value.code, put_back) == (128 + number, ["the terminal"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
def test_a_signal_amid_an_import_waits_until_it_is_over(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "swallows.py").write_text(
        "import os, signal, time\n"
        "try:\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        "    time.sleep(0.2)\n"
        "except BaseException as error:\n"
        "    raise ImportError('initialization failed') from error\n"
    )
    code = (
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from monitor.cli.stopping import unwinding\n"
        "with unwinding():\n"
        "    import swallows\n"
        "    time.sleep(60)\n"
    )
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=False)
    assert done.returncode == 128 + number


def test_while_it_runs_a_signal_is_a_wish() -> None:
    stopped = threading.Event()
    with unwinding(), asked_to_stop(stopped):
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopped.wait(5.0)
        os.kill(os.getpid(), signal.SIGHUP)


def test_what_is_opened_while_signals_wait_is_noted_down_before_one_comes() -> None:
    noted = []
    with pytest.raises(SystemExit), unwinding(), held():
        noted += _interrupted_opening()
    assert noted == ["a socket"]


def _interrupted_opening() -> list[str]:
    os.kill(os.getpid(), signal.SIGTERM)
    return ["a socket"]


def test_a_signal_that_waits_for_an_import_waits_for_what_is_opened_then_too(tmp_path: Path) -> None:
    """Else a socket that was bound and not yet noted down would be left behind."""
    (tmp_path / "interrupted.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    program = """
import signal, time
from monitor.cli.stopping import held, unwinding
signal.signal(signal.SIGINT, signal.default_int_handler)
with unwinding():
    import interrupted
    with held():
        end_s = time.monotonic() + 0.5
        while time.monotonic() < end_s:
            pass
        print("whole", flush=True)
    print("too late")
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"whole\n", b"")
