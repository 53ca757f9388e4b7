from __future__ import annotations

import http.server
import socket
import threading

import pytest

from monitor.errors import ConfigError
from monitor.sinks.notify.letters import Letter, NotTold
from monitor.sinks.notify.secrets import Secret
from monitor.sinks.notify.webhook import Webhook
from tests.local_server import free_port
from tests.sinks.notify.channels import LETTER, serving, with_status


def webhook(address: str, method: str = "post", timeout_s: float = 30.0) -> Webhook:
    return Webhook(Secret(address), method, timeout_s, "Target plug")  # type: ignore[arg-type]


def test_the_event_is_sent_as_json_and_the_rest_in_headers() -> None:
    with serving() as server:
        letter = Letter("more", "t", "Türklingel, 14 more", b'{"a":1}\n', False, 14, 3.25)
        webhook(f"http://me:pa%20ss@127.0.0.1:{server.port}/hook/ö?x=1 2").send(letter)
    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("POST", "/hook/%C3%B6?x=1%202", b'{"a":1}\n')
    expected = {
        "content-type": "application/json", "monitor-kind": "more", "monitor-times": "14",
        "monitor-late-s": "3.2", "monitor-text": "T%C3%BCrklingel%2C%2014%20more",
        "authorization": "Basic bWU6cGEgc3M=",
    }  # fmt: skip
    assert {name: request.headers[name] for name in expected} == expected


def test_a_plug_is_called_by_its_address_alone() -> None:
    with serving() as server:
        webhook(f"http://127.0.0.1:{server.port}/relay/0?turn=on&timer=10", "get").send(LETTER)
    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("GET", "/relay/0?turn=on&timer=10", b"")


@pytest.mark.parametrize(
    ("status", "refused"), [(400, True), (404, True), (301, True), (429, False), (500, False), (503, False)]
)
def test_any_other_answer_than_yes_is_said_and_not_followed(status: int, refused: bool) -> None:
    with serving(with_status(status)) as server:
        with pytest.raises(NotTold, match=f"the answer was {status} ") as caught:
            webhook(f"http://127.0.0.1:{server.port}/").send(LETTER)
        assert caught.value.refused is refused
        assert len(server.requests) == 1


def test_nobody_there_is_said_and_may_be_tried_for_hours() -> None:
    with pytest.raises(NotTold, match="Connection refused") as caught:
        webhook(f"http://127.0.0.1:{free_port()}/").send(LETTER)
    assert not caught.value.refused


def test_a_server_that_never_answers_is_given_up() -> None:
    given_up = pytest.raises(NotTold, match=r"no answer within 0\.5 s")
    with socket.create_server(("127.0.0.1", 0)) as silent, given_up:
        webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout_s=0.5).send(LETTER)


def test_a_server_that_answers_in_crumbs_for_ever_is_given_up() -> None:
    done = threading.Event()

    def crumbs(handler: http.server.BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            while not done.wait(0.02):
                handler.wfile.write(b"x")
        except OSError:
            pass

    with serving(crumbs) as server:
        with pytest.raises(NotTold, match=r"no answer within 0\.5 s"):
            webhook(f"http://127.0.0.1:{server.port}/", timeout_s=0.5).send(LETTER)
        done.set()


def test_what_is_no_answer_of_the_web_is_said() -> None:
    def nonsense(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"220 mail.example ESMTP\r\n")

    with serving(nonsense) as server, pytest.raises(NotTold, match="not an answer of the web"):
        webhook(f"http://127.0.0.1:{server.port}/").send(LETTER)


@pytest.mark.parametrize("address", ["http://[::1", "http://x:99999/", "http://x:port/"])
def test_an_address_that_cannot_be_one_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(ConfigError, match="Target plug") as caught:
        webhook(address)
    assert address not in str(caught.value)
