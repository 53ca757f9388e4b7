"""The law that sound stays in memory: none is written or said to anybody, unless clips are asked for.

A sound that nothing else is like is heard by whole runs with everything on; every byte that leaves them is
searched for it, in whatever form, and so is every file that they leave behind.
"""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soxr
import zmq
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

from monitor.sources.demo import demo_scene
from tests.payloads import Payloads, recorded
from tests.sound_search import FOUND, Pieces
from tests.test_privacy import environment, home
from tests.tracing import missing
from tests.vmic import SAMPLE_RATE, VirtualMicrophones

__all__ = ["home"]

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing() or "can be traced"),
    pytest.mark.slow,
    pytest.mark.timeout(400),
]
LIKE_NOTHING = 0.6
"""Correlation that chance stays below in megabytes, and a copy above."""


def heard() -> NDArray[np.float32]:
    """Ten seconds at 48 kHz of a siren in noise of its own: events come of it, and no other is like it."""
    scene = demo_scene()
    siren = soxr.resample(scene.samples, scene.sample_rate, SAMPLE_RATE)[20 * SAMPLE_RATE : 28 * SAMPLE_RATE]
    quiet = np.zeros(SAMPLE_RATE, np.float32)
    sound = np.concatenate([quiet, siren, quiet])
    own = np.random.default_rng(20_261_130).standard_normal(len(sound))
    mixed = 0.2 * sound / np.abs(sound).max() + 0.05 * own
    return np.asarray(mixed, np.float32)


HEARD = heard()
PIECES = Pieces(HEARD, SAMPLE_RATE)


class Ports(NamedTuple):
    """Ports that are free."""

    bus: int
    metrics: int
    web: int


@pytest.fixture
def ports() -> Ports:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in Ports._fields]
    numbers = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return Ports(*numbers)


def everything(home: Path, ports: Ports, *, clips: bool = False) -> list[str]:
    """Return the options of a run with all that takes records: records."""
    config = home.parent / "all.toml"
    config.write_text(
        f'[metrics]\nbind = "127.0.0.1:{ports.metrics}"\n[memory]\nkeep = "all"\n'
        f'[clips]\nkeep = {str(clips).lower()}\nspeech = "keep"\n'
        '[notify.targets.lamp]\nexec = "true"\n',
        "utf-8",
    )
    options = ["--config", str(config), "--classes", "siren,dog_bark", "--headless"]
    options += ["--bind", f"tcp://127.0.0.1:{ports.bus}", "--web", f"127.0.0.1:{ports.web}"]
    return [*options, "--log", str(home / "log.jsonl")]


class Visitor(threading.Thread):
    """Reads all that a run publishes, and asks its page and its metrics, until it is gone."""

    def __init__(self, ports: Ports) -> None:
        super().__init__(daemon=True)
        self._ports = ports
        self.topics: list[str] = []
        self.page_lines = 0
        self.pages: list[bytes] = []
        self.over = threading.Event()

    def run(self) -> None:
        with zmq.Context() as context, context.socket(zmq.SUB) as bus:
            bus.connect(f"tcp://127.0.0.1:{self._ports.bus}")
            bus.subscribe(b"")
            while not self.over.is_set():
                if bus.poll(200):
                    self.topics.append(bus.recv_multipart()[0].decode().split("/")[0])
                if not self.pages and "health" in self.topics:
                    self._look()

    def _look(self) -> None:
        for port, path in (
            (self._ports.metrics, "/metrics"),
            (self._ports.web, "/"),
            (self._ports.web, "/api/history"),
        ):
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
                connection.request("GET", path)
                self.pages.append(connection.getresponse().read())
        place = f"127.0.0.1:{self._ports.web}"
        with (
            suppress(ConnectionClosed),  # the run has heard all there was
            connect(f"ws://{place}/api/live", origin=Origin(f"http://{place}")) as line,
        ):
            while self.page_lines < 10:
                line.recv(timeout=5)
                self.page_lines += 1


def visited(
    arguments: list[str], given: dict[str, str], home: Path, ports: Ports
) -> tuple[Payloads, Visitor]:
    """Return what a run that hears `HEARD` on its standard input handed over, and who asked it meanwhile."""
    listen = [
        "-m",
        "monitor",
        "run",
        "--source",
        "-",
        "--pcm-rate",
        str(SAMPLE_RATE),
        "--pcm-format",
        "f32le",
    ]
    visitor = Visitor(ports)
    visitor.start()
    with recorded([*listen, *arguments], given, home, subprocess.PIPE) as running:
        payloads = running.end(HEARD.astype("<f4").tobytes())
    visitor.over.set()
    visitor.join(15)
    assert payloads.trace.returncode == 0, payloads.trace.output
    return payloads, visitor


def likeness(payloads: Payloads) -> dict[str, tuple[float, str]]:
    """Return where something like the sound went, and how like it is."""
    long_enough = {to: content for to, content in payloads.sent.items() if len(content) > 1_000}
    found = {to: PIECES.likeness(content) for to, content in long_enough.items()}
    return {to: one for to, one in found.items() if one[0] > LIKE_NOTHING}


def left_behind(home: Path) -> dict[str, tuple[float, str]]:
    """Return the files with something like the sound in them."""
    files = [path for path in home.rglob("*") if path.is_file()]
    found = {path.name: PIECES.likeness(path.read_bytes()) for path in files}
    return {name: one for name, one in found.items() if one[0] > LIKE_NOTHING}


def assert_kept_in_memory(payloads: Payloads) -> None:
    """Hold a run to what no search could see: no call hides bytes, no file but SQLite's index is memory."""
    assert payloads.unseen == []
    shared = {name for name in payloads.mapped if not name.startswith("/memfd:")}
    assert {name for name in shared if not name.endswith(".db-shm")} == set()
    assert not [call for call in payloads.trace.calls if call.startswith("shmget") or "/dev/shm/" in call]  # noqa: S108


def test_a_run_with_everything_on_writes_and_says_nothing_of_the_sound(home: Path, ports: Ports) -> None:
    payloads, visitor = visited(everything(home, ports), environment(home), home, ports)
    assert {"event", "level", "health", "scores"} <= set(visitor.topics)
    assert len(visitor.pages) == 3
    assert visitor.page_lines > 0
    assert likeness(payloads) == {}
    assert left_behind(home) == {}
    assert_kept_in_memory(payloads)
    assert {"history.db", "memory.db", "log.jsonl"} <= {path.name for path in home.rglob("*")}
    assert payloads.trace.foreign == []


def test_with_clips_on_the_sound_is_found_in_them_and_nowhere_else(home: Path, ports: Ports) -> None:
    visited(everything(home, ports, clips=True), environment(home), home, ports)
    clips = {path.name for path in home.rglob("*.flac")}
    assert clips
    assert {name for name in left_behind(home) if left_behind(home)[name][0] > FOUND} == clips


def test_what_a_microphone_hears_goes_from_process_to_process_in_memory_alone(
    home: Path, ports: Ports, vmic: VirtualMicrophones
) -> None:
    given = environment(home, **vmic.environment)
    arguments = ["-m", "monitor", "run", "--mic", "attic", "--duration", "20", *everything(home, ports)]
    vmic.play("attic", np.tile(HEARD, 6))
    with recorded(arguments, given, home) as running:
        payloads = running.end()
    assert payloads.trace.returncode == 0, payloads.trace.output
    captured = max(payloads.inner.values(), key=len)[-(1 << 20) :]
    assert PIECES.likeness(captured)[0] > FOUND  # it was heard
    assert likeness(payloads) == {}
    assert left_behind(home) == {}
    assert payloads.unseen == []
    left = [path for path in Path("/dev/shm").iterdir() if path.name in shared_memory(payloads)]  # noqa: S108
    assert {path.name.partition("-")[0] for path in left} <= {
        "jack_db"
    }  # JACK's library makes it, and no more


def shared_memory(payloads: Payloads) -> set[str]:
    """Return the names of what the family had in the shared memory of the machine."""
    calls = "\n".join(payloads.trace.calls)
    return set(re.findall(r"/dev/shm/([^\">]+)", calls))  # noqa: S108


LEAK = """
import socket, sys, numpy
sound = numpy.frombuffer(sys.stdin.buffer.read(), "<f4")
open("kept", "wb").write((sound * 32767).astype(">i2").tobytes())
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for start in range(0, len(sound), 960):
    out.sendto(b"header" + sound[start : start + 960].tobytes(), ("127.0.0.1", 9))
"""


def test_the_law_notices_a_program_that_keeps_or_says_what_it_hears(home: Path) -> None:
    with recorded(["-c", LEAK], environment(home), home, subprocess.PIPE) as running:
        payloads = running.end(HEARD[: 3 * SAMPLE_RATE].astype("<f4").tobytes())
    assert payloads.trace.returncode == 0, payloads.trace.output
    assert {to.split(":")[0].rpartition("/")[2] for to in likeness(payloads)} == {"UDP", "kept"}
    assert set(left_behind(home)) == {"kept"}
