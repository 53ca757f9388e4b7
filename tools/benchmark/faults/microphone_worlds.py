"""Places with microphones on a real sound server."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime

import numpy as np

from monitor.bus.codec import encode_json
from monitor.storage.level_calibrations import LevelCalibration
from tests.vmic import SAMPLE_RATE, VirtualMicrophones
from tools.benchmark.faults.runs import Run
from tools.benchmark.faults.world import CLASSES, World

_PLAYED_S = 120


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
        self.server.list_as(("cellar", "attic"))
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
