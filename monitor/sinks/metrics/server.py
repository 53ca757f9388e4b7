"""`[metrics] bind`: what a run counts, for Prometheus, at ``http://ADDRESS:PORT/metrics``.

Only programs of this computer can ask: a web page that had its own name lead here (DNS rebinding) is refused.
"""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable
from typing import Any

from monitor.bus.addresses import is_loopback
from monitor.config.settings import Config
from monitor.errors import ConfigError
from monitor.extras import install
from monitor.sinks.metrics.figures import Figures

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:]+\]|[0-9.]+|localhost):(?P<port>[0-9]{1,5})")


class MetricsSink(Figures):
    """A `Sink` that answers Prometheus; each question is answered by a thread of its own.

    Parameters
    ----------
    host
        Of this machine only.
    port
        0: a free one.

    Raises
    ------
    ConfigError
        `prometheus_client` is not installed, or the address is taken.
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        try:
            from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
            from prometheus_client.exposition import ThreadingWSGIServer
        except ImportError:
            raise ConfigError(
                "Metrics need prometheus_client; leave out [metrics] bind, or install it with: "
                + install(extra="metrics")
            ) from None
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        ProcessCollector(registry=registry)
        try:
            self._server = _server(ThreadingWSGIServer, host, port)
        except OSError as error:
            raise ConfigError(
                f"Metrics cannot be served at {host}:{port}: {error.strerror}; choose another [metrics] bind."
            ) from None
        self._server.set_app(_for_this_machine(make_wsgi_app(registry)))
        self.port: int = self._server.server_address[1]
        """Where it is asked."""
        self._thread: threading.Thread | None = threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Answer no more; may be called twice."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


def open_metrics(config: Config, _: object) -> MetricsSink | None:
    """Answer Prometheus where the configuration says at which address.

    Raises
    ------
    ConfigError
        It is not one of this machine, is taken, or `prometheus_client` is not installed.
    """
    return MetricsSink(*metrics_address(config.metrics.bind)) if config.metrics.bind else None


def metrics_address(text: str) -> tuple[str, int]:
    """Return host and port of `text`.

    Raises
    ------
    ConfigError
        It is no address, or other machines could reach it.
    """
    match = _ADDRESS.fullmatch(text)
    host = "" if match is None else match["host"].replace("localhost", "127.0.0.1")
    if match is None or not is_loopback(host) or int(match["port"]) > 65535:
        raise ConfigError(
            f"[metrics] bind = {text!r}: valid is 127.0.0.1:PORT or [::1]:PORT, of this machine only; "
            "let a Prometheus elsewhere in through an SSH tunnel or a web server with a password."
        )
    return host.strip("[]"), int(match["port"])


def _server(kind: Any, host: str, port: int) -> Any:
    """Return a server of `kind` at an address of this machine, which says nothing on the terminal."""
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):
        timeout = 10
        """Seconds after which somebody who asks nothing is hung up on."""

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base class has it
            pass

    class Server(kind):  # type: ignore[misc]
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        daemon_threads = True

        def server_bind(self) -> None:  # the base class would ask for this machine's name on the network
            socketserver.TCPServer.server_bind(self)
            self.server_name, self.server_port = host, self.server_address[1]
            self.setup_environ()

    return make_server(host, port, _nothing, Server, Handler)


def _nothing(_: dict[str, Any], __: Callable[..., Any]) -> Iterable[bytes]:
    return []


def _for_this_machine(app: WsgiApp) -> WsgiApp:
    """Refuse requests that name another host: a web page whose name was made to lead here (DNS rebinding)."""

    def checked(environ: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        host = re.sub(r":[0-9]*$", "", environ.get("HTTP_HOST", ""))
        if host != "localhost" and not is_loopback(host):
            respond("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"Only this machine may ask.\n"]
        return app(environ, respond)

    return checked
