"""Ways to tell for tests: one that keeps what it is given, and servers that answer as they are told."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Callable, Iterator

from monitor.sinks.notify.letters import Kind, Letter, Message, NotTold
from monitor.sinks.notify.moments import Moment


class Kept:
    """A `Channel` that keeps letters, and fails as long as `failing` is set."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.tried = 0
        self.failing: NotTold | Exception | None = None
        self.arrived = threading.Condition()
        self.closed = False

    def send(self, letter: Letter) -> None:
        self.tried += 1
        if self.failing is not None:
            raise self.failing
        with self.arrived:
            self.letters.append(letter)
            self.arrived.notify_all()

    def close(self) -> None:
        self.closed = True

    def wait_for(self, count: int) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.letters) >= count, timeout=30.0)


class Hanging(Kept):
    """A `Channel` that never returns, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.go = threading.Event(), threading.Event()

    def send(self, letter: Letter) -> None:
        self.entered.set()
        assert self.go.wait(60.0)
        super().send(letter)


def message(now: Moment, title: str = "dog bark", urgent: bool = False, ids: tuple[str, ...] = ()) -> Message:
    """Return something to tell."""
    kind: Kind = "again" if ids else "event"
    return Message(kind, now.time, title, f"may be a {title}.", '{"topic":"event/"}', urgent=urgent, ids=ids)


LETTER = Letter("event", "dog bark", "may be a dog bark.", b'{"topic":"event/"}\n', False, 1, 0.0)


class Request:
    """What a server was sent."""

    def __init__(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        self.method, self.path = handler.command, handler.path
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.body = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))


class Server:
    """A web server on this machine; `answer` is given each request's handler and says how it ends."""

    def __init__(self, answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> None:
        self.requests: list[Request] = []
        self.arrived = threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _take(self) -> None:
                request = Request(self)
                with outer.arrived:
                    outer.requests.append(request)
                    outer.arrived.notify_all()
                answer(self)

            do_GET = do_POST = do_PUT = _take  # noqa: N815 - as the library wants

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def wait_for(self, count: int) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= count, timeout=30.0)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def with_status(status: int) -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    """Return an answer of that status."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        if 300 <= status < 400:
            handler.send_header("Location", "/elsewhere")
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    return answer


@contextlib.contextmanager
def serving(
    answer: Callable[[http.server.BaseHTTPRequestHandler], None] | None = None,
) -> Iterator[Server]:
    """Run a server; without `answer` it takes everything."""
    server = Server(answer or with_status(200))
    try:
        yield server
    finally:
        server.close()
