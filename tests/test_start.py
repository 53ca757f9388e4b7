"""Where the program begins: Ctrl-C while anything is imported, and shadows in the current folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.start import child_environment, python_module
from tests.terminal import on_terminal

ROOT = Path(__file__).resolve().parents[1]
SHADOWS = ["textual", "msgspec", "numpy", "zmq", "rich", "sounddevice", "soundfile", "onnxruntime", "typing"]
THREADS = "OPENBLAS_NUM_THREADS"
RUN = ["run", "--source", "demo", "--fast", "--duration", "1"]

LATE = {"asyncio", "email", "getpass", "html", "http", "importlib.metadata", "logging", "nats", "paho", "ssl"}
"""What takes its time to load, and is of use only where the settings or a trouble ask for it."""

INTERRUPTIBLE = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from monitor.__main__ import main; sys.exit(main())"
)
"""As in `tests/fakes.py`, but by the program's own entry point."""


@pytest.mark.parametrize("module", ["msgspec", "numpy", "zmq", "onnxruntime", "tokenizers", "soxr"])
def test_ctrl_c_while_a_library_is_imported_ends_the_program_without_a_word(
    module: str, tmp_path: Path
) -> None:
    """The library is one that takes for ever, and takes an interruption for an error of its own."""
    reached = tmp_path / "reached"
    os.mkfifo(reached)
    (tmp_path / f"{module}.py").write_text(
        f"import threading\nopen({str(reached)!r}, 'w').close()\n"
        "try:\n    threading.Event().wait()\n"
        "except BaseException as error:\n    raise ImportError('broken') from error\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", INTERRUPTIBLE, *RUN, "--headless", "--bind", "none"]
    process = subprocess.Popen(
        command, env=environment, cwd=tmp_path.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process, reached.open():  # opens once the library is being imported
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"")


@pytest.mark.parametrize(
    ("arguments", "not_loaded"),
    [
        (["--help"], LATE | {"numpy", "onnxruntime", "rich", "sqlite3", "textual", "zmq"}),
        ([*RUN, "--headless"], LATE | {"textual"}),
    ],
    ids=["help", "run"],
)
def test_a_plain_start_loads_nothing_that_it_can_do_without(
    arguments: list[str], not_loaded: set[str], tmp_path: Path
) -> None:
    told = (
        "import sys\nfrom monitor.__main__ import main\ntry:\n    main()\nfinally:\n    print(*sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MONITOR_PUBLISH_BIND": f"ipc://{tmp_path}/bus"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", told, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not_loaded & set(done.stdout.splitlines()[-1].split()) == set()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder full of files that are called like what the program imports, and tell when they are run."""
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'a').write({name!r})\n")
    return tmp_path


def test_no_file_of_the_current_folder_is_executed(folder: Path) -> None:
    command = [sys.executable, "-m", "monitor", *RUN, "--headless", "--bind", "none"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    devices = [sys.executable, "-m", "monitor", "devices"]
    subprocess.run(devices, cwd=folder, env=environment, capture_output=True, check=False)
    assert not (folder / "executed").exists()


@pytest.mark.parametrize("path", ["{}:", ":{}", "{}::", ".:{}"])
def test_no_file_of_the_current_folder_is_executed_for_an_empty_part_of_the_path(
    folder: Path, path: str
) -> None:
    """As `PYTHONPATH=$PYTHONPATH:/more` leaves where the variable was not set."""
    command = [sys.executable, "-m", "monitor", *RUN, "--bind", f"ipc://{folder}/bus"]
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": path.format(ROOT)}
    (folder / "typing.py").unlink()  # Python itself imports that before this program begins
    code, shown = on_terminal(command, folder, environment)
    assert code == 0, shown
    assert "\x1b[?1049h" in shown  # the interface, a process of its own, was there
    assert not (folder / "executed").exists()


def test_nor_is_one_by_the_installed_command_or_its_interface(folder: Path) -> None:
    script = Path(sys.executable).with_name("monitor")
    if not script.exists():
        pytest.skip("the command `monitor` is not installed beside this Python")
    (folder / "monitor.py").write_text(f"open({str(folder / 'executed')!r}, 'a').write('monitor')\n")
    code, shown = on_terminal([str(script), *RUN, "--bind", f"ipc://{folder}/bus"], folder)
    assert code == 0, shown
    assert "\x1b[?1049h" in shown  # the interface was there
    assert not (folder / "executed").exists()


def test_a_child_finds_this_very_package_and_nothing_of_the_current_folder(folder: Path) -> None:
    program = python_module("monitor.tui", "--help")
    done = subprocess.run(program, cwd=folder, env=child_environment(), capture_output=True, check=True)
    assert b"Show a running monitor" in done.stdout
    assert not (folder / "executed").exists()


def test_what_was_asked_for_is_done_before_ctrl_c_ends_all_during_an_import(tmp_path: Path) -> None:
    """The interface, for one, must not be left behind: it would say that the monitor has crashed."""
    (tmp_path / "endless.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    program = """
import signal
from monitor.start import before_leaving, ready
signal.signal(signal.SIGINT, signal.default_int_handler)
ready()
before_leaving(lambda: print("taken back", flush=True))()
before_leaving(lambda: print("done", flush=True))
import endless
"""
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"done\n", b"")


def test_so_it_is_where_a_signal_comes_amid_an_import_that_is_not_waited_for(tmp_path: Path) -> None:
    endless = "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n" + "signal.pause()\n" * 60
    (tmp_path / "endless.py").write_text(endless)
    program = """
from monitor.cli.stopping import unwinding
from monitor.start import before_leaving
before_leaving(lambda: print("done", flush=True))
with unwinding():
    import endless
"""
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (143, b"done\n", b"")


@pytest.mark.parametrize(("given", "kept"), [(None, "1"), ("3", "3")])
def test_linear_algebra_has_one_thread_unless_the_environment_says_otherwise(
    given: str | None, kept: str
) -> None:
    environment = {key: value for key, value in os.environ.items() if key != THREADS}
    shown = f"import os; from monitor.start import ready; ready(); print(os.environ[{THREADS!r}])"
    done = subprocess.run(
        [sys.executable, "-c", shown],
        env=environment if given is None else {**environment, THREADS: given},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == kept
