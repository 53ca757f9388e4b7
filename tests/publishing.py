"""A publisher and subscribers that find each other without waiting for the clock."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

from monitor.bus.codec import Message
from monitor.bus.messages import Heartbeat, Reply, Request
from monitor.bus.publisher import Publisher
from monitor.bus.subscriber import Subscriber

PATIENCE_S = 60.0

T = TypeVar("T")
Handler = Callable[[Request], Reply]


def socket_of_ours(name: str) -> str:
    """Return the address of a socket without a file, that nobody else's run of the tests binds to."""
    return f"ipc://@monitor-test-{name}-{os.getpid()}"


def eager_publisher(bind: str = "tcp://127.0.0.1:*", high_water_mark: int = 1000) -> Publisher:
    """A publisher that sends a heartbeat every few milliseconds."""
    return Publisher(bind, high_water_mark, heartbeat_every_s=0.01)


def agree(_: Request) -> Reply:
    return Reply(ok=True)


def until(done: Callable[[], bool], turn: Callable[[], object]) -> None:
    """Turn until `done`."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline_s, "it never happened"
        turn()


def turn(publisher: Publisher, subscriber: Subscriber) -> None:
    """Let both do what they have to do."""
    publisher.poll(agree)
    subscriber.receive(timeout_s=0.02)


def drain(subscriber: Subscriber) -> list[Message]:
    """Return what has arrived already."""
    return list(iter(lambda: subscriber.receive(timeout_s=0.01), None))


def while_turning(publisher: Publisher, ask: Callable[[], T], handle: Handler = agree) -> T:
    """Return what `ask` returns in a thread of its own, while this one turns the publisher."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask)
        until(answer.done, lambda: publisher.poll(handle))
        return answer.result()


def join(publisher: Publisher, subscriber: Subscriber) -> list[Message]:
    """Return once `subscriber` receives what is published and has read all of it."""
    return catch_up(publisher, subscriber)


def catch_up(publisher: Publisher, subscriber: Subscriber) -> list[Message]:
    """Return all that `subscriber` receives up to a heartbeat sent after this call."""
    since = datetime.now(UTC)
    found: list[Message] = []

    def turn() -> None:
        message = subscriber.receive(timeout_s=0.02)
        if message is None:
            publisher.poll(agree)
        else:
            found.append(message)

    publisher.poll(agree)
    until(
        lambda: bool(found) and isinstance(found[-1].record, Heartbeat) and found[-1].header.time >= since,
        turn,
    )
    return found
