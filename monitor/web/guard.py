"""What stands before every request: which name it calls, where it comes from, what its answer may do.

Nothing is answered that calls this computer by a name that is not its own, nothing is changed for a page of
another origin, and no other origin may read an answer (there is no CORS). The page itself may load only what
this server has: no inline script or style, no other host.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.web.addresses import WebAddress, is_own_host
from monitor.web.local_peer import is_same_user
from monitor.web.pairing import LASTS_S, Pairing

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types own",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-cache",
}
_COOKIE = "monitor"
_COOKIE_TLS = "__Host-monitor"
"""Browsers take a cookie of such a name from the very host only, and only over TLS."""


class Guard:
    """Refuses requests under a foreign name, and says what browsers may do with answers."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
        elif not is_own_host(Headers(scope=scope).get("host", ""), self._names):
            refusal = PlainTextResponse("This computer has no such name; use its address.\n", 421, HEADERS)
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send))


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


def is_own_page(connection: HTTPConnection) -> bool:
    """Tell whether a request comes from a page of this very server: browsers say so for whatever changes."""
    secure = connection.url.scheme in {"https", "wss"}
    own = f"{'https' if secure else 'http'}://{connection.headers.get('host', '')}"
    return connection.headers.get("origin", "").lower() == own.lower()


class Doorkeeper:
    """Knows who may see and change things.

    Within this computer: programs of the same user, as the kernel knows them. From elsewhere, and where the
    kernel does not say: browsers that were paired.

    Parameters
    ----------
    address
        Where the page is served.
    tls
        Whether it is encrypted.
    """

    def __init__(self, address: WebAddress, *, tls: bool, pairing: Pairing) -> None:
        self._local = address.is_loopback
        self._tls = tls
        self._pairing = pairing

    @property
    def _cookie(self) -> str:
        return _COOKIE_TLS if self._tls else _COOKIE

    def admits(self, connection: HTTPConnection) -> bool:
        """Tell whether whoever asks may see and change things."""
        if self._pairing.holds(connection.cookies.get(self._cookie, "")):
            return True
        client, server = connection.scope.get("client"), connection.scope.get("server")
        if not self._local or client is None or server is None:
            return False
        return is_same_user((client[0], client[1]), (server[0], server[1]))

    def cookie_header(self) -> str:
        """Return what makes a browser remember that it was paired."""
        parts = [f"{self._cookie}={self._pairing.cookie()}", "Path=/", f"Max-Age={LASTS_S}", "HttpOnly"]
        return "; ".join([*parts, "SameSite=Strict", *(["Secure"] if self._tls else [])])
