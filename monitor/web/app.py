"""The page's server: files of the page for everybody, all else for whoever the doorkeeper admits."""

from __future__ import annotations

import asyncio
import contextlib
import math
import mimetypes
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request as WebRequest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from monitor.bus.codec import decode_with
from monitor.errors import MonitorError, WireError
from monitor.web.asking import MOST_LEN, pass_on
from monitor.web.following import Following
from monitor.web.guard import Doorkeeper, Guard, is_own_page
from monitor.web.page_messages import Answer, PageRequest, PairRequest, Session
from monitor.web.pairing import Pairing
from monitor.web.past import heard

Asked = TypeVar("Asked", bound=msgspec.Struct)
PAGE = Path(__file__).parent / "page"
_ASKS = msgspec.json.Decoder(PageRequest)
_PAIRS = msgspec.json.Decoder(PairRequest)
_DAYS = 30.0
_TOO_MANY, _TOO_SLOW = 4429, 4408
"""Close codes of this page's own. Who is not admitted never gets so far: the handshake is refused."""
_REMIND_S = 30.0
"""Shortest time between two reminders of the pairing code, which may have left the terminal."""
_MOST_ASKING = 8
"""Requests of pages that wait for a monitor's answer at a time."""


class Served(msgspec.Struct, frozen=True):
    """What the page's server is made of."""

    following: Following
    doorkeeper: Doorkeeper
    pairing: Pairing
    names: tuple[str, ...]
    """By which browsers may call this computer, beside numbers."""
    version: str
    authority: Path | None
    """The certificate that a phone has to trust; None: there is none to install."""
    code: str
    """As it is shown to people."""
    urls: tuple[str, ...]
    """How browsers reach it."""
    tell: Callable[[str], None]
    """Says something to whoever sees the terminal; from the event loop's thread, returns at once."""


class Endpoints:
    """What answers under `/api/`."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._asking = asyncio.Semaphore(_MOST_ASKING)
        self._asked_s = -_REMIND_S

    async def session(self, request: WebRequest) -> Response:
        """Say whether this browser is admitted."""
        served = self._served
        allowed = served.doorkeeper.admits(request)
        now_s = time.monotonic()
        if not allowed and now_s - self._asked_s >= _REMIND_S:
            self._asked_s = now_s
            address = request.client.host if request.client else "another computer"
            served.tell(
                f"A browser at {address} asks for the pairing code, which is {served.code}. "
                f"The web page is at {' or '.join(served.urls)}."
            )
        return _json(Session(allowed, served.version if allowed else "", served.authority is not None))

    async def pair(self, request: WebRequest) -> Response:
        """Take a code that somebody typed."""
        asked = await _body(request, _PAIRS)
        if isinstance(asked, Response):
            return asked
        address = request.client.host if request.client else ""
        match self._served.pairing.attempt(asked.code, address):
            case "paired":
                self._served.tell(f"The web page was paired with a browser at {address}.")
                return _json(Answer(ok=True), headers={"Set-Cookie": self._served.doorkeeper.cookie_header()})
            case "wrong":
                self._served.tell(f"A wrong pairing code was typed at {address}.")
                return _refused("That is not the code that the terminal shows.", 403)
        return _refused("Too many wrong codes; wait for a minute.", 429)

    async def ask(self, request: WebRequest) -> Response:
        """Pass on what the user wants."""
        if not self._served.doorkeeper.admits(request):
            return _refused("This browser is not paired.", 401)
        asked = await _body(request, _ASKS)
        if isinstance(asked, Response):
            return asked
        following = self._served.following
        if not 0 <= asked.machine < len(following.places):
            valid = f"valid: 0 to {len(following.places) - 1}"
            return _refused(f"There is no monitor {asked.machine}; {valid}.", 409)
        place, alive = following.places[asked.machine], following.is_alive(asked.machine)
        async with self._asking:
            outcome = await asyncio.to_thread(pass_on, asked, place, alive=alive)
        if outcome.error is not None:
            return _refused(outcome.error, 409)
        following.take(asked.machine, outcome.events)
        return _json(Answer(ok=True))

    async def history(self, request: WebRequest) -> Response:
        """Return what was heard in the last days."""
        if not self._served.doorkeeper.admits(request):
            return _refused("This browser is not paired.", 401)
        try:
            days = float(request.query_params.get("days", _DAYS))
            there = self._served.following.alive_places
            found = await asyncio.to_thread(heard, days if math.isfinite(days) else _DAYS, there)
        except ValueError:
            return _refused("days is no number; write days=30.", 400)
        except MonitorError as error:
            return _refused(str(error), 500)
        return _json(found)

    async def certificate(self, _: WebRequest) -> Response:
        """Return the certificate that a phone has to trust; it is no secret."""
        authority = self._served.authority
        if authority is None:
            return PlainTextResponse("There is none to install.\n", 404)
        content = await asyncio.to_thread(authority.read_bytes)
        headers = {"Content-Disposition": 'attachment; filename="monitor.crt"'}
        return Response(content, media_type="application/x-x509-ca-cert", headers=headers)

    async def live(self, socket: WebSocket) -> None:
        """Tell a browser what is, and then what changes, until it leaves."""
        following = self._served.following
        if not is_own_page(socket) or not self._served.doorkeeper.admits(socket):
            await socket.close()
            return
        await socket.accept()
        if following.clients.full:
            await socket.close(_TOO_MANY, "Too many pages look on; close one.")
            return
        client = following.clients.join(following.whole)
        leaving = asyncio.create_task(_left(socket))
        try:
            while not leaving.done():
                taking = asyncio.create_task(client.taken())
                await asyncio.wait({taking, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if not taking.done():
                    taking.cancel()
                    return
                if not (text := taking.result()):
                    await socket.close(_TOO_SLOW, "This page was too slow.")
                    return
                await socket.send_text(text)
                await following.gathered()
        except (WebSocketDisconnect, RuntimeError):
            return  # it went while something was sent
        finally:
            leaving.cancel()
            following.clients.leave(client)


def make_app(served: Served) -> Starlette:
    """Return the application."""
    mimetypes.add_type("application/manifest+json", ".webmanifest")
    mimetypes.add_type("text/javascript", ".js")
    answering = Endpoints(served)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with served.following.running():
            yield

    return Starlette(
        routes=[
            Route("/api/session", answering.session),
            Route("/api/history", answering.history),
            Route("/api/pair", answering.pair, methods=["POST"]),
            Route("/api/ask", answering.ask, methods=["POST"]),
            Route("/certificate.crt", answering.certificate),
            WebSocketRoute("/api/live", answering.live),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ],
        middleware=[Middleware(Guard, names=served.names)],
        lifespan=lifespan,
    )


async def _left(socket: WebSocket) -> None:
    """Return once a browser has left; it has nothing to say here, and what it says is not listened to."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass


async def _body(request: WebRequest, decoder: msgspec.json.Decoder[Asked]) -> Response | Asked:
    """Return what a page of ours asks, or why that is refused."""
    if not is_own_page(request):
        return _refused("Only this very page may ask.", 403)
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > MOST_LEN:
            return _refused(f"A request has at most {MOST_LEN} bytes.", 413)
    try:
        return decode_with(decoder, content)
    except WireError as error:
        return _refused(f"Not a request: {str(error).partition(': ')[2]}", 400)


def _refused(sentence: str, status: int) -> Response:
    return _json(Answer(ok=False, error=sentence), status)


def _json(record: msgspec.Struct, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    no_store = {"Cache-Control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(record), status, no_store, "application/json")
