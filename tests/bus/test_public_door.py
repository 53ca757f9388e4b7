"""The door for other machines, over the loopback interface: what has a key here is locked there too."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
import zmq

from monitor.bus.codec import Message
from monitor.bus.keys import Guest, Keys, as_bytes
from monitor.bus.messages import Reply, Request, Snapshot
from monitor.bus.public_door import Public
from monitor.bus.publisher import Publisher
from monitor.bus.subscriber import Subscriber, ask
from monitor.config.settings import Config, PublishConfig
from monitor.errors import NoAnswer, PublishError
from monitor.sinks.bus import open_bus
from tests.examples import event
from tests.publishing import agree, catch_up, drain, join, until, while_turning

PAUSE = Request("pause", value=True)


class Place:
    """Two machines: the monitor's, and one that this process is."""

    def __init__(self, folder: Path) -> None:
        self.theirs = Keys(folder / "theirs")
        self.ours = Keys(folder / "ours/monitor/keys")
        self.server = self.theirs.make_own().public
        self.own = self.ours.make_own().public

    def let_in(self, control: bool = False) -> None:
        self.theirs.allow(Guest("attic", self.own, "control" if control else "listen"))

    def publisher(self) -> Publisher:
        public = Public("tcp://127.0.0.1:*", self.theirs)
        made = Publisher("tcp://127.0.0.1:*", heartbeat_every_s=0.01, public=public)
        assert made.public_endpoint is not None
        self.ours.trust(made.public_endpoint, self.server)
        return made


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "ours"))
    return Place(tmp_path)


def door(publisher: Publisher) -> str:
    assert publisher.public_endpoint is not None
    return publisher.public_endpoint


def test_who_is_let_in_hears_what_programs_of_the_machine_hear(place: Place) -> None:
    place.let_in()
    with (
        closing(place.publisher()) as publisher,
        Subscriber(door(publisher)) as guest,
        Subscriber(publisher.endpoint) as local,
    ):
        for one in (guest, local):
            join(publisher, one)
        publisher.emit(event())
        for one in (guest, local):
            assert event() in [message.record for message in catch_up(publisher, one)]


def test_a_key_that_was_not_let_in_a_wrong_one_of_the_monitor_and_none_at_all_hear_nothing(
    place: Place,
) -> None:
    place.theirs.allow(Guest("another", place.server))
    with closing(place.publisher()) as publisher, zmq.Context() as context:
        plain, wrong = context.socket(zmq.SUB), context.socket(zmq.SUB)
        pair = place.ours.own()
        assert pair is not None
        wrong.setsockopt(
            zmq.CURVE_SERVERKEY, as_bytes(pair.public)
        )  # of somebody who only says to be the monitor
        wrong.setsockopt(zmq.CURVE_PUBLICKEY, as_bytes(pair.public))
        wrong.setsockopt(zmq.CURVE_SECRETKEY, as_bytes(pair.secret))
        with plain, wrong, Subscriber(door(publisher)) as guest, Subscriber(publisher.endpoint) as local:
            for one in (plain, wrong):
                one.setsockopt(zmq.SUBSCRIBE, b"")
                one.connect(door(publisher))
            join(publisher, local)
            for _ in range(50):
                catch_up(publisher, local)
            assert drain(guest) == []
            assert not plain.poll(0)
            assert not wrong.poll(0)


def test_who_may_listen_may_ask_what_changes_nothing(place: Place) -> None:
    place.let_in()
    with closing(place.publisher()) as publisher, Subscriber(door(publisher)) as guest:
        assert isinstance(guest.request(Request("snapshot")), Snapshot)
        reply = while_turning(publisher, lambda: guest.request(PAUSE))
        assert isinstance(reply, Reply)
        assert not reply.ok
        assert "listen only" in (reply.error or "")


def test_who_may_control_is_known_by_the_name_of_the_key_whatever_he_says(place: Place) -> None:
    place.let_in(control=True)
    asked: list[Request] = []

    def take(request: Request) -> Reply:
        asked.append(request)
        return agree(request)

    with closing(place.publisher()) as publisher, Subscriber(door(publisher)) as guest:
        request = Request("pause", value=True, client="somebody else")
        reply = while_turning(publisher, lambda: guest.request(request), take)
    assert reply == Reply(ok=True)
    assert [one.client for one in asked] == ["attic (by key)"]


def test_who_is_let_in_no_more_hears_nothing_more_at_once(place: Place) -> None:
    place.let_in(control=True)
    with closing(place.publisher()) as publisher, Subscriber(door(publisher)) as guest:
        join(publisher, guest)
        place.theirs.revoke("attic")
        heard: list[Message | None] = []

        def step() -> None:
            publisher.poll(agree)
            heard.append(guest.receive(0.2))  # some twenty heartbeats

        until(lambda: heard[-1:] == [None], step)
        publisher.emit(event())
        assert guest.receive(0.3) is None
        with pytest.raises(NoAnswer, match="does it let this machine in"):
            guest.request(PAUSE, timeout_s=0.5)


@pytest.mark.parametrize(("host", "here"), [("127.0.0.1", True), ("[::ffff:127.0.0.1]", False)])
def test_only_a_monitor_of_this_machine_that_is_absent_leaves_its_files_to_others(
    place: Place, host: str, here: bool
) -> None:
    endpoint = f"tcp://{host}:9"  # nobody is there, at whatever address this machine is reached
    place.ours.trust(endpoint, place.server)
    with pytest.raises(PublishError, match="No monitor answers") as raised:
        ask(endpoint, PAUSE, timeout_s=0.05)
    assert isinstance(raised.value, NoAnswer) == here


def test_nothing_is_published_to_others_without_keys_or_guests(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    for sentence in ("monitor keys new", "monitor keys allow"):
        with pytest.raises(PublishError, match=sentence):
            Publisher("tcp://127.0.0.1:*", public=Public("tcp://127.0.0.1:*", keys))
        if not keys.own():
            keys.make_own()


def test_a_port_that_is_taken_is_said_and_all_else_released(place: Place) -> None:
    place.let_in()
    with closing(place.publisher()) as first, pytest.raises(PublishError, match="is in use"):
        Publisher("tcp://127.0.0.1:*", public=Public(door(first), place.theirs))
    Publisher("tcp://127.0.0.1:*", public=Public("tcp://127.0.0.1:*", place.theirs)).close()


@pytest.mark.parametrize("address", ["ipc:///run/x", "tcp://127.0.0.1:65535", "here", "tcp://a b:1"])
def test_what_is_no_address_for_others_is_refused(place: Place, address: str) -> None:
    config = Config(publish=PublishConfig(bind="tcp://127.0.0.1:*", public=address))
    with pytest.raises(PublishError):
        open_bus(config, None)
