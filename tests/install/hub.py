"""A hub of models on this machine that stalls, truncates and lies, one request after another as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hub:
    """What the server has, what it was asked, and how it is to answer the next requests."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    """By path, which begins with a slash."""
    script: list[Answer] = field(default_factory=list)
    """Answers to the next requests; honest when there is none left."""
    always: Answer | None = None
    """Answer to all requests after those of the script."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Path and `Range` of each."""
    reached: threading.Event = field(default_factory=threading.Event)
    """Set when a stalling answer has sent all it will send."""
    released: threading.Event = field(default_factory=threading.Event)
    """Set when the test is over: who stalls may leave."""

    @property
    def ranges(self) -> list[str]:
        return [asked for _, asked in self.requests]


class Request(BaseHTTPRequestHandler):
    """One request, as an answer sees it."""

    hub: Hub

    def do_GET(self) -> None:
        self.hub.requests.append((self.path, self.headers.get("Range", "")))
        answer = self.hub.script.pop(0) if self.hub.script else self.hub.always or honest
        answer(self)

    @property
    def content(self) -> bytes | None:
        return self.hub.files.get(self.path)

    @property
    def offset(self) -> int:
        """First byte that is asked for."""
        return int(self.headers.get("Range", "bytes=0-")[6:-1])

    def head(self, status: int, **headers: object) -> None:
        """Send the first lines; `content_length=3` becomes `Content-Length: 3`."""
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name.replace("_", "-").title(), str(text))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the library
        """Keep quiet."""


Answer = Callable[[Request], None]


def honest(request: Request, length: int | None = None) -> None:
    """Send what is asked for; of the promised bytes only `length`."""
    content, offset = request.content, request.offset
    if content is None:
        request.head(404, content_length=0)
        return
    if offset:
        whole = f"bytes {offset}-{len(content) - 1}/{len(content)}"
        request.head(206, content_length=len(content) - offset, content_range=whole)
    else:
        request.head(200, content_length=len(content))
    request.wfile.write(content[offset:][:length])


def closes_after(length: int) -> Answer:
    return lambda request: honest(request, length)


def stalls_after(length: int) -> Answer:
    def answer(request: Request) -> None:
        honest(request, length)
        request.wfile.flush()
        request.hub.reached.set()
        request.hub.released.wait(30)

    return answer


def drips(request: Request) -> None:
    """Send a byte now and then, without end."""
    content = request.content or b""
    request.head(200, content_length=len(content))
    for number in range(len(content)):
        request.wfile.write(content[number : number + 1])
        if request.hub.released.wait(0.02):
            return


def never_answers(request: Request) -> None:
    request.hub.released.wait(30)


def ignores_range(request: Request) -> None:
    content = request.content or b""
    request.head(200, content_length=len(content))
    request.wfile.write(content)


def begins_elsewhere(request: Request) -> None:
    content = request.content or b""
    first = request.offset + 1
    request.head(206, content_range=f"bytes {first}-{len(content) - 1}/{len(content)}")
    request.wfile.write(content[first:])


def status(code: int, **headers: object) -> Answer:
    return lambda request: request.head(code, content_length=0, **headers)


def sends(content: bytes, **headers: object) -> Answer:
    """Send this instead; without a `content_length` nothing is promised."""

    def answer(request: Request) -> None:
        request.head(200, **headers)
        request.wfile.write(content)

    return answer


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Think nothing of clients that went away."""


@contextmanager
def running_hub() -> Iterator[Hub]:
    hub = Hub()
    server = _Server(("127.0.0.1", 0), type("HubRequest", (Request,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        hub.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
