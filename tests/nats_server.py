"""A real NATS server with JetStream that can be killed and started again; what it keeps is on the disk."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.local_server import PATIENCE_S, LocalServer


def missing() -> str:
    """Say why there can be no server here; empty where there can."""
    if shutil.which("nats-server") is None:
        return "needs nats-server (apt-get install nats-server)"
    try:
        import nats  # noqa: F401
    except ImportError:
        return "needs nats-py (the extra `fleet`)"
    return ""


class NatsServer(LocalServer):
    """nats-server; what it keeps stays on the disk when it is killed."""

    program = "nats-server"
    scheme = "nats"
    greeting = b"INFO"

    def __init__(self, folder: Path, *settings: str, jetstream: bool = True) -> None:
        super().__init__(folder)
        store = [f'jetstream {{ store_dir: "{folder}/nats-{self.port}" }}'] if jetstream else []
        self.settings.write_text("\n".join([f"listen: 127.0.0.1:{self.port}", *store, *settings, ""]))

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

    def flood(self, subject: str, payload: str, times: int) -> None:
        """Publish the same again and again, and wait until the server has the last."""

        async def publish() -> None:
            import nats

            client = await nats.connect(self.url)
            for _ in range(times):
                await client.publish(subject, payload.encode())
            await client.drain()

        asyncio.run(publish())

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
