"""Places where one part is stood in for by a program that goes wrong when a file says so, or lacks a disk."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from tools.benchmark.faults.programs import CLOCK, DRIVER, ENCODER, Switch
from tools.benchmark.faults.runs import Run
from tools.benchmark.faults.world import CLASSES, World
from tools.benchmark.process_figures import cpu_s

_GIVEN_S, _GIVEN_WITHIN_S = 0.02, 0.3
"""Of a processor's time, what a starved monitor gets each second, and how long it may take to use it: longer
than `_GIVEN_S` where other programs are busy too, or it would get nothing at all."""


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
        """Leave the monitor, and not its microphone, two hundredths of a processor."""
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
            over.wait(0.98)
            pid = self.run.process.pid
            enough_s = cpu_s(pid) + _GIVEN_S
            self.go_on()
            ends_s = time.monotonic() + _GIVEN_WITHIN_S
            while cpu_s(pid) < enough_s and time.monotonic() < ends_s:
                time.sleep(0.01)


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
