from __future__ import annotations

import http.server
import json
import os
import signal
import threading
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from monitor.bus.connections import capacity_for_descriptors
from monitor.errors import ConfigError
from monitor.sinks.notify.letters import Letter, NotTold
from monitor.sinks.notify.messenger import Messenger
from monitor.sinks.notify.secrets import Secret
from tests.sinks.notify.channels import LETTER, serving, with_status

pytest.importorskip("apprise")

URGENT = Letter("event", "URGENT: siren", "may be a siren.", b"{}\n", True, 1, 0.0)


def messenger(address: str, timeout_s: float = 30.0) -> Messenger:
    return Messenger(Secret(address), timeout_s, "Target phone")


def children() -> list[int]:
    """Return the processes of ours in which apprise runs."""
    found = []
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command, parent = status.read_bytes(), (status.parent / "stat").read_text().rsplit(")", 1)[1]
        except OSError:
            continue
        if b"apprise_process" in command and int(parent.split()[1]) == os.getpid():
            found.append(int(status.parent.name))
    return found


def test_a_phone_gets_the_title_and_the_text_through_a_server_of_ntfy() -> None:
    with serving() as server, closing(messenger(f"ntfy://127.0.0.1:{server.port}/a-topic")) as one:
        one.check()
        one.send(LETTER)
    (request,) = server.requests
    body = json.loads(request.body)
    assert body == {"topic": "a-topic", "title": "dog bark", "message": "may be a dog bark."}
    assert "x-icon" not in request.headers  # nobody's server but the user's is named


def test_an_urgent_message_is_marked_as_such() -> None:
    with serving() as server, closing(messenger(f"json://127.0.0.1:{server.port}/in")) as one:
        one.send(URGENT)
        one.send(LETTER)
    kinds = [json.loads(request.body)["type"] for request in server.requests]
    assert kinds == ["failure", "info"]


def test_an_urgent_message_waits_for_no_pause_and_wakes_a_silent_phone() -> None:
    with serving() as server:
        with closing(messenger(f"ntfy://127.0.0.1:{server.port}/t", timeout_s=5.0)) as phone:
            phone.send(LETTER)
            phone.send(URGENT)  # apprise would wait for 5.5 s
        with closing(messenger(f"gotify://127.0.0.1:{server.port}/token")) as other:
            other.send(URGENT)
            other.send(LETTER)
    first, second, third, fourth = server.requests
    assert [one.headers.get("x-priority") for one in (first, second)] == [None, "max"]
    assert [json.loads(one.body)["priority"] for one in (third, fourth)] == [10, 5]


def test_the_address_is_in_no_list_of_processes_and_no_environment() -> None:
    with serving() as server, closing(messenger(f"json://me:hunter22@127.0.0.1:{server.port}/in")) as one:
        one.check()
        (pid,) = children()
        for place in ("cmdline", "environ"):
            assert b"hunter22" not in Path(f"/proc/{pid}/{place}").read_bytes()


def test_a_server_that_refuses_is_said_without_the_address() -> None:
    with serving(with_status(403)) as server:
        one = messenger(f"ntfy://127.0.0.1:{server.port}/secrettopic")
        with closing(one), pytest.raises(NotTold, match="403") as caught:
            one.send(LETTER)
    assert "secrettopic" not in str(caught.value)


def test_a_server_that_never_answers_is_given_up_and_the_next_message_goes_through() -> None:
    hold, first = threading.Event(), list[bool]()

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        if not first:
            first.append(True)
            hold.wait(60.0)
        with_status(200)(handler)

    with serving(answer) as server, closing(messenger(f"ntfy://127.0.0.1:{server.port}/t", 1.0)) as one:
        with pytest.raises(NotTold, match="no answer within 1 s"):
            one.send(LETTER)
        assert children() == []
        hold.set()
        one.send(LETTER)
        assert len(server.requests) == 2


def test_a_process_that_was_killed_is_started_again() -> None:
    with serving() as server, closing(messenger(f"ntfy://127.0.0.1:{server.port}/t")) as one:
        one.check()
        (pid,) = children()
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        one.send(LETTER)
    assert len(server.requests) == 1


def test_a_phone_is_told_where_more_than_a_thousand_descriptors_are_open() -> None:
    capacity = capacity_for_descriptors()  # what the bus asks for
    if capacity < 1200:
        pytest.skip(f"this program may open {capacity} files only")
    with ExitStack() as others, serving() as server:
        for _ in range(1100):
            others.enter_context(open(os.devnull, "rb"))  # noqa: PTH123
        one = others.enter_context(closing(messenger(f"ntfy://127.0.0.1:{server.port}/t")))
        one.check()
        one.send(LETTER)
    assert len(server.requests) == 1


def test_after_the_end_there_is_no_process_any_more_and_none_is_started() -> None:
    one = messenger("ntfy://127.0.0.1:1/t")
    one.close()
    one.close()
    assert children() == []
    with pytest.raises(NotTold):
        one.send(LETTER)


@pytest.mark.parametrize("address", ["xyzzy://me:hunter22@host/topic", "tgram://hunter22/"])
def test_an_address_that_apprise_does_not_know_is_refused_and_not_shown(address: str) -> None:
    with closing(messenger(address)) as one, pytest.raises(ConfigError, match="Target phone") as caught:
        one.check()
    assert "hunter22" not in str(caught.value)
