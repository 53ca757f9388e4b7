"""A way to tell: an address of the web, called with the event as JSON, directly and by no proxy."""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import threading
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

from monitor.errors import ConfigError
from monitor.sinks.notify.letters import Letter, NotTold
from monitor.sinks.notify.secrets import Secret

_BUSY = {408, 425, 429}
"""Answers that mean: later."""
_MOST_BYTES = 65_536


class Webhook:
    """Calls an address for each message; a `Channel`.

    With `post` the body is one JSON object; the headers `Monitor-Kind`, `Monitor-Times`, `Monitor-Late-S` and
    `Monitor-Text` (percent-encoded UTF-8) say the rest. An answer of 200 to 299 means that it is told. It is
    not sent on to another address.

    Raises
    ------
    ConfigError
        Not an address of the web.
    """

    def __init__(self, secret: Secret, method: Literal["post", "get"], timeout_s: float, where: str) -> None:
        try:
            parts = urlsplit(secret.address)
            self._host, self._port = parts.hostname or "", parts.port
            self._host.encode("idna" if not self._host.isascii() else "ascii")
        except ValueError:  # UnicodeError is one
            raise ConfigError(f"The address of {where} is none (it is not shown here); correct it.") from None
        self._connection = (
            http.client.HTTPSConnection if parts.scheme.lower() == "https" else http.client.HTTPConnection
        )
        self._target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        if parts.query:
            self._target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
        self._headers = {"User-Agent": "monitor"}
        if parts.username is not None:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        self._method, self._timeout_s, self._secret = method, timeout_s, secret

    def send(self, letter: Letter) -> None:
        """Call the address.

        Raises
        ------
        NotTold
            Nobody answers within the time, or the answer is no.
        """
        connection = self._connection(self._host, self._port, timeout=self._timeout_s)
        late = threading.Event()
        watch = threading.Timer(self._timeout_s, _hang_up, (connection, late))
        watch.daemon = True
        watch.start()
        try:
            status = self._call(connection, letter)
        except (OSError, http.client.HTTPException) as error:
            if late.is_set() or isinstance(error, TimeoutError):
                raise NotTold(f"no answer within {self._timeout_s:g} s") from None
            raise NotTold(self._secret.hide(_why(error))) from None
        finally:
            watch.cancel()
            connection.close()
        if late.is_set():  # what looks like an answer may have ended when the connection did
            raise NotTold(f"no answer within {self._timeout_s:g} s")
        if not 200 <= status < 300:
            raise NotTold(f"the answer was {status} {_phrase(status)}".rstrip(), refused=_means_no(status))

    def close(self) -> None:
        """Do nothing: no connection is kept."""

    def _call(self, connection: http.client.HTTPConnection, letter: Letter) -> int:
        if self._method == "get":
            connection.request("GET", self._target, headers=self._headers)
        else:
            more = {
                "Content-Type": "application/json",
                "Monitor-Kind": letter.kind,
                "Monitor-Times": str(letter.times),
                "Monitor-Late-S": f"{letter.late_s:.1f}",
                "Monitor-Text": quote(letter.text),
            }
            connection.request("POST", self._target, letter.payload, {**self._headers, **more})
        answer = connection.getresponse()
        answer.read(_MOST_BYTES)
        return answer.status


def _hang_up(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    """End a call whose other side sends now and then a little, and never all."""
    late.set()
    with contextlib.suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def _why(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{text}" if isinstance(error, OSError) else f"not an answer of the web ({type(error).__name__})"


def _phrase(status: int) -> str:
    return http.client.responses.get(status, "")


def _means_no(status: int) -> bool:
    return 300 <= status < 500 and status not in _BUSY
