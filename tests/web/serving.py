"""A page that is really served, for a monitor that is reduced to its publisher; and how a browser asks."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Sequence
from typing import Any

from websockets.sync.client import ClientConnection, connect

from monitor.web.asking import Place
from monitor.web.opening import Opened, WebOptions, open_web
from monitor.web.serving import PageServer
from tests.tui.live_monitor import Monitor

PATIENCE_S = 15.0


def place_of(monitor: Monitor) -> Place:
    return Place(monitor.publisher.endpoint, monitor.publisher.control_endpoint)


class Serving:
    """Serves a page on a free port until it is closed; `told` is what the terminal would show."""

    def __init__(self, places: Sequence[Place], address: str = "127.0.0.1:0") -> None:
        self.told: list[str] = []
        self.opened: Opened = open_web(WebOptions(address=address, names=("pi.example.org",)))
        self._server = PageServer(self.opened, places, self.told.append)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()

    @property
    def port(self) -> int:
        return self.opened.address.port

    @property
    def url(self) -> str:
        return self.opened.urls[0]

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def doing(self, what: str) -> None:
        self._server.doing(what)

    def close(self) -> None:
        """End it; may be called twice."""
        self._server.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        self.opened.socket.close()

    def ask(
        self, path: str, body: dict[str, Any] | str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask as a page of this server would, except for `headers`; an empty one is left out."""
        connection: http.client.HTTPConnection
        if self.opened.certificate is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        else:
            trust = ssl.create_default_context(cafile=str(self.opened.certificate.authority))
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=PATIENCE_S, context=trust
            )
        scheme = "http" if self.opened.certificate is None else "https"
        sent = {"Host": self.host, "Origin": f"{scheme}://{self.host}"} | headers
        payload = body if isinstance(body, str) or body is None else json.dumps(body)
        try:
            kept = {name: value for name, value in sent.items() if value}
            connection.request("GET" if body is None else "POST", path, payload, kept)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def look_on(self, **options: Any) -> ClientConnection:
        """Open the line on which the page is told what is."""
        return connect(f"ws://{self.host}/api/live", **({"origin": f"http://{self.host}"} | options))


class Onlooker:
    """What a page is told, message after message."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._waiting: list[dict[str, Any]] = []

    def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return the next message of a kind that has these fields, perhaps within its record."""
        while True:
            while self._waiting:
                message = self._waiting.pop(0)
                inner = message.get(kind, message)
                if message["kind"] == kind and all(
                    inner.get(name) == value for name, value in fields.items()
                ):
                    return message
            self._waiting = json.loads(self._line.recv(PATIENCE_S))
