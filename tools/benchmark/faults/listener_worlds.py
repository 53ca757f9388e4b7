"""Places where those who are told go wrong: a broker, the interface, subscribers."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys

from tests import mosquitto
from tools.benchmark.faults.runs import Run
from tools.benchmark.faults.world import CLASSES, World


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
