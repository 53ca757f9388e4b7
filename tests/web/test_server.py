"""The page's server as browsers, other programs and pages of others meet it: over real sockets."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from monitor.bus.messages import Request
from monitor.storage.history import HistoryWriter, history_file
from monitor.web.asking import Place
from monitor.web.clients import MOST_CLIENTS
from tests.tui.fakes import event, health
from tests.tui.live_monitor import Monitor

from .serving import Onlooker, Serving, place_of

HOSTILE = '<img src=x onerror=alert(1)>"; \u202e&lt;'


@pytest.fixture(scope="module")
def shared_monitor() -> Iterator[Monitor]:
    monitor = Monitor()
    yield monitor
    monitor.close()


@pytest.fixture(scope="module")
def shared(shared_monitor: Monitor) -> Iterator[Serving]:
    """One page for all tests that leave it as it was."""
    serving = Serving([place_of(shared_monitor)])
    yield serving
    serving.close()


def answer(content: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(content)
    return found


def test_the_page_comes_with_rules_that_let_it_load_nothing_but_itself(shared: Serving) -> None:
    status, headers, content = shared.ask("/")
    assert (status, b"<title>monitor</title>" in content) == (200, True)
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "access-control-allow-origin" not in headers
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


@pytest.mark.parametrize("file", sorted(path.name for path in Path("monitor/web/page").iterdir()))
def test_each_file_of_the_page_is_served_and_names_no_other_host(shared: Serving, file: str) -> None:
    status, headers, content = shared.ask(f"/{file}")
    assert status == 200
    kinds = {
        "html": "text/html",
        "js": "text/javascript",
        "css": "text/css",
        "webmanifest": "application/manifest+json",
    }
    assert headers["content-type"].startswith(kinds.get(file.rpartition(".")[2], "image/"))
    if not file.endswith(".png"):
        assert [
            word for word in content.split() if b"://" in word and b"www.w3.org/2000/svg" not in word
        ] == []
    if file.endswith(".html"):
        assert b"style=" not in content
        assert b"<style" not in content


@pytest.mark.parametrize("path", ["/../pyproject.toml", "/%2e%2e/app.py", "/..%2fapp.py", "/api/nothing"])
def test_nothing_but_the_page_is_served(shared: Serving, path: str) -> None:
    assert shared.ask(path)[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.1:1:2"])
def test_a_name_that_only_leads_here_is_answered_nothing(shared: Serving, host: str) -> None:
    assert shared.ask("/", Host=host or "\t")[0] in {400, 421}
    assert shared.ask("/api/ask", {"machine": 0, "request": "pause", "value": True}, Host=host or "\t")[
        0
    ] in {400, 421}


def test_a_name_that_the_user_gave_is_answered(shared: Serving) -> None:
    assert shared.ask("/", Host="pi.example.org")[0] == 200


@pytest.mark.parametrize("origin", ["", "http://evil.example", "null", "https://127.0.0.1"])
def test_a_page_of_another_origin_changes_and_reads_nothing(
    shared: Serving, shared_monitor: Monitor, origin: str
) -> None:
    before = list(shared_monitor.requests)
    status, _, content = shared.ask(
        "/api/ask", {"machine": 0, "request": "pause", "value": True}, Origin=origin
    )
    assert (status, answer(content)["ok"]) == (403, False)
    assert shared.ask("/api/pair", {"code": shared.opened.code}, Origin=origin)[0] == 403
    with pytest.raises(InvalidStatus):
        shared.look_on(origin=origin or None)
    assert shared_monitor.requests == before


def test_what_is_asked_reaches_the_monitor_with_who_asked(shared: Serving, shared_monitor: Monitor) -> None:
    wanted = {"machine": 0, "request": "mute", "class": "siren", "value": True, "source_id": "mic-0"}
    status, _, content = shared.ask("/api/ask", wanted)
    assert (status, answer(content)) == (200, {"ok": True, "error": None})
    assert shared_monitor.requests[-1:] == [Request("mute", class_="siren", value=True, source_id="mic-0")]


def test_a_monitor_is_told_that_a_web_page_asks(own_state: Path) -> None:
    clients: list[str | None] = []

    class Noting(Monitor):
        def _handle(self, request: Request) -> object:  # type: ignore[override]
            clients.append(request.client)
            return super()._handle(request)

    monitor = Noting()
    serving = Serving([place_of(monitor)])
    try:
        serving.ask("/api/ask", {"machine": 0, "request": "acknowledge"})
    finally:
        serving.close()
        monitor.close()
    assert clients == [f"web page (pid {os.getpid()})"]


@pytest.mark.parametrize(
    ("wanted", "status", "why"),
    [
        ("{", 400, "Not a request"),
        ({"machine": 0, "request": "forget_background"}, 400, "Not a request"),
        ({"machine": 0, "request": "pause", "value": True, "more": 1}, 400, "Not a request"),
        ({"machine": 7, "request": "pause", "value": True}, 409, "valid: 0 to 0"),
        ({"machine": 0, "request": "pause"}, 409, "needs the value true or false"),
        ({"machine": 0, "request": "mute", "value": True}, 409, "needs a class"),
        ({"machine": 0, "request": "threshold", "class": "siren", "value": 7.0}, 409, "valid: 0.01 to 0.999"),
        ({"machine": 0, "request": "pause", "value": True}, 409, "Cannot pause a file."),
        ("x" * 5000, 413, "at most"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    shared: Serving, wanted: dict[str, object] | str, status: int, why: str
) -> None:
    found, _, content = shared.ask("/api/ask", wanted)
    assert (found, answer(content)["ok"]) == (status, False)
    assert why in str(answer(content)["error"])


def test_who_looks_on_is_told_what_is_and_then_what_changes(serving: Serving, monitor: Monitor) -> None:
    monitor.publish(health(1.0))
    with serving.look_on() as line:
        seen = Onlooker(line)
        assert seen.until("whole")["machines"][0]["endpoint"] == monitor.publisher.endpoint
        monitor.publish(structs.replace(event("onset", urgent=True), label=HOSTILE))
        assert seen.until("event", type="onset")["event"]["label"] == HOSTILE.replace("\u202e", "\ufffd")
        monitor.publish(event("offset", urgent=True, offset=12.0, ended_by="quiet"))
        assert seen.until("event", type="offset")["event"]["urgent"]
        seen.until("tick")
    with serving.look_on() as line:
        (machine,) = Onlooker(line).until("whole")["machines"]
        assert machine["contact"] == "alive"
        assert [one["class"] for one in machine["events"]] == ["siren"]


def test_what_a_monitor_does_before_it_is_one_is_shown(own_state: Path) -> None:
    serving = Serving([Place("ipc:///nowhere", "ipc:///nowhere.control")])
    try:
        with serving.look_on() as line:
            seen = Onlooker(line)
            seen.until("whole")
            serving.doing("loading the model embedded")
            assert seen.until("machine", note="loading the model embedded")["machine"]["contact"] == "none"
            status, _, content = serving.ask("/api/ask", {"machine": 0, "request": "pause", "value": True})
            assert (status, "No monitor answers" in str(answer(content)["error"])) == (409, True)
    finally:
        serving.close()


def test_no_more_browsers_look_on_than_there_is_place_for(shared: Serving) -> None:
    with ExitStack() as lines:
        for _ in range(MOST_CLIENTS):
            Onlooker(lines.enter_context(shared.look_on())).until("whole")
        with shared.look_on() as another, pytest.raises(ConnectionClosed, match="Too many pages"):
            another.recv(5)


def _read_on(line: ClientConnection) -> None:
    for _ in range(10):
        line.recv(5)


def test_a_browser_that_talks_too_much_is_sent_away_and_the_others_stay(shared: Serving) -> None:
    with shared.look_on() as quiet, shared.look_on() as loud:
        loud.send("x" * 5000)
        with pytest.raises(ConnectionClosed):
            _read_on(loud)
        Onlooker(quiet).until("tick")


def test_the_history_is_read_from_this_disk_while_no_monitor_answers(own_state: Path) -> None:
    path = history_file()
    assert path is not None
    writer = HistoryWriter(path, keep_days=10.0, max_mb=10.0)
    now = datetime.now(UTC)
    missed = structs.replace(
        event("offset", urgent=True, offset=12.0, ended_by="quiet"), onset_time=now, offset_time=now, id="one"
    )
    writer.add(missed)
    writer.close()
    serving = Serving([Place("ipc:///nowhere", "ipc:///nowhere.control")])
    try:
        status, headers, content = serving.ask("/api/history?days=1")
        (found,) = json.loads(content)["events"]
        assert (status, found["id"], headers["cache-control"]) == (200, "one", "no-store")
        seen = {"machine": 0, "request": "acknowledge", "event_id": "one"}
        assert serving.ask("/api/ask", seen)[0] == 200
        (found,) = json.loads(serving.ask("/api/history?days=1")[2])["events"]
        assert found["acknowledged_by"] == "web page"
        assert serving.ask("/api/ask", seen)[0] == 409
        assert serving.ask("/api/history?days=soon")[0] == 400
    finally:
        serving.close()


@pytest.fixture
def elsewhere(own_state: Path, monitor: Monitor) -> Iterator[Serving]:
    """A page that other computers reach: encrypted, and for who was paired."""
    pytest.importorskip("cryptography", reason="makes the certificate")
    serving = Serving([place_of(monitor)], "0.0.0.0:0")
    yield serving
    serving.close()


def test_from_elsewhere_only_who_was_paired_sees_and_changes_anything(elsewhere: Serving) -> None:
    assert elsewhere.url.startswith("https://")
    assert "pairing code is" in elsewhere.opened.sentences[0]
    assert elsewhere.ask("/")[0] == 200
    assert json.loads(elsewhere.ask("/api/session")[2]) == {
        "allowed": False,
        "version": "",
        "certificate": True,
    }
    reminder = f"asks for the pairing code, which is {elsewhere.opened.shown_code}. The web page is at"
    assert any(reminder in one and elsewhere.url in one for one in elsewhere.told)
    pause = {"machine": 0, "request": "acknowledge"}
    assert (elsewhere.ask("/api/history")[0], elsewhere.ask("/api/ask", pause)[0]) == (401, 401)
    assert elsewhere.ask("/api/pair", {"code": "0000 0000"})[0] == 403
    status, headers, _ = elsewhere.ask("/api/pair", {"code": elsewhere.opened.code})
    cookie = headers["set-cookie"]
    assert (status, cookie.startswith("__Host-monitor=")) == (200, True)
    assert {"HttpOnly", "SameSite=Strict", "Secure", "Path=/"} <= set(cookie.split("; "))
    kept = cookie.partition(";")[0]
    assert elsewhere.ask("/api/ask", pause, Cookie=kept)[0] == 200
    assert json.loads(elsewhere.ask("/api/session", Cookie=kept)[2])["allowed"]
    assert elsewhere.ask("/api/ask", pause, Cookie=kept + "x")[0] == 401
    assert any("was paired with a browser at 127.0.0.1" in one for one in elsewhere.told)


def test_guessing_the_code_ends_after_a_few(elsewhere: Serving) -> None:
    statuses = [elsewhere.ask("/api/pair", {"code": f"{guess:08}"})[0] for guess in range(6)]
    assert statuses == [403] * 5 + [429]
    assert elsewhere.ask("/api/pair", {"code": elsewhere.opened.code})[0] == 429


def test_the_certificate_is_for_this_computer_and_its_authority_can_be_fetched(elsewhere: Serving) -> None:
    status, headers, content = elsewhere.ask("/certificate.crt")  # over TLS that was verified
    assert (status, headers["content-type"]) == (200, "application/x-x509-ca-cert")
    assert content.startswith(b"-----BEGIN CERTIFICATE-----")


def test_what_is_not_encrypted_is_not_answered_where_tls_is_needed(elsewhere: Serving) -> None:
    with socket.create_connection(("127.0.0.1", elsewhere.port), timeout=5.0) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"html" not in plain.recv(1000)
