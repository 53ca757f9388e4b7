"""The law that nothing leaves the machine, and that only this program's own files are written, by strace."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Container
from pathlib import Path

import pytest

from monitor.sources.demo import demo_scene
from monitor.storage.moments import open_moments
from tests.encoders.tiny_models import tiny_model
from tests.evaluation.corpus import write_corpus
from tests.local_server import free_port
from tests.mosquitto import Broker
from tests.mosquitto import missing as no_broker
from tests.sinks.notify.channels import serving
from tests.tracing import Trace, missing, traced

ROOT = Path(__file__).resolve().parents[1]
RUN = ["-m", "monitor", "run", "--source", "demo", "--classes", "siren,dog_bark"]
SYSTEM = ("/dev/", "/proc/", "/sys/")

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "can be traced")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return what a fresh user has, and nothing that the tests or the developer set."""
    plain = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm-256color"}
    return {**plain, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **more}


def assert_private(trace: Trace, home: Path, *asked_for: Path, codes: Container[int] = (0,)) -> None:
    """Hold a finished run to the law; `asked_for` are folders that it was told to write to."""
    assert trace.returncode in codes, trace.output
    assert trace.foreign == []
    own = [home / place / "monitor" for place in (".cache", ".local/share", ".local/state")]
    sockets = [Path(f"/tmp/monitor-{os.geteuid()}"), Path(f"/run/user/{os.geteuid()}/monitor")]  # noqa: S108
    allowed = [*own, *sockets, *asked_for]
    above = {folder for path in allowed for folder in path.parents}  # made on the way there
    strange = {
        path
        for path in trace.written(home)
        if path not in above
        and not str(path).startswith(SYSTEM)
        and not any(path == folder or folder in path.parents for folder in allowed)
    }
    assert strange == set()


def test_a_run_speaks_to_nobody_and_writes_only_its_own_files(home: Path) -> None:
    trace = traced([*RUN, "--fast", "--headless", "--bind", "none"], environment(home), home)
    assert "may be a siren" in trace.output
    assert_private(trace, home)


def test_a_run_that_is_remembered_writes_its_memory_for_nobody_else(home: Path) -> None:
    scene = demo_scene()
    sound = home.parent / "sound.raw"
    siren = scene.samples[scene.sample_rate * 20 : scene.sample_rate * 28]
    sound.write_bytes(siren.astype("<f4").tobytes())
    program = (
        "import subprocess, sys; play = subprocess.Popen(['cat', sys.argv[1]], stdout=subprocess.PIPE); "
        "sys.stdin.close(); import os; os.dup2(play.stdout.fileno(), 0); sys.stdin = os.fdopen(0); "
        "from monitor.cli.main import main; sys.exit(main(sys.argv[2:]))"
    )
    arguments = ["run", "--source", "-", "--pcm-rate", str(scene.sample_rate), "--pcm-format", "f32le"]
    arguments += ["--classes", "siren,dog_bark", "--headless", "--bind", "none"]
    trace = traced(["-c", program, str(sound), *arguments], environment(home), home)
    assert_private(trace, home)
    memory = home / ".local/state/monitor/memory.db"
    with open_moments(memory) as moments:
        assert moments is not None
        assert moments.newest_event() is not None
    assert [path.stat().st_mode & 0o077 for path in memory.parent.glob("memory.db*")] == [0]


@pytest.mark.skipif(bool(no_broker()), reason=no_broker() or "there is a broker")
def test_a_run_that_tells_a_broker_speaks_to_nobody_else(home: Path, tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        arguments = [*RUN, "--fast", "--headless", "--bind", "none", "--mqtt", broker.url]
        trace = traced(arguments, environment(home), home)
    assert "may be a siren" in trace.output
    assert_private(trace, home)


def test_a_run_with_its_interface_speaks_to_nobody_else(home: Path) -> None:
    endpoint = f"ipc://{home.parent}/bus"
    arguments = [*RUN, "--fast", "--duration", "20", "--bind", endpoint]
    trace = traced(arguments, environment(home), home, terminal=True)
    assert_private(trace, home, home.parent / "bus", home.parent / "bus.control")


def test_telling_people_speaks_to_them_alone_and_writes_only_what_waits(home: Path) -> None:
    pytest.importorskip("apprise")
    with serving() as server:
        config = home.parent / "my.toml"
        config.write_text(
            f'[notify.targets.phone]\nurl = "ntfy://127.0.0.1:{server.port}/topic"\n'
            f'[notify.targets.plug]\nwebhook = "http://127.0.0.1:{server.port}/"\n'
            '[notify.targets.lamp]\nexec = "true"\n',
            "utf-8",
        )
        arguments = ["--fast", "--headless", "--bind", "none", "--config", str(config)]
        trace = traced([*RUN, *arguments], environment(home), home)
        assert len(server.requests) > 2
    assert_private(trace, home)


def test_listening_speaks_to_the_monitor_and_to_nobody_else(home: Path) -> None:
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    command = [sys.executable, *RUN, "--headless", "--bind", endpoint]
    with subprocess.Popen(command, env=environment(home), stdout=subprocess.PIPE) as monitor:
        assert monitor.stdout is not None
        assert any(b"listening" in line for line in monitor.stdout)
        arguments = ["-m", "monitor", "listen", "--connect", endpoint, "--duration", "2"]
        trace = traced(arguments, environment(home), home)
        monitor.terminate()
        monitor.communicate()
    assert "listening to" in trace.output
    assert_private(trace, home)


def test_an_evaluation_speaks_to_nobody_and_writes_only_what_was_asked_for(home: Path) -> None:
    data, out = home.parent / "data", home.parent / "out"
    data.mkdir()
    write_corpus(data)
    arguments = ["-m", "monitor", "eval", "clips", "--data", str(data), "--folds", "4", "--min-clips", "1"]
    trace = traced([*arguments, "--snr", "clean", "--out", str(out)], environment(home), home)
    assert_private(trace, home, out)


def test_installing_a_folder_speaks_to_nobody(home: Path) -> None:
    folder = home.parent / "mine"
    tiny_model().write(folder)
    arguments = ["-m", "monitor", "models", "install", str(folder), "--offline"]
    assert_private(traced(arguments, environment(home), home), home)


def test_a_program_that_only_loads_an_encoder_speaks_to_nobody(home: Path) -> None:
    program = "import monitor; monitor.load_encoder().embed_text(['siren'])"
    assert_private(traced(["-c", program], environment(home), home), home)


def test_what_the_user_set_does_not_switch_telemetry_on(home: Path) -> None:
    program = "import monitor; monitor.load_encoder()"
    trace = traced(["-c", program], environment(home, ORT_DISABLE_TELEMETRY="0"), home)
    assert_private(trace, home)


def test_the_law_notices_a_library_that_writes_where_it_likes(home: Path) -> None:
    trace = traced(["-c", "import pathlib; pathlib.Path('queue').write_text('x')"], environment(home), home)
    with pytest.raises(AssertionError):
        assert_private(trace, home)


def test_the_law_notices_a_library_that_looks_for_its_maker(home: Path) -> None:
    program = (
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('192.0.2.1', 9))\n"
    )
    assert traced(["-c", program], environment(home), home).foreign
    program = (
        "import socket, contextlib\nwith contextlib.suppress(OSError): socket.getaddrinfo('a.invalid', 1)"
    )
    assert traced(["-c", program], environment(home), home).foreign


def test_onnxruntime_is_imported_in_one_place_only() -> None:
    """Whoever imports it elsewhere may be first, and then it has spoken already."""
    found = set()
    for path in (ROOT / "monitor").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(name.split(".")[0] == "onnxruntime" for name in names):
                found.add(path.relative_to(ROOT).as_posix())
    assert found == {"monitor/encoders/runtime.py"}
