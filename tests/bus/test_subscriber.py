from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

import monitor
from monitor.bus.codec import Header, Message, encode, topic_of
from monitor.bus.messages import Event, Heartbeat, PublishedRecord, Request, Snapshot
from monitor.bus.publisher import Publisher
from monitor.bus.subscriber import GONE_AFTER_S, Continuity, Subscriber, ask
from monitor.errors import PublishError
from monitor.waiting import readable
from tests.examples import NOON, event, health, level
from tests.publishing import (
    PATIENCE_S,
    agree,
    catch_up,
    drain,
    eager_publisher,
    join,
    socket_of_ours,
    turn,
    until,
    while_turning,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = eager_publisher()
    yield made
    made.close()


def numbered(records: list[PublishedRecord], epoch: str) -> list[Message]:
    """Messages as a publisher would number them."""
    counts: dict[str, int] = {}
    messages = []
    for record in records:
        topic = topic_of(record)
        if isinstance(record, Heartbeat):
            record = Heartbeat(NOON, dict(counts))  # noqa: PLW2901
        counts[topic] = counts.get(topic, 0) + 1
        messages.append(Message(topic, Header(1, epoch, counts[topic], NOON), record))
    return messages


BEAT = Heartbeat(NOON, {})
anything = st.sampled_from([event(class_="siren"), event(), level(), health(), BEAT])


@given(before=st.lists(anything), after=st.lists(st.tuples(anything, st.booleans())))
def test_what_is_lost_is_what_was_dropped_after_the_first_heartbeat(
    before: list[PublishedRecord], after: list[tuple[PublishedRecord, bool]]
) -> None:
    records = [*before, BEAT, *(record for record, _ in after), BEAT]
    arrives = [False] * len(before) + [True] + [kept for _, kept in after] + [True]
    continuity = Continuity(("",))
    for message, kept in zip(numbered(records, "a"), arrives, strict=True):
        if kept:
            continuity.note(message)
    assert continuity.lost == sum(not kept for _, kept in after)
    assert continuity.restarts == 0


@given(first=st.lists(anything, min_size=1), second=st.lists(st.tuples(anything, st.booleans())))
def test_after_a_restart_everything_that_does_not_arrive_is_lost(
    first: list[PublishedRecord], second: list[tuple[PublishedRecord, bool]]
) -> None:
    continuity = Continuity(("",))
    for message in numbered(first, "a"):
        continuity.note(message)
    assert continuity.lost == 0
    arrives = [*(kept for _, kept in second), True]
    for message, kept in zip(numbered([*(r for r, _ in second), BEAT], "b"), arrives, strict=True):
        if kept:
            continuity.note(message)
    assert continuity.lost == arrives.count(False)
    assert continuity.restarts == 1


def test_topics_that_are_not_wanted_are_not_missed() -> None:
    continuity = Continuity(("event/",))
    beats = numbered([BEAT, level(), health(), event(), BEAT], "a")
    for message in (beats[0], beats[-1]):
        continuity.note(message)
    assert continuity.lost == 1


def test_a_subscriber_receives_what_is_published_in_order(publisher: Publisher) -> None:
    sent: list[PublishedRecord] = [event("onset"), level(), event("update"), health(), event("offset")]
    with Subscriber(publisher.endpoint) as subscriber:
        join(publisher, subscriber)
        for record in sent:
            publisher.emit(record)
        found = catch_up(publisher, subscriber)
        assert [m.record for m in found if not isinstance(m.record, Heartbeat)] == sent
        assert {m.header.epoch for m in found} == {publisher.epoch}
        assert (subscriber.lost, subscriber.malformed, subscriber.restarts) == (0, 0, 0)


def test_only_the_topics_asked_for_and_heartbeats_arrive(publisher: Publisher) -> None:
    with Subscriber(publisher.endpoint, topics=("event/mic0/siren/",)) as subscriber:
        join(publisher, subscriber)
        for record in (event(), event(class_="siren"), level(), health()):
            publisher.emit(record)
        topics = {m.topic for m in catch_up(publisher, subscriber)}
        assert topics == {"event/mic0/siren/", "heartbeat/"}
        assert subscriber.lost == 0


def test_a_slow_subscriber_delays_nobody_and_knows_what_it_lost() -> None:
    total = 600
    big = level([-60.0] * 20_000)
    publisher = eager_publisher(high_water_mark=5)
    try:
        with (
            Subscriber(publisher.endpoint, ("level/",), high_water_mark=5) as slow,
            Subscriber(publisher.endpoint, ("event/",)) as quick,
        ):
            beats = [m for m in join(publisher, slow) if m.topic == "heartbeat/"]
            join(publisher, quick)
            for _ in range(total):
                publisher.emit(big)
            publisher.emit(event())
            assert event() in [m.record for m in catch_up(publisher, quick)]
            assert quick.lost == 0
            found = catch_up(publisher, slow)
            levels = [m for m in found if m.topic == "level/mic0/"]
            beats += [m for m in found if m.topic == "heartbeat/"]
            beats_lost = beats[-1].header.sequence - beats[0].header.sequence + 1 - len(beats)
            assert 0 < len(levels) < total
            assert slow.lost == total - len(levels) + beats_lost
    finally:
        publisher.close()


def test_a_publisher_that_comes_back_is_a_restart_and_not_a_loss() -> None:
    first = eager_publisher()
    with Subscriber(first.endpoint) as subscriber:
        join(first, subscriber)
        first.close()
        second = eager_publisher(first.endpoint)
        try:
            until(lambda: subscriber.restarts == 1, lambda: turn(second, subscriber))
            before = subscriber.lost  # heartbeats that were sent before the connection was up again
            second.emit(event())
            assert event() in [m.record for m in catch_up(second, subscriber)]
            assert subscriber.lost == before
        finally:
            second.close()


def test_a_publisher_is_alive_until_three_seconds_after_its_last_message(publisher: Publisher) -> None:
    with Subscriber(publisher.endpoint, clock=lambda: 100.0) as subscriber:
        assert subscriber.last_seen_s is None
        assert not subscriber.alive(100.0)
        until(lambda: subscriber.last_seen_s == 100.0, lambda: turn(publisher, subscriber))
        assert subscriber.alive(100.0 + GONE_AFTER_S - 0.1)
        assert not subscriber.alive(100.0 + GONE_AFTER_S)


def test_malformed_messages_are_counted_and_passed_over() -> None:
    with zmq.Context() as context, context.socket(zmq.PUB) as stranger:
        stranger.linger = 0
        port = stranger.bind_to_random_port("tcp://127.0.0.1")
        with Subscriber(f"tcp://127.0.0.1:{port}") as subscriber:

            def babble() -> None:
                stranger.send_multipart([b"event/mic0/x/", b"\xff", b"{"])
                stranger.send_multipart([b""])
                stranger.send_multipart(encode(event(), "e", 1, NOON))
                received.extend(drain(subscriber))

            received: list[Message] = []
            until(lambda: subscriber.malformed > 1 and received != [], babble)
            assert all(message.record == event() for message in received)


def test_nothing_comes_from_an_address_nobody_publishes_on() -> None:
    with Subscriber("ipc://@monitor-test-nobody") as subscriber:
        assert subscriber.receive(0.01) is None


def test_nobody_to_ask_is_one_clear_sentence() -> None:
    with pytest.raises(PublishError, match=r"No monitor answers at ipc://@monitor-test-nobody within"):
        ask("ipc://@monitor-test-nobody", Request(request="snapshot"), timeout_s=0.01)


def test_something_else_that_answers_is_not_taken_for_a_monitor() -> None:
    endpoint = socket_of_ours("stranger")
    with zmq.Context() as context, context.socket(zmq.REP) as stranger, ThreadPoolExecutor(1) as pool:
        stranger.bind(f"{endpoint}.control")
        answer = pool.submit(ask, endpoint, Request(request="snapshot"), PATIENCE_S)
        stranger.recv()
        stranger.send(b"220 mail.example.org ESMTP")
        with pytest.raises(PublishError, match="is not a monitor"):
            answer.result(PATIENCE_S)


def test_closing_twice_is_harmless_and_what_is_forgotten_is_released() -> None:
    subscriber = Subscriber("ipc://@monitor-test-nobody")
    subscriber.close()
    subscriber.close()
    monitor.subscribe("ipc://@monitor-test-nobody")
    gc.collect()  # an unclosed socket would be a ResourceWarning, and so an error


@pytest.mark.parametrize("endpoint", ["nonsense", "tcp://10.0.0.1:5557", "tcp://127.0.0.1:0"])
def test_subscribing_to_what_is_no_address_fails_at_once(endpoint: str) -> None:
    with pytest.raises(PublishError):
        monitor.subscribe(endpoint)


def test_the_events_of_a_monitor_can_be_iterated_over(publisher: Publisher) -> None:
    events = monitor.subscribe(publisher.endpoint)
    with Subscriber(publisher.endpoint) as witness:
        join(publisher, witness)  # not proof that the iterator is connected too, hence many
        for number in range(50):
            publisher.poll(agree)
            publisher.emit(level())
            publisher.emit(event(id_=str(number)))
            catch_up(publisher, witness)
    found = next(events)
    assert isinstance(found, Event)
    assert int(next(events).id) == int(found.id) + 1


CHILD = """
import sys
from monitor.bus.messages import (Event)
from monitor.bus.subscriber import Subscriber
with Subscriber(sys.argv[1]) as subscriber:
    while (message := subscriber.receive(20.0)) is not None:
        print(message.topic, flush=True)
        if isinstance(message.record, Event) and message.record.type == "offset":
            print(f"lost {subscriber.lost}", flush=True)
            break
"""


def test_another_process_hears_every_event(publisher: Publisher) -> None:
    command = [sys.executable, "-c", CHILD, publisher.endpoint]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        out = child.stdout
        until(lambda: readable(out, 0.01), lambda: publisher.poll(agree))
        for record in (event("onset"), event("update"), event("offset")):
            publisher.emit(record)
        lines = child.communicate(timeout=60)[0].decode().splitlines()
    assert [line for line in lines if line != "heartbeat/"] == ["event/mic0/dog_bark/"] * 3 + ["lost 0"]
    assert child.returncode == 0


def test_a_late_joiner_can_ask_for_what_it_missed(publisher: Publisher) -> None:
    publisher.emit(event("onset"))
    with Subscriber(publisher.endpoint) as subscriber:
        answer = while_turning(publisher, lambda: subscriber.request(Request(request="snapshot"), PATIENCE_S))
    assert isinstance(answer, Snapshot)
    assert answer.open_events == [event("onset")]
