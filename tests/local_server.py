"""A real server on a port of its own, which can be killed and started again."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Self, TypeVar

PATIENCE_S = 60.0
Found = TypeVar("Found")


def free_port() -> int:
    """Return a port of this computer that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def until(done: Callable[[], Found], meanwhile: Callable[[], object] = lambda: None) -> Found:
    """Wait until `done` returns something, and return it."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not (found := done()):
        assert time.monotonic() < deadline_s, "it never happened"
        meanwhile()
        time.sleep(0.02)
    return found


class LocalServer:
    """A program that serves as the file `settings` says, which whoever makes one writes."""

    program: ClassVar[str]
    scheme: ClassVar[str]
    """Of its address."""
    greeting: ClassVar[bytes] = b""
    """What it says first to whoever connects."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.settings = folder / f"{self.program}-{self.port}.conf"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        program = shutil.which(self.program) or f"/usr/sbin/{self.program}"
        self._process = subprocess.Popen([program, "-c", self.settings], stderr=subprocess.DEVNULL)
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0) as there:
                if there.recv(len(self.greeting)) == self.greeting:
                    return
            assert time.monotonic() < deadline_s, f"{self.program} does not listen"
            assert self._process.poll() is None, f"{self.program} has ended"
            threading.Event().wait(0.02)

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
