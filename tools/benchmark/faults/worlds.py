"""The places where faults happen: each has one monitor, started well, and what is needed to disturb it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from monitor.bus.codec import encode_json
from monitor.storage.level_calibrations import LevelCalibration
from tests import mosquitto
from tests.vmic import SAMPLE_RATE, VirtualMicrophones
from tests.vmic import missing as no_microphones
from tools.benchmark.faults.programs import CLOCK, DRIVER, ENCODER, Switch
from tools.benchmark.faults.runs import Run

CLASSES = ("--classes", "siren,car_horn")
_PLAYED_S = 120


class World:
    """A monitor and where it runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = self.start()

    def start(self) -> Run:
        """Start what there is, the monitor last."""
        return Run(self.folder, ("--source", "demo", *CLASSES))

    def stop_monitor(self) -> None:
        """Let the monitor's process do nothing, and not that of its microphone."""
        os.kill(self.run.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it work again."""
        os.kill(self.run.process.pid, signal.SIGCONT)

    def close(self) -> None:
        """End all of it."""
        self.run.close()


class Microphones(World):
    """Two microphones on a real sound server; the first hears noise, the other nothing."""

    asked = "attic"

    def start(self) -> Run:
        """Start the sound server too."""
        self.start_microphones()
        return Run(self.folder, ("--mic", self.asked, *CLASSES), self.server.environment)

    def start_microphones(self) -> None:
        """Start the sound server."""
        self.server = VirtualMicrophones(self.folder, ("attic", "cellar"))
        self.server.start()
        os.environ.update(self.server.environment)  # what the players need too
        self.server.make_default("attic")
        self.hear()

    def hear(self) -> None:
        """Let the attic hear noise."""
        noise = np.random.default_rng(0).normal(0.0, 0.03, _PLAYED_S * SAMPLE_RATE)
        self.server.play("attic", noise.astype(np.float32))

    def plug(self) -> None:
        """Plug the attic's in again; it hears noise again."""
        self.server.plug("attic")
        self.hear()

    def plug_renumbered(self) -> None:
        """Plug it in again behind another one: it has another index now."""
        self.server.list_as(("new_one", "cellar", "attic"))
        self.plug()

    def kill_server(self) -> None:
        """Kill the sound server and all who play."""
        self.server.stop()

    def start_server(self) -> None:
        """Start it again with both microphones."""
        self.server.start()
        self.hear()

    def kill_capture(self) -> None:
        """Kill the process that hears the microphone."""
        if (pid := self.run.child("monitor.sources.portaudio")) is not None:
            os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """End the sound server too."""
        super().close()
        self.server.stop()
        for name in self.server.environment:
            os.environ.pop(name, None)


class AbsentMicrophone(Microphones):
    """The same, where the attic's is not there yet; it was calibrated before."""

    def start(self) -> Run:
        """Unplug it before the monitor starts."""
        calibrated = LevelCalibration("alsa-attic", "attic", 94.0, 94.0, 0.0, 1000.0, datetime.now(UTC))
        levels = self.folder / "monitor" / "levels"
        levels.mkdir(parents=True)
        (levels / "alsa-attic.json").write_bytes(encode_json(calibrated))
        self.start_microphones()
        self.server.unplug("attic")
        return Run(self.folder, ("--mic", self.asked, *CLASSES), self.server.environment)


class DefaultMicrophone(Microphones):
    """The same, where no microphone was named."""

    asked = "default"


class Switched(World):
    """A world in which one part does what a file says.

    Its microphone is always the stand-in for a driver; the process that hears it is the real one.
    """

    program: tuple[str, ...] = ("-m", "monitor")
    environment: Mapping[str, str] = {}
    arguments: tuple[str, ...] = ()

    def start(self) -> Run:
        """Write the file and the driver first."""
        self.switch = Switch(self.folder / "fault")
        self.switch.set("")
        (self.folder / "sounddevice.py").write_text(DRIVER, "utf-8")
        environment = {
            "FAULT_FILE": str(self.switch.path),
            "PYTHONPATH": f"{self.folder}{os.pathsep}{Path.cwd()}",
        }
        arguments = ("--mic", "fake", *CLASSES, *self.arguments)
        return Run(self.folder, arguments, {**environment, **self.environment}, self.program)


class Driver(Switched):
    """A microphone whose driver goes wrong, or a monitor that gets no time."""

    _starving: threading.Event | None = None

    def starve(self) -> None:
        """Leave the monitor, and not its microphone, three thousandths of a processor."""
        self._starving = threading.Event()
        threading.Thread(target=self._starve, args=(self._starving,), daemon=True).start()

    def feed(self) -> None:
        """Let it work as it likes again."""
        if self._starving is not None:
            self._starving.set()

    def stop_for_a_while(self) -> None:
        """Stop the monitor for six seconds."""
        self.stop_monitor()
        time.sleep(6.0)
        self.go_on()

    def _starve(self, over: threading.Event) -> None:
        while not over.is_set():
            self.stop_monitor()
            over.wait(0.997)
            self.go_on()
            time.sleep(0.003)


class Encoder(Switched):
    """An encoder that goes wrong."""

    program = ("-c", ENCODER)


class Clock(Switched):
    """A computer whose clock is set, or that sleeps."""

    program = ("-c", CLOCK)


class Disk(Switched):
    """A monitor that keeps history and log on a disk of one megabyte; it writes when its hearing changes."""

    options = "size=1m"

    def start(self) -> Run:
        """Mount the disk first."""
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", self.options, "tmpfs", str(self.disk)], check=True)
        self.environment = {"XDG_STATE_HOME": str(self.disk)}
        self.arguments = () if "ro" in self.options else ("--log", str(self.disk / "events.jsonl"))
        return super().start()

    def fill(self) -> None:
        """Leave no room."""
        with contextlib.suppress(OSError), (self.disk / "filler").open("wb", buffering=0) as filler:
            while filler.write(bytes(512)):
                pass
        self.switch.set("silent")

    def empty(self) -> None:
        """Make room again."""
        (self.disk / "filler").unlink()
        self.switch.set("")

    def close(self) -> None:
        """Unmount the disk too."""
        super().close()
        subprocess.run(["umount", "--lazy", str(self.disk)], check=False)


class ReadOnlyDisk(Disk):
    """The same, where nothing can be written from the beginning; without a log, which would be refused."""

    options = "size=1m,ro"

    def writable(self) -> None:
        """Let everything be written; the next change of hearing is."""
        subprocess.run(["mount", "-o", "remount,rw", str(self.disk)], check=True)
        self.switch.set("silent")
        time.sleep(4.0)
        self.switch.set("")


class Broker(World):
    """A monitor that tells an MQTT broker."""

    def start(self) -> Run:
        """Start the broker first."""
        self.broker = mosquitto.Broker(self.folder)
        self.broker.start()
        return Run(self.folder, ("--source", "demo", *CLASSES, "--mqtt", self.broker.url))

    def close(self) -> None:
        """End the broker too."""
        super().close()
        self.broker.kill()


class Interface(World):
    """A monitor with its interface, on a terminal."""

    def start(self) -> Run:
        """Start it with its interface."""
        return Run(self.folder, ("--source", "demo", *CLASSES), terminal=True)

    def kill_interface(self) -> None:
        """Kill the process that draws."""
        if (pid := self.run.child("monitor.tui")) is not None:
            os.kill(pid, signal.SIGKILL)


class Subscribers(World):
    """A monitor to which `monitor listen` and others listen."""

    def start(self) -> Run:
        """Start `monitor listen` too."""
        run = super().start()
        command = [sys.executable, "-m", "monitor", "listen", "--connect", run.endpoint]
        self.listener = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return run

    def stop_listener(self) -> None:
        """Let `monitor listen` read nothing."""
        self.listener.send_signal(signal.SIGSTOP)

    def wake_listener(self) -> None:
        """Let it read on."""
        self.listener.send_signal(signal.SIGCONT)

    def attack(self) -> None:
        """Send what no subscriber sends to where events are published."""
        for data in (
            os.urandom(1 << 16),
            b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
            b"\xff" + bytes(63),
        ):
            with socket.socket(socket.AF_UNIX) as hostile, contextlib.suppress(OSError):
                hostile.connect(str(self.folder / "events"))
                hostile.sendall(data)

    def close(self) -> None:
        """End `monitor listen` too."""
        self.listener.kill()
        self.listener.wait()
        super().close()


def _no_disk() -> str:
    root = os.geteuid() == 0 and sys.platform == "linux" and shutil.which("mount")
    return "" if root else "mounting a small disk needs root"


WORLDS: dict[str, tuple[type[World], Callable[[], str]]] = {
    "microphone": (Microphones, no_microphones),
    "absent microphone": (AbsentMicrophone, no_microphones),
    "default": (DefaultMicrophone, no_microphones),
    "driver": (Driver, str),
    "encoder": (Encoder, str),
    "clock": (Clock, str),
    "disk": (Disk, _no_disk),
    "read-only disk": (ReadOnlyDisk, _no_disk),
    "broker": (Broker, mosquitto.missing),
    "interface": (Interface, str),
    "subscribers": (Subscribers, str),
}
"""Each by its name, with what says why it cannot be had here; empty where it can."""


@contextlib.contextmanager
def opened(name: str) -> Iterator[World]:
    """Make a world, and end it."""
    kind, _ = WORLDS[name]
    folder = Path(tempfile.mkdtemp(prefix="f"))  # short: a socket's path is limited to 107 bytes
    world: World | None = None
    try:
        world = kind(folder)
        yield world
    finally:
        if world is not None:
            world.close()
        shutil.rmtree(folder, ignore_errors=True)
