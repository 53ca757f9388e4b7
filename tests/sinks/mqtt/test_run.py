"""`monitor run --mqtt` in one process, and in another who listens to the broker as Home Assistant does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.bus.messages import Health
from monitor.bus.subscriber import Subscriber
from monitor.cli.main import main
from tests.mosquitto import Broker, Listener, missing, password_file

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "there is a broker")
RUN = [
    sys.executable,
    "-m",
    "monitor",
    "run",
    "--source",
    "demo",
    "--classes",
    "siren,dog_bark",
    "--headless",
]


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*RUN, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "MONITOR_PUBLISH_NODE": "attic", **environment},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_demo_is_found_heard_and_steered_and_its_death_is_noticed(tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/events"
    with (
        Broker(tmp_path) as broker,
        Listener(broker.port) as home,
        Subscriber(endpoint, ("health/",)) as healths,
        running("--mqtt", broker.url, "--bind", endpoint) as monitor,
    ):
        home.until_last("attic/availability", "online")
        config = json.loads(home.last("homeassistant/device/monitor_attic/config") or "")
        siren, mute = (config["cmps"][f"demo.{one}"] for one in ("siren.sound", "dog_bark.mute"))
        home.until_last(siren["state_topic"], "OFF")

        home.publish(mute["command_topic"], "ON")
        home.until_last(mute["state_topic"], "ON")
        muted = until_changed(healths)
        assert [one.muted for one in muted.classes] == [False, True]
        assert [(one.what, one.class_, one.by) for one in muted.changes] == [("mute", "dog_bark", "MQTT")]

        home.until_last(siren["state_topic"], "ON")
        home.until(lambda: bool(home.events()))
        assert [(one["event_type"], one["class"], one["node"]) for one in home.events()] == [
            ("onset", "siren", "attic")
        ]
        monitor.kill()
        home.until_last("attic/availability", "offline")


def test_two_monitors_that_are_called_the_same_both_say_so(tmp_path: Path) -> None:
    with (
        Broker(tmp_path) as broker,
        running("--mqtt", broker.url, "--bind", f"ipc://{tmp_path}/one") as one,
        Listener(broker.port) as home,
    ):
        home.until_last("attic/availability", "online")
        with running("--mqtt", broker.url, "--bind", f"ipc://{tmp_path}/two") as two:
            for monitor in (one, two):
                assert monitor.stdout is not None
                said = next(line for line in monitor.stdout if "called 'attic' too" in line)
                assert "Give each a name of its own: [publish] node." in said


def test_a_password_is_used_and_never_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        Broker(tmp_path, *password_file(tmp_path, "ear", "hunter/2")) as broker,
        Listener(broker.port, user=("ear", "hunter/2")) as home,
    ):
        url = f"mqtt://ear:hunter%2F2@127.0.0.1:{broker.port}"
        with running("--mqtt", url, "--bind", "none", "--duration", "3") as monitor:
            said, _ = monitor.communicate(timeout=60)
        assert monitor.returncode == 0, said
        home.until_last("attic/availability", "offline")
        own = {"MQTT_PASSWORD": "wrong", "MONITOR_MQTT_USER": "ear"}
        with running("--mqtt", broker.url, "--bind", "none", "--duration", "3", **own) as monitor:
            refused, _ = monitor.communicate(timeout=60)
    assert "it refuses this user; check [mqtt] user, and the password" in refused
    assert not any(secret in said + refused for secret in ("hunter", "wrong", "ear@"))
    for wrong in ("mqtt://ear:hunter2@home/x", "http://ear:hunter2@home"):
        assert main([*RUN[3:], "--mqtt", wrong]) == 2
        shown = capsys.readouterr().err
        assert "--mqtt is" in shown
        assert "hunter2" not in shown


def test_a_broker_that_is_not_there_keeps_nobody_from_listening(tmp_path: Path) -> None:
    url = Broker(tmp_path).url
    with running("--mqtt", url, "--fast", "--bind", "none") as monitor:
        said, _ = monitor.communicate(timeout=60)
    assert "may be a siren" in said
    assert said.count("cannot be reached: Connection refused") == 1
    assert "events; they are lost." in said
    assert monitor.returncode == 1, "as with every record that is lost"


def until_changed(healths: Subscriber) -> Health:
    while True:
        message = healths.receive(timeout_s=30.0)
        assert message is not None, "there is no monitor"
        if isinstance(message.record, Health) and message.record.changes:
            return message.record
