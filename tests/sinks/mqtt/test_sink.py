"""The sink with a real broker: what a second client receives, and what becomes of it when the broker goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitor.bus.messages import Event, Reply, Request
from monitor.config.broker import Password
from monitor.config.settings import load_config
from monitor.errors import ConfigError
from monitor.sinks.broker import BrokerSink
from monitor.sinks.fanout import Fanout
from monitor.sinks.kinds import SinkOptions
from monitor.sinks.mqtt.sink import open_mqtt
from monitor.sinks.mqtt.worker import Worker
from tests.examples import event, health
from tests.local_server import free_port, until
from tests.mosquitto import Broker, Listener, certificates, missing, password_file

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "there is a broker")

NODE = {"publish": {"node": "attic"}}
BASE = "monitor/attic/mic0"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path) as broker:
        yield broker


def opened(url: str, password: Password | None = None, **settings: Any) -> BrokerSink[Worker]:
    config = load_config(flags={**NODE, "mqtt": {"url": url, **settings}})
    sink = open_mqtt(config, SinkOptions(mqtt_password=password))
    assert sink is not None
    return sink


def numbered(number: int, type_: Any = "onset") -> Event:
    return event(type_, id_=str(number))


def until_news(sink: BrokerSink[Worker], beginning: str) -> str:
    """Return the first sentence that begins so; the others are passed over."""
    return until(lambda: next((one for one in sink.news() if one.startswith(beginning)), ""))


def test_a_sound_is_on_until_it_ends_and_both_are_events_of_their_own(broker: Broker) -> None:
    with Listener(broker.port) as home, closing(opened(broker.url)) as sink:
        sink.emit(health())
        home.until_last("attic/availability", "online")
        assert home.last("mic0/dog_bark/sound") == "OFF"
        sink.emit(event())
        home.until_last("mic0/dog_bark/sound", "ON")
        sink.emit(event("update"))
        sink.emit(event("offset"))
        home.until_last("mic0/dog_bark/sound", "OFF")
        home.until(lambda: len(home.events()) == 2)
        assert [(one["event_type"], one["class"]) for one in home.events()] == [
            ("onset", "dog_bark"),
            ("offset", "dog_bark"),
        ]
    assert sink.dropped == 0


def test_who_comes_later_finds_states_and_description_but_no_event_of_before(broker: Broker) -> None:
    with closing(opened(broker.url)) as sink:
        with Listener(broker.port) as first:
            sink.emit(health())
            sink.emit(event())
            first.until(lambda: len(first.events()) == 1 and first.last("/availability") == "online")
        with Listener(broker.port) as home:
            home.until_last("/availability", "online")
            assert home.last("dog_bark/sound") == "ON"
            assert home.last("mic0/hearing") == "good"
            assert json.loads(home.last("monitor_attic/config") or "")["o"]["name"] == "monitor"
            assert not home.events()
            assert all(one.retained for one in home.messages)


def test_a_run_that_ends_says_good_bye(broker: Broker) -> None:
    with Listener(broker.port) as home:
        sink = opened(broker.url)
        sink.emit(health())
        home.until_last("/availability", "online")
        sink.emit(numbered(1))
        sink.close()
        sink.close()
        sink.emit(numbered(2))
        home.until_last("/availability", "offline")
        assert [one["id"] for one in home.events()] == ["1"]


def test_a_short_run_waits_for_the_broker_before_it_ends(broker: Broker) -> None:
    with Listener(broker.port) as home:
        sink = opened(broker.url)
        sink.emit(health())
        for number in range(50):
            sink.emit(numbered(number))
        sink.close()
        assert sink.dropped == 0
        home.until(lambda: len(home.events()) == 50)
        home.until_last("/availability", "offline")


def test_what_was_asked_for_goes_the_way_of_any_client_and_says_who_asked(broker: Broker) -> None:
    asked: list[Request] = []

    def handle(request: Request) -> Reply:
        asked.append(request)
        return Reply(ok=True)

    with Listener(broker.port) as home, closing(opened(broker.url)) as sink:
        sink.emit(health())
        home.until_last("/availability", "online")
        home.publish(f"{BASE}/dog_bark/mute/set", "ON")
        home.publish("monitor/attic/listening/set", "OFF")
        home.publish(f"{BASE}/dog_bark/threshold/set", "0.25")
        home.publish("monitor/attic/acknowledge/set", "PRESS")
        until(lambda: len(asked) == 4, lambda: sink.poll(handle))
    assert asked == [
        Request("mute", "dog_bark", True, "mic0", client="MQTT"),
        Request("pause", None, True, client="MQTT"),
        Request("threshold", "dog_bark", 0.25, "mic0", client="MQTT"),
        Request("acknowledge", client="MQTT"),
    ]


def test_what_is_refused_is_told_with_the_reason_and_the_true_state(broker: Broker) -> None:
    with Listener(broker.port) as home, closing(opened(broker.url)) as sink:
        sink.emit(health())
        home.until_last("/availability", "online")
        home.publish(f"{BASE}/dog_bark/mute/set", "loud")
        home.until(lambda: states(home, "dog_bark/mute") == ["OFF", "OFF"])
        assert "valid: ON, OFF" in json.loads(home.last("attic/refused") or "")["error"]
        home.publish(f"{BASE}/dog_bark/threshold/set", "0.9")
        no = Reply(ok=False, error="Not today.")
        until(lambda: len(states(home, "dog_bark/threshold")) == 2, lambda: sink.poll(lambda _: no))
        assert json.loads(home.last("attic/refused") or "") == {
            "topic": f"{BASE}/dog_bark/threshold/set",
            "payload": "0.9",
            "error": "Not today.",
        }


def test_a_pipeline_that_stands_still_refuses_instead_of_obeying_later(broker: Broker) -> None:
    with Listener(broker.port) as home, closing(opened(broker.url)) as sink:
        sink.emit(health())
        home.until_last("/availability", "online")
        home.publish(f"{BASE}/dog_bark/mute/set", "ON")
        home.until(lambda: "stands still" in (home.last("attic/refused") or ""))
        sink.poll(lambda request: pytest.fail(f"it was done all the same: {request}"))


def test_a_command_that_the_broker_keeps_is_not_obeyed(broker: Broker) -> None:
    with Listener(broker.port) as home:
        home.publish("monitor/attic/listening/set", "OFF", retain=True)
        with closing(opened(broker.url)) as sink:
            sink.emit(health())
            home.until(lambda: "without retain" in (home.last("attic/refused") or ""))
            sink.poll(lambda request: pytest.fail(f"it was done: {request}"))


def test_without_commands_nothing_is_asked_for(broker: Broker) -> None:
    with Listener(broker.port) as home, closing(opened(broker.url, commands=False)) as sink:
        sink.emit(health())
        home.until_last("/availability", "online")
        home.publish("monitor/attic/listening/set", "OFF")
        home.publish("homeassistant/status", "online")
        home.until(lambda: len(states(home, "monitor_attic/config")) == 2)
        assert home.last("attic/refused") is None
        sink.poll(lambda request: pytest.fail(f"it was asked: {request}"))


def test_home_assistant_is_told_again_when_it_comes_online(broker: Broker) -> None:
    with Listener(broker.port) as home, closing(opened(broker.url)) as sink:
        sink.emit(health())
        home.until_last("/availability", "online")
        home.publish("homeassistant/status", "online")
        home.until(lambda: states(home, "attic/availability") == ["online", "online"])
        assert len(states(home, "monitor_attic/config")) == 2
        assert states(home, "dog_bark/sound") == ["OFF", "OFF"]


def test_entities_of_classes_that_are_no_longer_listed_are_taken_away(broker: Broker) -> None:
    two = msgspec.structs.replace(health(), classes=[*health().classes, replaced("siren")])
    with closing(opened(broker.url)) as sink, Listener(broker.port) as home:
        sink.emit(two)
        home.until_last("/availability", "online")
    with Listener(broker.port) as home:
        home.until_last("mic0/siren/sound", "OFF")
        with closing(opened(broker.url)) as sink:
            sink.emit(health())
            home.until_last("/availability", "online")
        configs = [json.loads(one)["cmps"] for one in states(home, "monitor_attic/config")]
    assert configs[-2]["mic0.siren.sound"] == {"p": "binary_sensor"}
    assert configs[-2]["mic0.siren.event"] == {"p": "event"}
    assert "mic0.dog_bark.sound" in configs[-1]
    assert not [key for key in configs[-1] if "siren" in key]
    with Listener(broker.port) as later:
        later.until_last("/availability", "offline")
        assert later.last("mic0/siren/sound") is None


def test_a_broker_that_comes_later_gets_everything_and_is_told_of_once(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    with closing(opened(broker.url)) as sink:
        fanout = Fanout([sink])
        fanout.emit(health())
        for number in range(100):
            fanout.emit(numbered(number))
        told = until_news(sink, f"The MQTT broker {broker.url} cannot be reached: ")
        assert told.endswith("Events wait for it; the monitor goes on.")
        with broker, Listener(broker.port) as home:
            until_news(sink, f"The MQTT broker {broker.url} is connected.")
            home.until(lambda: home.last("/availability") == "online")
            with Listener(broker.port) as later:
                later.until_last("mic0/hearing", "good")
            sink.close()
        assert (fanout.dropped, fanout.news()) == (0, [])


def test_a_broker_that_is_killed_amid_events_gets_each_in_order_once_it_is_back(broker: Broker) -> None:
    with closing(opened(broker.url)) as sink, Listener(broker.port) as home:
        sink.emit(health())
        home.until_last("/availability", "online")
        for number in range(300):
            sink.emit(numbered(number))
            if number == 100:
                home.until(lambda: bool(home.events()))
                broker.kill()
        until_news(sink, f"The MQTT broker {broker.url} cannot be reached: the connection was lost")
        home.messages.clear()
        arrived = [] if not home.events() else home.events()
        broker.start()
        home.back()
        until_news(sink, f"The MQTT broker {broker.url} is connected.")
        sink.emit(numbered(300))
        sink.close()
        assert sink.dropped == 0
        home.until(lambda: bool(home.events()) and home.events()[-1]["id"] == "300")
        ids = [int(one["id"]) for one in [*arrived, *home.events()]]
    assert sorted(set(ids)) == list(range(ids[0], 301)), "none is missing after the first"
    assert list(dict.fromkeys(ids)) == sorted(set(ids)), "in order, whatever came twice"
    assert len(ids) - len(set(ids)) <= 20, "twice came only what was on its way"


def test_what_no_broker_ever_took_is_counted_and_said() -> None:
    url = f"mqtt://127.0.0.1:{free_port()}"
    sink = opened(url)
    sink.emit(health())
    for number in range(7):
        sink.emit(numbered(number))
    until_news(sink, f"The MQTT broker {url} cannot be reached: Connection refused")
    sink.close()
    assert sink.dropped == 7
    assert sink.news() == [f"The MQTT broker {url} did not take the last 7 events; they are lost."]


def test_a_broker_with_a_password_lets_in_who_has_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cr3t #1\n")
    with Broker(tmp_path, *password_file(tmp_path, "ear", "s3cr3t #1")) as broker:
        with (
            Listener(broker.port, user=("ear", "s3cr3t #1")) as home,
            closing(opened(broker.url, user="ear", password_file=str(secret))) as sink,
        ):
            sink.emit(health())
            home.until_last("/availability", "online")
        with closing(opened(broker.url, Password("wrong"), user="ear")) as sink:
            said = until_news(sink, f"The MQTT broker {broker.url} cannot be reached: it refuses this user")
            assert "wrong" not in said


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_encrypted_broker_is_believed_by_its_own_authority_only(tmp_path: Path) -> None:
    """The library leaves a socket whose certificate is refused to the garbage collector, which warns."""
    ca_file, settings = certificates(tmp_path)
    with Broker(tmp_path, "allow_anonymous true", *settings) as broker:
        url = f"mqtts://localhost:{broker.port}"
        with Listener(broker.port, ca_file=ca_file) as home:
            with closing(opened(url, ca_file=str(ca_file))) as sink:
                sink.emit(health())
                home.until_last("/availability", "online")
            with closing(opened(url)) as sink:
                assert "its certificate is not trusted" in until_news(
                    sink, f"The MQTT broker {url} cannot be reached"
                )
            with closing(opened(f"mqtts://127.0.0.1:{broker.port}", ca_file=str(ca_file))) as sink:
                assert "its certificate is not trusted" in until_news(
                    sink, "The MQTT broker mqtts://127.0.0.1"
                )


def test_certificates_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for name in ("none.pem", "empty.pem"):
        with pytest.raises(ConfigError, match=r"mqtt\.ca_file is .*pem', which holds no certificates"):
            opened("mqtts://localhost", ca_file=str(tmp_path / name))


def states(home: Listener, topic: str) -> list[str]:
    return [one.payload for one in home.messages if one.topic.endswith(topic)]


def replaced(class_: str) -> Any:
    return msgspec.structs.replace(health().classes[0], class_=class_)
