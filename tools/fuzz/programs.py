"""What other programs send: pages and browsers, and whoever publishes on the broker."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import msgspec

from monitor.bus.codec import check_request, decode_json, encode_json
from monitor.bus.messages import ClassState, Event, Health
from monitor.errors import WireError
from monitor.sinks.mqtt.board import Board
from monitor.sinks.mqtt.commands import Command, request_of
from monitor.sinks.mqtt.node import Node
from monitor.sinks.mqtt.pending import Pending
from monitor.web.addresses import web_address
from monitor.web.app import Served, make_app
from monitor.web.following import Following
from monitor.web.guard import Doorkeeper
from monitor.web.handed import handed_from
from monitor.web.pairing import Pairing
from tools.fuzz.choices import Choices, as_json, plain
from tools.fuzz.target import Broken, Target, only
from tools.fuzz.wire import NOON, rows

HOST = "127.0.0.1:8557"
_PATHS = ("/api/ask", "/api/pair", "/api/session", "/api/history", "/certificate.crt", "/", "/api/live", "/x")
_HEADERS = ("host", "origin", "cookie", "content-length", "range", "if-none-match", "if-modified-since")
_PAIRING = Pairing("12345678", bytes(32))
NODE = Node("monitor", "Käfig", "homeassistant")


def page_app() -> Any:
    """Return the application of the web page; no monitor is shown."""
    address = web_address(HOST)
    doorkeeper = Doorkeeper(address, tls=False, pairing=_PAIRING)
    served = Served(
        following=Following((), "1"),
        doorkeeper=doorkeeper,
        pairing=_PAIRING,
        names=("pi.example.org",),
        version="1",
        authority=None,
        code="1234 5678",
        urls=(f"http://{HOST}/",),
        tell=lambda _: None,
    )
    return make_app(served)


async def asked_of_page(app: Any, scope: dict[str, Any], said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the page's server answers to a request, or to a line that is opened."""
    answers: list[dict[str, Any]] = []
    gone = {"type": "http.disconnect" if scope["type"] == "http" else "websocket.disconnect", "code": 1000}

    async def receive() -> dict[str, Any]:
        return said.pop(0) if said else gone

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    await asyncio.wait_for(app(scope, receive, send), 4.0)
    return answers


def page(data: bytes) -> None:
    """Ask the page's server: a path, a query, headers and a body."""
    choices = Choices(data)
    path = choices.one_of(_PATHS) if choices.byte() < 200 else "/" + choices.text()
    headers = [(b"host", HOST.encode()), (b"origin", f"http://{HOST}".encode())]
    if choices.byte() < 200:
        headers.append((b"cookie", f"monitor={_PAIRING.cookie()}".encode()))
    while choices.byte() > 160:
        value = choices.text().encode("utf-8", "surrogatepass")
        headers.insert(0, (choices.one_of(_HEADERS).encode(), value.replace(b"\r", b"").replace(b"\n", b"")))
    query = f"days={quote(choices.text(), errors='surrogatepass')}" if choices.byte() > 128 else ""
    live = path == "/api/live"
    body = _body(choices)
    scope = {
        "type": "websocket" if live else "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
        "method": choices.one_of(("POST", "GET", "HEAD", "OPTIONS", "DELETE")), "path": path,
        "raw_path": path.encode("utf-8", "surrogatepass"), "query_string": query.encode(), "root_path": "",
        "scheme": "ws" if live else "http", "headers": headers, "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8557), "subprotocols": [],
    }  # fmt: skip
    opening: list[dict[str, Any]] = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "bytes": body},
    ]
    sending = [{"type": "http.request", "body": body, "more_body": False}]
    answers = asyncio.run(asked_of_page(page_app(), scope, opening if live else sending))
    if any(one.get("status", 0) >= 500 for one in answers):
        raise Broken(f"{path!r} is answered with {answers[:1]}")


def _body(choices: Choices) -> bytes:
    if choices.byte() < 160:
        names = ("machine", "request", "class", "value", "source_id", "event_id", "for_s", "code", "x")
        return as_json({choices.one_of(names): choices.anything() for _ in range(choices.byte() % 6)})
    return choices.rest()


def handed(data: bytes) -> None:
    """Read the line that hands a page over."""
    with only():
        handed_from(data)


def health() -> Health:
    """Return the health of a source, as a monitor tells it."""
    classes = [{**plain(ClassState), "class": "siren", "onset_threshold": 0.5}]
    made = {
        **plain(Health),
        "source_id": "mic0",
        "source_name": "USB",
        "classes": classes,
        "calibrated": True,
    }
    return decode_json(as_json(made), Health)


def command(data: bytes) -> None:
    """Do what is published: a topic, a line end, and a payload."""
    topic, _, payload = data.partition(b"\n")
    sent = Command(topic.decode("utf-8", "replace"), payload, retained=False)
    board = Board(NODE, Pending())
    board.take(health(), 0.0)
    board.announce(NOON)
    try:
        asked = request_of(sent, NODE, board.healths)
    except WireError as error:
        board.refuse(sent, str(error))
    else:
        with only(WireError):
            check_request(asked)
        encode_json(asked)
    board.refresh(NOON)


def earlier(data: bytes) -> None:
    """Take note of what somebody left where this node describes itself, and tell records after it."""
    pending = Pending()
    board = Board(NODE, pending)
    board.earlier(data)
    board.take(health(), 0.0)
    choices = Choices(data)
    with only(WireError):
        board.take(decode_json(as_json(choices.record(Event)), Event), 0.0)
    with only(WireError):
        board.take(decode_json(as_json(choices.record(Health)), Health), 0.0)
    board.announce(NOON)
    while pending:
        pending.take()


def _commands() -> list[bytes]:
    base = NODE.base
    told = (("mic0/siren/mute", "ON"), ("mic0/siren/threshold", "0.5"), ("listening", "OFF"))
    plain = [f"{base}/{what}/set\n{text}".encode() for what, text in told]
    return [*plain, f"{NODE.acknowledge}\nPRESS".encode(), f"{base}/mic0/siren/threshold/set\n1e999".encode()]


def _earlier() -> list[bytes]:
    gone = {"cmps": {"gone": {"p": "sensor", "state_topic": f"{NODE.base}/x"}}}
    return [msgspec.json.encode(gone), b'{"cmps": {"\\ud800": {"p": "sensor"}}}', b"[" * 5000]


def _handed() -> list[bytes]:
    address = {"address": ["127.0.0.1", 1], "names": [], "chain": None, "key": None, "authority": None}
    return [msgspec.json.encode({**address, "code": "1", "places": [{"endpoint": "tcp://127.0.0.1:1"}]})]


TARGETS = (
    Target(name="web-page", check=page, seeds=rows()),
    Target(name="web-handed", check=handed, seeds=_handed),
    Target(name="mqtt-command", check=command, seeds=_commands),
    Target(name="mqtt-earlier", check=earlier, seeds=_earlier),
)
