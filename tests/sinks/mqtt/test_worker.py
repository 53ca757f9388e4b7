"""The worker with a link that a test holds in its hands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from monitor.bus.messages import PublishedRecord
from monitor.sinks.broker import MOST_WAITING
from monitor.sinks.mqtt.node import Node
from monitor.sinks.mqtt.signals import Acknowledged, Connected, Denied, Happened, Lost, Received
from monitor.sinks.mqtt.worker import IN_FLIGHT, Worker
from tests.examples import event, health
from tests.local_server import PATIENCE_S, until

NODE = Node(prefix="monitor", name="attic")
"""Without discovery, so that nothing is waited for."""


class HeldLink:
    """A link to a broker that acknowledges when it is told to."""

    def __init__(self, heard: Callable[[Happened], None]) -> None:
        self.heard = heard
        self.published: list[tuple[str, bytes, bool]] = []
        self.subscribed: list[str] = []
        self.runs: list[bytes] = []
        """What was said of which run this is."""
        self.closed = False
        self._acknowledged = 0
        self._changed = threading.Condition()

    def start(self) -> None:
        pass

    def subscribe(self, topics: Sequence[str]) -> None:
        self.subscribed += topics

    def publish(self, topic: str, payload: bytes, retain: bool) -> int:
        if topic == NODE.run:
            assert not retain
            self.runs.append(payload)
            return 0
        with self._changed:
            self.published.append((topic, payload, retain))
            self._changed.notify_all()
            return len(self.published)

    def close(self, wait_s: float) -> None:
        self.closed = True

    def acknowledge(self) -> None:
        """Acknowledge all that was published so far."""
        for number in range(self._acknowledged, len(self.published)):
            self.heard(Acknowledged(number + 1))
        self._acknowledged = len(self.published)

    def until(self, count: int) -> None:
        """Acknowledge whatever comes until `count` messages have come."""
        with self._changed:
            while len(self.published) < count:
                self.acknowledge()
                assert self._changed.wait(PATIENCE_S), self.published
        self.acknowledge()

    def until_published(self, count: int) -> None:
        """Wait until `count` messages have come, and acknowledge none."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.published) >= count, PATIENCE_S), self.published

    @property
    def topics(self) -> list[str]:
        return [topic.removeprefix("monitor/attic/") for topic, _, _ in self.published]


class Held:
    """A worker and its link."""

    def __init__(self) -> None:
        links: list[HeldLink] = []

        def connect(heard: Callable[[Happened], None]) -> HeldLink:
            links.append(HeldLink(heard))
            return links[0]

        self.worker = Worker(NODE, "The broker", connect)
        self.link = links[0]

    def begin(self, *records: PublishedRecord) -> None:
        """Start, connected, with `records`."""
        for record in records:
            assert self.worker.take(record)
        self.link.heard(Connected())
        self.worker.start()

    def until_said(self, beginning: str) -> None:
        """Wait until the worker says a sentence that begins so."""
        until(lambda: any(sentence.startswith(beginning) for sentence in list(self.worker.news)))


@pytest.fixture
def held() -> Iterator[Held]:
    held = Held()
    yield held
    if held.worker.is_alive():
        held.worker.close(0.5)


STATES = 11
"""Of one source with one class: that many, and that the monitor is there."""


def test_not_more_is_on_its_way_than_can_be_counted(held: Held) -> None:
    held.begin(health(), *(event(id_=str(number)) for number in range(100)))
    held.link.until(STATES)
    held.worker.close(1.0)
    assert len(held.link.published) < STATES + 2 * IN_FLIGHT + 2
    assert held.worker.lost + len([one for one in held.link.topics if one.endswith("event")]) >= 100
    assert (
        held.worker.news[-1] == f"The broker did not take the last {held.worker.lost} events; they are lost."
    )
    assert held.link.closed


def test_what_was_on_its_way_comes_first_after_a_connection_was_lost(held: Held) -> None:
    held.begin(health(), event(id_="1"))
    held.link.until(STATES)
    before = len(held.link.published)
    held.worker.take(event("offset", id_="1"))
    held.link.until_published(before + 1)
    held.link.heard(Lost(""))
    held.worker.take(event(id_="2"))
    held.link.heard(Connected())
    held.until_said("The broker is connected.")
    held.link.heard(Lost("no route"))
    held.until_said("The broker cannot be reached: no route.")
    assert not [one for one in held.link.published if b'"id":"2"' in one[1]], "the library sends 1 again"
    held.link.heard(Connected())
    held.link.until(before + STATES)
    held.worker.close(1.0)
    assert [one.split(".")[0] for one in held.worker.news] == [
        "The broker cannot be reached: the connection was lost",
        "The broker is connected",
        "The broker cannot be reached: no route",
        "The broker is connected",
    ]


def test_each_reason_for_having_no_broker_is_said_once(held: Held) -> None:
    held.worker.take(health())
    for why in ("refused", "refused", "", "no route", "no route"):
        held.link.heard(Lost(why))
    held.worker.start()
    held.worker.close(1.0)
    assert [sentence.split(": ")[1].split(".")[0] for sentence in held.worker.news] == ["refused", "no route"]


def test_before_anything_is_heard_nothing_is_announced(held: Held) -> None:
    held.begin()
    held.worker.close(1.0)
    assert held.link.published == []
    assert held.link.subscribed == ["monitor/attic/+/set", "monitor/attic/+/+/+/set", "monitor/attic/run"]


def test_records_beyond_the_mailbox_are_refused(held: Held) -> None:
    assert all(held.worker.take(event()) for _ in range(MOST_WAITING))
    assert not held.worker.take(event())
    held.link.heard(Received("monitor/attic/listening/set", b"ON", retained=False))
    assert held.worker.mailbox.qsize() == MOST_WAITING, "commands too"
    held.link.heard(Connected())
    assert held.worker.mailbox.qsize() == MOST_WAITING + 1, "but not how the connection is"
    assert (held.worker.dropped, held.worker.unheard) == (1, 1)


def test_events_are_never_kept_by_the_broker_and_states_always(held: Held) -> None:
    held.begin(health(), event())
    held.link.until(STATES)
    held.worker.close(1.0)
    assert {topic.rpartition("/")[2]: retain for topic, _, retain in held.link.published}["event"] is False
    assert all(retain for topic, _, retain in held.link.published if not topic.endswith("/event"))


def test_a_broker_that_lets_nobody_ask_is_told_of(held: Held) -> None:
    held.begin(health())
    held.link.heard(Denied())
    held.until_said("The broker does not let this user hear all of monitor/attic/#")


def test_what_has_not_changed_is_not_told_again(held: Held) -> None:
    held.begin(health())
    held.link.until(STATES - 1)
    before = len(held.link.published)
    for _ in range(3):
        held.worker.take(health())
    held.worker.take(event())
    held.link.until(before + 2)
    held.worker.close(1.0)
    assert held.link.topics[before:] == ["mic0/dog_bark/sound", "mic0/dog_bark/event", "availability"]


def test_another_run_at_the_same_topics_is_told_of_once_and_knows_of_this_one(held: Held) -> None:
    held.begin(health())
    held.link.until(STATES)
    own = held.link.runs[0]
    for run in (own, b"another", b"another", own):
        held.link.heard(Received(NODE.run, run, retained=False))
    held.until_said("The broker is told by another monitor that is called 'attic' too")
    held.worker.close(PATIENCE_S)
    assert held.link.runs == [own, own]
    assert len(held.worker.news) == 1


def test_somebody_who_says_again_and_again_to_be_another_run_is_heard_a_few_times(held: Held) -> None:
    held.begin(health())
    for number in range(100):
        held.link.heard(Received(NODE.run, b"%d" % number, retained=False))
    held.link.until(STATES)
    held.worker.close(PATIENCE_S)
    assert len(held.worker.news) == len(held.link.runs) - 1 < 10
