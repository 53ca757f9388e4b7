"""`monitor ack` against a monitor that answers on real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec
import pytest

from monitor.bus.messages import Request, Snapshot
from monitor.bus.publisher import Publisher
from monitor.bus.subscriber import Subscriber
from monitor.cli.main import main
from monitor.pipeline.acknowledgements import Acknowledgements
from tests.examples import event, health
from tests.publishing import eager_publisher, until

URGENT = msgspec.structs.replace(event("offset", "siren", "1"), urgent=True)


class Listening:
    """A monitor that has heard what was urgent, asked by commands of other threads."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self.acknowledgements = Acknowledgements(publisher.emit, lambda: datetime.now(UTC))
        publisher.emit(health())

    def hears(self, *ids: str) -> None:
        for id_ in ids:
            heard = msgspec.structs.replace(URGENT, id=id_)
            self.publisher.emit(self.acknowledgements.completed(heard))

    def command(self, *arguments: str) -> int:
        """Run a command that asks this monitor."""
        connection = ["--connect", self.publisher.endpoint, "--control", self.publisher.control_endpoint]
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(main, [*arguments, *connection])
            until(done.done, lambda: self.publisher.poll(self.acknowledgements.handle))
        return done.result()


@pytest.fixture
def listening() -> Iterator[Listening]:
    publisher = eager_publisher()
    yield Listening(publisher)
    publisher.close()


def test_one_event_is_acknowledged_and_the_others_stay_missed(
    listening: Listening, capsys: pytest.CaptureFixture[str]
) -> None:
    listening.hears("1", "2")
    assert listening.command("ack", "1") == 0
    said = capsys.readouterr().out
    assert "seen    siren of" in said
    assert "acknowledged by monitor ack (pid" in said
    with Subscriber(listening.publisher.endpoint, control=listening.publisher.control_endpoint) as subscriber:
        snapshot = subscriber.request(Request("snapshot"), 5.0)
    assert isinstance(snapshot, Snapshot)
    assert [one.id for one in snapshot.missed_events] == ["2"]


def test_all_are_acknowledged_where_none_is_named(
    listening: Listening, capsys: pytest.CaptureFixture[str]
) -> None:
    listening.hears("1", "2")
    assert listening.command("ack", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["type"], one["id"]) for one in told] == [("acknowledged", "1"), ("acknowledged", "2")]
    assert listening.acknowledgements.waiting == []
    assert listening.command("ack") == 0
    assert capsys.readouterr().out == "Nothing waits to be acknowledged.\n"


def test_what_is_not_there_is_refused_with_one_sentence(
    listening: Listening, capsys: pytest.CaptureFixture[str]
) -> None:
    assert listening.command("ack", "--class", "cat") == 2
    assert capsys.readouterr().err == (
        "monitor: There is no urgent event with class 'cat'; 0 wait to be acknowledged.\n"
    )
