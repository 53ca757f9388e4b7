"""The uplink with real brokers: what they have of a node, also after kills and cuts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import pytest

from monitor.bus.messages import Event
from monitor.config.settings import UplinkConfig, load_config
from monitor.errors import ConfigError
from monitor.sinks.broker import MOST_WITH_OTHERS, BrokerSink
from monitor.sinks.kinds import SinkOptions
from monitor.sinks.uplink.link import Topics
from monitor.sinks.uplink.opening import make_link
from monitor.sinks.uplink.remote import Remote
from monitor.sinks.uplink.sink import open_uplink
from monitor.sinks.uplink.spool import Spool
from monitor.sinks.uplink.summary import About, Summary, is_wanted
from monitor.sinks.uplink.worker import IN_FLIGHT, Worker
from tests import mosquitto, nats_server
from tests.cut_line import Line
from tests.examples import NOON, event, health
from tests.local_server import PATIENCE_S, until
from tests.mosquitto import Broker, Listener
from tests.nats_server import NatsServer

NEEDS = {"mqtt": mosquitto.missing(), "nats": nats_server.missing()}


class Reader(Protocol):
    """Who reads what a broker has of the node `attic`."""

    def reports(self) -> list[dict[str, Any]]: ...
    def states(self) -> list[dict[str, Any]]: ...
    def flood(self, what: str, payload: str, times: int) -> None: ...


class MqttReader:
    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def reports(self) -> list[dict[str, Any]]:
        return self._of("report")

    def states(self) -> list[dict[str, Any]]:
        return self._of("state")

    def flood(self, what: str, payload: str, times: int) -> None:
        self._listener.flood(f"fleet/attic/{what}", payload, times)

    def back(self) -> None:
        self._listener.back()

    def _of(self, what: str) -> list[dict[str, Any]]:
        messages = list(self._listener.messages)
        return [json.loads(one.payload) for one in messages if one.topic == f"fleet/attic/{what}"]


class NatsReader:
    def __init__(self, server: NatsServer) -> None:
        self._server = server

    def reports(self) -> list[dict[str, Any]]:
        return self._server.kept("fleet_reports")

    def states(self) -> list[dict[str, Any]]:
        return self._server.kept("fleet_states")

    def flood(self, what: str, payload: str, times: int) -> None:
        self._server.flood(f"fleet.attic.{what}", payload, times)


class Place:
    """A broker, a line to it, and who reads it."""

    def __init__(self, server: Broker | NatsServer, line: Line, reader: Reader) -> None:
        self.server, self.line, self.reader = server, line, reader
        self.url = f"{server.url.partition(':')[0]}://127.0.0.1:{line.port}"


@pytest.fixture(params=["mqtt", "nats"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if reason := NEEDS[request.param]:
        pytest.skip(reason)
    if request.param == "nats":
        with NatsServer(tmp_path) as server, Line(server.port) as line:
            yield Place(server, line, NatsReader(server))
        return
    with Broker(tmp_path) as broker, Line(broker.port) as line, Listener(broker.port) as listener:
        yield Place(broker, line, MqttReader(listener))


def opened(url: str, **settings: Any) -> BrokerSink[Worker]:
    config = load_config(flags={"publish": {"node": "attic"}, "uplink": {"url": url, **settings}})
    sink = open_uplink(config, SinkOptions())
    assert sink is not None
    return sink


def numbered(number: int, type_: Any = "onset") -> Event:
    return event(type_, id_=f"run-{number}")


def until_news(sink: BrokerSink[Worker], text: str) -> str:
    return until(lambda: next((one for one in sink.news() if text in one), ""))


def ids(reports: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(one["event"]["id"] for one in reports if one["event"]))


def test_events_changes_and_signs_of_life_go_up(place: Place) -> None:
    with closing(opened(place.url, heartbeat_s=1.0, place="Under the roof")) as sink:
        sink.emit(health())
        sink.emit(event("onset"))
        sink.emit(event("update"))
        sink.emit(event("offset"))
        sink.emit(health("lost", "the microphone is gone"))
        until(lambda: len(place.reader.reports()) >= 2)
        types = [one["event"]["type"] for one in place.reader.reports() if one["event"]]
        assert types == ["onset", "offset"]
        assert [one["sequence"] for one in place.reader.reports()] == [1, 2]
        until(lambda: bool(place.reader.states()) and place.reader.states()[-1]["sources"] != [])
        state = place.reader.states()[-1]
        assert (state["node"], state["place"], state["last_event"]["class"]) == (
            "attic",
            "Under the roof",
            "dog_bark",
        )
        first = state["time"]
        until(lambda: any(one["time"] != first for one in place.reader.states()))
    assert place.reader.states()[-1]["stopped"] is True
    assert sink.dropped == 0


def test_with_the_network_away_events_wait_and_come_in_order_at_their_pace(place: Place) -> None:
    with closing(opened(place.url, per_second=50.0)) as sink:
        sink.emit(health())
        until(lambda: bool(place.reader.states()))
        place.line.cut()
        until_news(sink, "cannot be reached")
        for number in range(200):
            sink.emit(numbered(number))
        place.line.mend()
        begun_s = time.monotonic()
        assert "200 reports wait" in until_news(sink, "is connected")
        until(lambda: len(ids(place.reader.reports())) == 200)
        assert time.monotonic() - begun_s > 2.0, "150 beyond the first 50, at 50 a second"
        assert ids(place.reader.reports()) == [f"run-{number}" for number in range(200)]
    assert sink.dropped == 0


def test_a_broker_that_is_killed_amid_events_has_each_when_it_is_back(place: Place) -> None:
    """All that waited, of JetStream all: what an MQTT broker had taken and not passed on dies with it."""
    seen: list[str] = []
    with closing(opened(place.url, per_second=500.0)) as sink:
        for number in range(300):
            sink.emit(numbered(number))
            if number == 150:
                until(lambda: len(ids(place.reader.reports())) > 20)
                seen += ids(place.reader.reports())
                place.server.kill()
        until_news(sink, "cannot be reached")
        until(sink._worker.mailbox.empty)
        waited = {one.id.partition(":")[0] for one in sink._worker._spool.after(0, 1000)}
        assert len(waited) >= 149
        place.line.cut()
        place.server.start()
        if isinstance(place.reader, MqttReader):
            place.reader.back()
        place.line.mend()
        wanted = waited if isinstance(place.reader, MqttReader) else {f"run-{one}" for one in range(300)}
        until(lambda: wanted <= {*seen, *ids(place.reader.reports())})
    assert sink.dropped == 0


def test_a_node_that_is_killed_again_and_again_loses_none_and_sends_none_twice_as_seen_by_id(
    place: Place, tmp_path: Path
) -> None:
    program = """
import sys, time
from monitor.config.settings import load_config
from monitor.sinks.broker import BrokerSink
from monitor.sinks.kinds import SinkOptions
from monitor.sinks.uplink import sink as module
from tests.examples import event
uplink = {"url": sys.argv[1], "per_second": 200.0}
config = load_config(flags={"publish": {"node": "attic"}, "uplink": uplink})
sink = module.open_uplink(config, SinkOptions())
spool = sink._worker._spool
add = spool.add
def told(reports):
    add(reports)
    for one in reports:
        print(one.event.id, flush=True)
spool.add = told
for number in range(10**6):
    sink.emit(event(id_=f"{sys.argv[2]}-{number}"))
    time.sleep(0.01)
"""
    written: list[str] = []
    for run in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", program, place.url, str(run)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(5 + 7 * run)]
            os.kill(process.pid, signal.SIGKILL)
            lines += process.stdout.readlines()
        written += [line.strip() for line in lines if line.endswith("\n")]
    with closing(opened(place.url, per_second=1000.0)):
        until(lambda: set(written) <= set(ids(place.reader.reports())))
    reports = place.reader.reports()
    by_number = {(one["spool"], one["sequence"]): one["id"] for one in reports}
    assert len(by_number) == len({one["id"] for one in reports}), "one number, one report"
    assert len(written) > 150
    if isinstance(place.reader, NatsReader):
        assert len(reports) == len({one["id"] for one in reports}), "JetStream keeps each once"
    found = ids(reports)
    assert found == sorted(found, key=lambda one: [int(part) for part in one.split("-")])


def test_a_flood_of_orders_is_cut_off_and_told_and_events_go_out(place: Place) -> None:
    told = threading.Event()

    def say(_: str) -> None:
        assert told.wait(PATIENCE_S)

    worker = Worker(
        "The broker",
        Summary(About("attic", "run", "made", "", NOON, 15.0)),
        Spool(None, 1.0, 1.0),
        Remote("attic", None, True, None, 60.0, say),
        make_link(UplinkConfig(url=place.url), Topics("fleet", "attic")),
        UplinkConfig(),
        deque(),
    )
    with closing(BrokerSink(worker, is_wanted)) as sink:
        sink.emit(health())
        until(lambda: bool(place.reader.states()))
        place.reader.flood("order", "{}", MOST_WITH_OTHERS + 500)
        until_news(sink, "brings more than can be looked at")
        assert worker.mailbox.qsize() <= MOST_WITH_OTHERS + IN_FLIGHT
        sink.emit(event())
        told.set()
        until(lambda: ids(place.reader.reports()) == ["run-dog_bark-0"])
    assert sink.dropped == 0


def test_a_run_without_a_broker_loses_nothing_the_next_one_sends_it(place: Place) -> None:
    place.line.cut()
    sink = opened(place.url)
    sink.emit(event())
    until_news(sink, "Reports wait on the disk")
    sink.close()
    assert sink.dropped == 0
    place.line.mend()
    with closing(opened(place.url)):
        until(lambda: ids(place.reader.reports()) == ["run-dog_bark-0"])


def test_a_second_monitor_of_the_same_name_is_told_so(place: Place) -> None:
    with closing(opened(place.url)), closing(opened(place.url)) as second:
        assert "give one of them another" in until_news(second, "is the node attic too")


@pytest.mark.skipif(bool(NEEDS["mqtt"]), reason=NEEDS["mqtt"] or "there is a broker")
def test_the_broker_says_that_a_node_was_killed(tmp_path: Path) -> None:
    run = [sys.executable, "-m", "monitor", "run", "--source", "demo", "--headless", "--bind", "none"]
    with Broker(tmp_path) as broker, Listener(broker.port) as listener:
        environment = {**os.environ, "MONITOR_PUBLISH_NODE": "attic"}
        with subprocess.Popen([*run, "--uplink", broker.url], env=environment) as process:
            listener.until_last("attic/presence", "online")
            listener.until(lambda: bool(MqttReader(listener).reports()))
            process.kill()
        listener.until_last("attic/presence", "lost")


def test_what_cannot_work_is_refused_and_a_password_is_never_shown(capfd: pytest.CaptureFixture[str]) -> None:
    from monitor.cli.main import main

    assert main(["run", "--source", "demo", "--uplink", "nats://ear:hunter2@home"]) == 2
    assert "hunter2" not in capfd.readouterr().err
    refused: list[dict[str, Any]] = [
        {"url": "http://home"},
        {"url": "nats://ear@home"},
        {"url": "nats://home", "password_file": "/nowhere", "user": "ear"},
        {"url": "nats://home", "password_file": "/nowhere"},
        {"url": "tls://home", "ca_file": "/nowhere"},
        {"url": "nats://home", "credentials_file": "/nowhere"},
        {"url": "mqtt://home", "credentials_file": "/nowhere"},
        {"url": "mqtt://home", "prefix": "a/+/b"},
        {"url": "mqtt://home", "heartbeat_s": 0.0},
    ]
    for wrong in refused:
        with pytest.raises(ConfigError):
            opened(wrong.pop("url"), **wrong)


@pytest.mark.skipif(
    bool(NEEDS["nats"] or NEEDS["mqtt"]), reason=NEEDS["nats"] or NEEDS["mqtt"] or "there is one"
)
def test_an_encrypted_server_is_trusted_by_its_authority_and_a_wrong_password_is_told(tmp_path: Path) -> None:
    ca, _ = mosquitto.certificates(tmp_path)
    tls = f'tls {{ cert_file: "{tmp_path}/broker.pem", key_file: "{tmp_path}/broker.key" }}'
    with NatsServer(tmp_path, tls, 'authorization { user: ear, password: "hunter/2" }') as server:
        url = f"tls://localhost:{server.port}"
        with closing(opened(url, user="ear")) as untrusting:
            assert "certificate is not trusted" in until_news(untrusting, "cannot be reached")
        for password, expected in (("wrong", "refuses this user; check [uplink]"), ("hunter/2", "")):
            secret = tmp_path / "secret"
            secret.write_text(f"{password}\n")
            with closing(opened(url, user="ear", ca_file=str(ca), password_file=str(secret))) as sink:
                sink.emit(event())
                if expected:
                    assert expected in until_news(sink, "cannot be reached")
                else:
                    until(lambda: len(sink._worker._spool) == 0)


@pytest.mark.skipif(bool(NEEDS["nats"]), reason=NEEDS["nats"] or "there is a server")
def test_a_server_that_keeps_nothing_is_told_as_that(tmp_path: Path) -> None:
    with NatsServer(tmp_path, jetstream=False) as server, closing(opened(server.url)) as sink:
        sink.emit(event())
        assert "start nats-server with -js" in until_news(sink, "cannot be reached")
    assert sink.dropped == 0
