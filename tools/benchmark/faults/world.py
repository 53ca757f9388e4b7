"""A monitor and where it runs: what the places where faults happen have in common."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tools.benchmark.faults.runs import Run

CLASSES = ("--classes", "siren,car_horn")


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
