"""Serves an opened page until it is asked to end. The only file that knows uvicorn.

Connections beyond `MOST_CONNECTIONS` are refused by HTTP 503; what a browser says on its open line is limited
to `_MOST_SAID_LEN` bytes, for it has nothing to say there.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata

import uvicorn
from websockets.protocol import State

from monitor.web.app import Served, make_app
from monitor.web.asking import Place
from monitor.web.following import Following
from monitor.web.guard import Doorkeeper
from monitor.web.opening import Opened, web_folder
from monitor.web.pairing import Pairing, kept_key

MOST_CONNECTIONS = 200
_MOST_SAID_LEN = 1024
_PING_S = 10.0
_END_S = 1
"""Seconds for browsers to say goodbye."""


class _Server(uvicorn.Server):
    """Leaves signals to this program, and ends also while a browser is leaving."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End; uvicorn would ask a line to close that is closing already, and fail on it."""
        connections = self.server_state.connections
        leaving = {one for one in connections if _is_closing(one)}
        connections -= leaving
        for one in leaving:
            one.transport.abort()
        await super().shutdown(sockets)


def _is_closing(connection: object) -> bool:
    state = getattr(getattr(connection, "conn", None), "state", None)
    return state is State.CLOSING or state is State.CLOSED


class PageServer:
    """Serves `opened`, which shows the monitors at `places`.

    Parameters
    ----------
    tell
        Says something to whoever sees the terminal; called from the serving thread.
    """

    def __init__(self, opened: Opened, places: Sequence[Place], tell: Callable[[str], None]) -> None:
        folder = web_folder()
        tls = opened.certificate is not None
        pairing = Pairing(opened.code, kept_key(folder and folder / "key"))
        self._opened = opened
        version = metadata.version("sound-monitor")
        self._following = Following(places, version)
        served = Served(
            following=self._following,
            doorkeeper=Doorkeeper(opened.address, tls=tls, pairing=pairing),
            pairing=pairing,
            names=opened.names,
            version=version,
            authority=opened.certificate.authority if opened.certificate else None,
            code=opened.shown_code,
            urls=tuple(opened.urls),
            tell=tell,
        )
        self._server = _Server(_config(served, opened))
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self) -> None:
        """Serve until `stop`, or until a signal asks to end where this is the main thread."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._loop.add_signal_handler(number, self.stop)
        await self._server.serve(sockets=[self._opened.socket])

    def stop(self) -> None:
        """Ask it to end; for any thread."""
        self._server.should_exit = True

    def doing(self, what: str) -> None:
        """Show what the monitor does before it is one; for any thread, once it is served."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._following.doing, what)


def _config(served: Served, opened: Opened) -> uvicorn.Config:
    certificate = opened.certificate
    return uvicorn.Config(
        make_app(served),
        loop="asyncio",
        http="h11",
        ws="websockets-sansio",
        ws_max_size=_MOST_SAID_LEN,
        ws_ping_interval=_PING_S,
        ws_ping_timeout=_PING_S,
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=_END_S,
        ssl_certfile=None if certificate is None else certificate.chain,
        ssl_keyfile=None if certificate is None else certificate.key,
    )
