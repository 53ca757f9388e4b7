"""A real NATS server with JetStream that can be killed and started again; what it keeps is on the disk."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tests.mosquitto import PATIENCE_S, free_port


def missing() -> str:
    """Say why there can be no server here; empty where there can."""
    if shutil.which("nats-server") is None:
        return "needs nats-server (apt-get install nats-server)"
    try:
        import nats  # noqa: F401
    except ImportError:
        return "needs nats-py (the extra `fleet`)"
    return ""


class NatsServer:
    """nats-server on a port of its own."""

    def __init__(self, folder: Path, *settings: str, jetstream: bool = True) -> None:
        self.port = free_port()
        self._settings = folder / f"nats-{self.port}.conf"
        store = [f'jetstream {{ store_dir: "{folder}/nats-{self.port}" }}'] if jetstream else []
        self._settings.write_text("\n".join([f"listen: 127.0.0.1:{self.port}", *store, *settings, ""]))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it listens."""
        program = shutil.which("nats-server") or "nats-server"
        self._process = subprocess.Popen([program, "-c", str(self._settings)], stderr=subprocess.DEVNULL)
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0) as there:
                there.settimeout(1.0)
                if there.recv(4) == b"INFO":
                    return
            assert time.monotonic() < deadline_s, "nats-server does not listen"
            assert self._process.poll() is None, "nats-server has ended"
            threading.Event().wait(0.02)

    def kill(self) -> None:
        """End it as a power cut does; what it keeps stays on the disk."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def kept(self, stream: str) -> list[dict[str, Any]]:
        """Return all that a stream keeps, as JSON, in order."""
        return asyncio.run(self._kept(stream))

    def until(self, stream: str, done: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Wait until what a stream keeps makes `done` true, and return it."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not done(found := self.kept(stream)):
            assert time.monotonic() < deadline_s, found[-3:]
            threading.Event().wait(0.1)
        return found

    async def _kept(self, stream: str) -> list[dict[str, Any]]:
        import nats
        import nats.js.errors

        client = await nats.connect(self.url)
        try:
            manager = client.jetstream()
            state = (await manager.stream_info(stream)).state
            found = []
            for number in range(max(1, state.first_seq), state.last_seq + 1):
                with suppress(nats.js.errors.NotFoundError):
                    found.append(json.loads((await manager.get_msg(stream, number)).data or b""))
            return found
        except nats.js.errors.NotFoundError:
            return []
        finally:
            await client.close()
