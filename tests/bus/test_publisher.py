from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.bus.codec import decode_answer, encode_json
from monitor.bus.control import find_control
from monitor.bus.messages import Level, Reply, Request, ScoresMessage, Snapshot
from monitor.bus.publisher import Publisher
from monitor.bus.subscriber import Subscriber, ask
from monitor.errors import PublishError, SourceError
from tests.examples import event, health, level
from tests.publishing import (
    PATIENCE_S,
    agree,
    catch_up,
    eager_publisher,
    join,
    socket_of_ours,
    until,
    while_turning,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = eager_publisher()
    yield made
    made.close()


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Publisher]:
    made = eager_publisher(socket_of_ours("fuzz"))
    yield made
    made.close()


def test_the_control_socket_is_found_from_where_the_records_are(publisher: Publisher) -> None:
    assert find_control(publisher.endpoint) == publisher.control_endpoint
    assert isinstance(ask(publisher.endpoint, Request(request="snapshot"), PATIENCE_S), Snapshot)


@pytest.mark.parametrize("bind", ["tcp://127.0.0.1:0", "tcp://localhost:*", "tcp://127.3.2.1:*"])
def test_every_loopback_address_will_do(bind: str) -> None:
    Publisher(bind).close()


def test_ipv6_loopback_will_do_where_there_is_one() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 here")
    publisher = eager_publisher("tcp://[::1]:*")
    with Subscriber(publisher.endpoint) as subscriber:
        join(publisher, subscriber)
    publisher.close()


@pytest.mark.parametrize("bind", ["tcp://0.0.0.0:5557", "tcp://*:5557", "tcp://[::]:5557"])
def test_a_public_address_is_refused(bind: str) -> None:
    with pytest.raises(PublishError, match="read without keys"):
        Publisher(bind)


def test_two_publishers_on_one_port_are_one_too_many(publisher: Publisher) -> None:
    with pytest.raises(
        PublishError, match=rf"^{publisher.endpoint} is in use .*another monitor.*--bind tcp://"
    ):
        Publisher(publisher.endpoint)


def test_two_monitors_on_different_ports_are_each_asked_on_its_own_socket(publisher: Publisher) -> None:
    other = eager_publisher()
    for one in (publisher, other):
        answer = ask(one.endpoint, Request(request="snapshot"), PATIENCE_S)
        assert isinstance(answer, Snapshot)
        assert answer.epoch == one.epoch
    other.close()
    assert not Path(other.control_endpoint.removeprefix("ipc://")).exists()
    assert isinstance(ask(publisher.endpoint, Request(request="snapshot"), PATIENCE_S), Snapshot)


def test_the_control_socket_can_be_used_by_nobody_else(publisher: Publisher) -> None:
    path = Path(publisher.control_endpoint.removeprefix("ipc://"))
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_question_that_the_pipeline_does_not_take_is_refused_in_time(publisher: Publisher) -> None:
    publisher.poll(agree)
    answer = ask(publisher.endpoint, Request(request="pause", value=True), timeout_s=PATIENCE_S)
    assert isinstance(answer, Reply)
    assert not answer.ok
    assert "the monitor stands still" in (answer.error or "")
    assert isinstance(ask(publisher.endpoint, Request(request="snapshot"), PATIENCE_S), Snapshot)
    publisher.poll(never)  # what was refused is not done later


def test_two_publishers_on_one_path_are_one_too_many(tmp_path: Path) -> None:
    first = eager_publisher(f"ipc://{tmp_path}/bus")
    (tmp_path / "other.control").symlink_to(tmp_path / "bus.control")
    with Subscriber(first.endpoint) as subscriber:
        join(first, subscriber)
        with pytest.raises(PublishError, match="is in use"):
            Publisher(first.endpoint)
        with pytest.raises(PublishError, match=r"the control socket of .* is in use"):
            Publisher(f"ipc://{tmp_path}/other")
        first.emit(event())
        assert event() in [m.record for m in catch_up(first, subscriber)]
    first.close()
    assert [path.name for path in tmp_path.iterdir()] == ["other.control"]


def test_the_path_of_a_monitor_that_was_killed_can_be_used_again(tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/bus"
    code = "import os, sys; from monitor.bus.publisher import Publisher; Publisher(sys.argv[1]); os._exit(9)"
    subprocess.run([sys.executable, "-c", code, endpoint], cwd=ROOT, check=False, timeout=PATIENCE_S)
    assert (tmp_path / "bus").is_socket()
    publisher = eager_publisher(endpoint)
    with Subscriber(endpoint) as subscriber:
        join(publisher, subscriber)
    publisher.close()
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_socket_survives(tmp_path: Path) -> None:
    for name in ("bus", "other.control"):
        (tmp_path / name).write_text("precious")
        with pytest.raises(PublishError, match="something else than a socket"):
            Publisher(f"ipc://{tmp_path}/{name.removesuffix('.control')}")
        assert (tmp_path / name).read_text() == "precious"


def test_a_path_that_cannot_be_made_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="No such file or directory; choose another"):
        Publisher(f"ipc://{tmp_path}/missing/bus")


def test_sequences_have_no_gaps_within_a_topic(publisher: Publisher) -> None:
    with Subscriber(publisher.endpoint) as subscriber:
        join(publisher, subscriber)
        for _ in range(100):
            publisher.emit(level())
            publisher.emit(event())
        found = catch_up(publisher, subscriber)
    for topic in ("level/mic0/", "event/mic0/dog_bark/"):
        assert [m.header.sequence for m in found if m.topic == topic] == list(range(1, 101))


def test_a_snapshot_tells_what_is_open_what_ended_and_how_the_source_is(publisher: Publisher) -> None:
    for record in (
        health("running"),
        event("onset", id_="1"),
        event("offset", id_="1"),
        event(id_="2"),
        level(),
    ):
        publisher.emit(record)
    answer = while_turning(
        publisher, lambda: ask(publisher.endpoint, Request(request="snapshot"), PATIENCE_S)
    )
    assert isinstance(answer, Snapshot)
    assert answer.epoch == publisher.epoch
    assert answer.health == [health("running")]
    assert answer.open_events == [event(id_="2")]
    assert answer.recent_events == [event("offset", id_="1")]
    assert answer.sequences["event/mic0/dog_bark/"] == 3


def test_other_requests_go_to_the_handler_and_its_answer_comes_back(publisher: Publisher) -> None:
    asked: list[Request] = []

    def refuse(request: Request) -> Reply:
        asked.append(request)
        return Reply(ok=False, error="no such class")

    request = Request(request="mute", class_="siren", value=True)
    answer = while_turning(publisher, lambda: ask(publisher.endpoint, request, PATIENCE_S), refuse)
    assert answer == Reply(ok=False, error="no such class")
    (one,) = asked
    assert msgspec.structs.replace(one, client=None) == request
    assert one.client is not None
    assert one.client.endswith(f" (pid {os.getpid()})")


def test_an_error_of_ours_in_the_handler_is_the_answer(publisher: Publisher) -> None:
    def fail(_: Request) -> Reply:
        raise SourceError("the source is gone")

    request = Request(request="pause", value=True)
    answer = while_turning(publisher, lambda: ask(publisher.endpoint, request, PATIENCE_S), fail)
    assert answer == Reply(ok=False, error="the source is gone")


def never(request: Request) -> Reply:
    raise AssertionError(request)


@settings(max_examples=50)
@given(frames=st.lists(st.binary(max_size=200), min_size=1, max_size=4))
def test_whatever_arrives_on_the_control_socket_is_answered(fuzzed: Publisher, frames: list[bytes]) -> None:
    with zmq.Context() as context, context.socket(zmq.DEALER) as peer:
        peer.connect(fuzzed.control_endpoint)
        peer.send_multipart(frames)
        until(lambda: bool(peer.poll(1)), lambda: fuzzed.poll(never))
        answer = decode_answer(peer.recv_multipart()[-1])
        assert isinstance(answer, Reply)
        assert not answer.ok
        assert answer.error


def test_a_request_too_large_to_be_one_costs_its_sender_the_connection_only(publisher: Publisher) -> None:
    with zmq.Context() as context, context.socket(zmq.DEALER) as peer:
        peer.linger = 0
        peer.connect(publisher.control_endpoint)
        peer.send(b"x" * 1_000_000)
        answer = while_turning(
            publisher, lambda: ask(publisher.endpoint, Request(request="snapshot"), PATIENCE_S), never
        )
        assert isinstance(answer, Snapshot)


def test_a_flood_of_requests_does_not_hold_up_a_turn_and_each_is_answered(publisher: Publisher) -> None:
    with zmq.Context() as context, context.socket(zmq.DEALER) as peer:
        peer.linger = 0
        peer.connect(publisher.control_endpoint)
        for _ in range(500):
            peer.send(encode_json(Request(request="pause", value=True)))
        handled: list[Request] = []
        refused: list[str] = []
        most = 0

        def count(request: Request) -> Reply:
            handled.append(request)
            return Reply(ok=True)

        def turn() -> None:
            nonlocal most
            before = len(handled)
            publisher.poll(count)
            most = max(most, len(handled) - before)
            while peer.poll(0):
                answer = decode_answer(peer.recv_multipart()[-1])
                assert isinstance(answer, Reply)
                refused.extend([answer.error] if answer.error else [])

        until(lambda: len(handled) + len(refused) == 500, turn)
        assert 0 < most <= 20
        assert all("requests wait already" in sentence for sentence in refused)


def test_what_cannot_be_published_is_told_with_the_next_record_and_all_others_go_out(
    publisher: Publisher,
) -> None:
    with Subscriber(publisher.endpoint) as subscriber:
        join(publisher, subscriber)
        publisher.emit("no record")  # type: ignore[arg-type]
        catch_up(publisher, subscriber)
        with pytest.raises(PublishError, match="could not be published"):
            publisher.emit(event("update"))
        publisher.emit(event("offset"))
        found = [message.record for message in catch_up(publisher, subscriber)]
        assert event("update") in found
        assert event("offset") in found


def test_nothing_waits_for_anybody_when_the_publisher_closes() -> None:
    publisher = eager_publisher(high_water_mark=10)
    with Subscriber(publisher.endpoint, high_water_mark=1) as stuck:
        join(publisher, stuck)
        for _ in range(100):
            publisher.emit(level([-60.0] * 20_000))
        begun_s = time.monotonic()
        publisher.close()
        publisher.close()
        assert time.monotonic() - begun_s < 5.0
    publisher.emit(event())
    publisher.poll(never)
    publisher._bus.join(PATIENCE_S)  # on a busy machine it outlives the closing, and its context too
    publisher._context.term()


def test_the_last_messages_before_closing_arrive() -> None:
    publisher = eager_publisher()
    with Subscriber(publisher.endpoint) as subscriber:
        join(publisher, subscriber)
        publisher.emit(event("offset"))
        publisher.close()
        found = []
        while (message := subscriber.receive(0.5)) is not None:
            found.append(message.record)
        assert event("offset") in found


def test_a_measurement_is_wanted_for_as_long_as_somebody_subscribes_to_it(publisher: Publisher) -> None:
    def turn() -> None:
        publisher.poll(agree)

    until(lambda: not publisher.takes(Level), turn)
    with Subscriber(publisher.endpoint, ("level/desk",)):
        until(lambda: publisher.takes(Level), turn)
        assert not publisher.takes(ScoresMessage)
        with Subscriber(publisher.endpoint, ("",)):
            until(lambda: publisher.takes(ScoresMessage), turn)
        until(lambda: not publisher.takes(ScoresMessage), turn)
        assert publisher.takes(Level)
    until(lambda: not publisher.takes(Level), turn)


def test_a_bus_that_has_no_time_to_end_leaves_no_context_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.bus.publisher._CLOSE_S", 0.0)
    before = set(threading.enumerate())
    publisher = eager_publisher()
    publisher.emit(event())
    publisher.close()
    until(lambda: set(threading.enumerate()) <= before, lambda: time.sleep(0.01))
    with warnings.catch_warnings(record=True) as noticed:
        warnings.simplefilter("always")
        del publisher
        gc.collect()
    assert not noticed
