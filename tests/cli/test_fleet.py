"""`monitor fleet` as it is typed, with real brokers and real nodes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.bus.codec import encode_json
from monitor.bus.messages import Answer
from monitor.cli.main import main
from monitor.config.settings import UplinkConfig
from monitor.sinks.uplink.link import Asked, Connected, Topics
from monitor.sinks.uplink.opening import make_link
from tests import mosquitto, nats_server
from tests.fleet.test_standing import STATE
from tests.local_server import PATIENCE_S, free_port
from tests.mosquitto import Broker
from tests.nats_server import NatsServer

NEEDS = {"mqtt": mosquitto.missing(), "nats": nats_server.missing()}
RUN = [sys.executable, "-m", "monitor", "run", "--headless", "--bind", "none"]
HISS = (
    "import array, random, sys, time\n"
    "while True:\n"
    "    block = array.array('h', random.choices(range(-900, 900), k=1600)).tobytes()\n"
    "    sys.stdout.buffer.write(block); sys.stdout.buffer.flush(); time.sleep(0.1)\n"
)


@pytest.fixture(params=["mqtt", "nats"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if reason := NEEDS[request.param]:
        pytest.skip(reason)
    with Broker(tmp_path) if request.param == "mqtt" else NatsServer(tmp_path) as server:
        yield server.url


@contextmanager
def node(name: str, url: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A run that hears a hiss without end, or what `arguments` say."""
    environment = {**os.environ, "MONITOR_PUBLISH_NODE": name, "MONITOR_UPLINK_HEARTBEAT_S": "1"}
    source = [] if arguments else ["--source", "-"]
    with (
        subprocess.Popen([sys.executable, "-c", HISS], stdout=subprocess.PIPE) as hiss,
        subprocess.Popen(
            [*RUN, "--uplink", url, *source, *arguments],
            env=environment,
            stdin=hiss.stdout,
            stdout=subprocess.DEVNULL,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()
            hiss.kill()


def status(url: str, capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    capfd.readouterr()
    code = main(["fleet", "status", "--uplink", url, "--json", *arguments])
    return code, json.loads(capfd.readouterr().out.splitlines()[-1])


def until_status(
    url: str, capfd: pytest.CaptureFixture[str], wanted: dict[str, str]
) -> tuple[int, list[dict[str, Any]]]:
    """Ask again and again until all nodes are as wanted."""
    for _ in range(int(PATIENCE_S)):
        code, found = status(url, capfd)
        if {one["node"]: one["status"] for one in found} == wanted:
            return code, found
        threading.Event().wait(0.5)
    raise AssertionError(found)


def test_all_nodes_are_one_table_and_one_that_is_killed_is_at_its_top(
    url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with node("cellar", url), node("attic", url) as attic:
        code, found = until_status(url, capfd, {"attic": "good", "cellar": "good"})
        assert code == 0
        assert [one["clock_wrong"] for one in found] == [False, False]
        attic.kill()
        dead = "lost" if url.startswith("mqtt") else "silent"
        code, found = until_status(url, capfd, {"attic": dead, "cellar": "good"})
        assert (code, found[0]["node"]) == (1, "attic")
        code, found = status(url, capfd, "porch", "cellar")
        assert (code, [(one["node"], one["status"]) for one in found]) == (
            1,
            [("porch", "unknown"), ("cellar", "good")],
        )
        assert main(["fleet", "status", "--uplink", url, "--watch", "--duration", "0.1"]) == 1
        assert "cellar" in capfd.readouterr().out
        assert main(["fleet", "forget", "attic", "--uplink", url]) == 0
        until_status(url, capfd, {"cellar": "good"})
        assert main(["fleet", "forget", "attic", "--uplink", url]) == 2
        assert "valid: cellar" in capfd.readouterr().err


def test_a_run_that_ends_in_order_is_stopped_not_lost(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    with node("attic", url, "--source", "demo", "--fast") as attic:
        attic.wait(PATIENCE_S)
    code, _ = until_status(url, capfd, {"attic": "stopped"})
    assert code == 1


def test_a_clock_that_is_an_hour_ahead_is_said_to_be(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A node's own link, with a clock that is wrong."""
    ahead, connected = timedelta(hours=1), threading.Event()

    def hear(happened: object) -> None:
        if isinstance(happened, Connected):
            connected.set()
        if isinstance(happened, Asked):
            answer = Answer(node="attic", ask=happened.ask, time=datetime.now(UTC) + ahead)
            link.answer(happened, encode_json(answer))

    link = make_link(UplinkConfig(url=url), Topics("fleet", "attic"))(hear)
    link.start()
    try:
        assert connected.wait(PATIENCE_S)
        state = {**{name: getattr(STATE, name) for name in STATE.__struct_fields__}}
        link.state(encode_json(type(STATE)(**{**state, "time": datetime.now(UTC) + ahead})), stopped=False)
        code, found = until_status(url, capfd, {"attic": "good"})
        assert (code, found[0]["clock_wrong"]) == (1, True)
        assert abs(found[0]["clock_s"] - 3600.0) < 2.0
        assert main(["fleet", "status", "--uplink", url]) == 1
        assert "WRONG: 60 min ahead" in capfd.readouterr().out
    finally:
        link.close(2.0)


def test_events_come_once_each_with_the_place_they_were_heard_at(
    url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with ExitStack() as stack:
        if url.startswith("nats"):
            stack.enter_context(node("attic", url, "--source", "demo", "--fast")).wait(PATIENCE_S)
        else:
            threading.Timer(
                1.0, lambda: stack.enter_context(node("attic", url, "--source", "demo", "--duration", "15"))
            ).start()
        since = ["--since", "1h"] if url.startswith("nats") else []
        duration = "2" if since else "18"
        assert main(["fleet", "events", "--json", "--uplink", url, "--duration", duration, *since]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert len(lines) >= 1
    assert len({one["id"] for one in lines}) == len(lines)
    assert {one["node"] for one in lines} == {"attic"}


def test_a_broker_that_is_not_there_and_one_that_is_not_named_are_one_sentence(
    capfd: pytest.CaptureFixture[str],
) -> None:
    for arguments, expected in (
        (["--uplink", f"mqtt://127.0.0.1:{free_port()}"], "Connection refused"),
        ([], "Give --uplink URL"),
        (["--uplink", "http://home"], "valid: mqtt://HOST"),
        (["--uplink", "mqtt://ear:hunter2@home"], "UPLINK_PASSWORD"),
    ):
        assert main(["fleet", "status", *arguments]) == 2
        said = capfd.readouterr().err
        assert expected in said
        assert "hunter2" not in said
        assert said.count("\n") == 1


@pytest.mark.skipif(bool(NEEDS["mqtt"]), reason=NEEDS["mqtt"] or "there is a broker")
def test_no_nodes_is_no_good_news(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Broker(tmp_path) as broker:
        assert main(["fleet", "status", "--uplink", broker.url]) == 1
        assert "No node has reported" in capfd.readouterr().out


class Pushing:
    """A node that takes settings signed by a key, and who pushes them."""

    def __init__(self, url: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self._url, self._folder, self._capfd = url, folder, capfd
        self.key = folder / "warden.pem"
        assert main(["fleet", "key", str(self.key)]) == 0
        public = capfd.readouterr().out.partition('config_key = "')[2].partition('"')[0]
        assert main(["fleet", "key", str(self.key)]) == 0
        assert public in capfd.readouterr().out, "the same again"
        self.environment = {
            "MONITOR_UPLINK_ACCEPT_CONFIG": "true",
            "MONITOR_UPLINK_CONFIG_KEY": f"'{public}'",
            "MONITOR_UPLINK_HEALTHY_S": "5",
        }

    def give(self, what: str, to: str, text: str = "", sign: bool = True) -> tuple[int, list[dict[str, Any]]]:
        """Push `text`, or take it back; return the exit code and what became of it."""
        file = self._folder / "pushed.toml"
        file.write_text(text)
        named = [str(file)] if what == "push" else []
        key = ["--key", str(self.key)] if sign else []
        self._capfd.readouterr()
        code = main(["fleet", what, *named, "--to", to, "--uplink", self._url, "--json", *key])
        said = self._capfd.readouterr().out
        return code, json.loads(said.splitlines()[-1]) if said else []


def test_settings_are_pushed_refused_and_taken_back(
    url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pushing = Pushing(url, tmp_path, capfd)
    with node("cellar", url):
        for name, value in pushing.environment.items():
            monkeypatch.setenv(name, value)
        with node("attic", url) as attic:
            until_status(url, capfd, {"attic": "good", "cellar": "good"})
            words = '[prompts]\nclasses = ["siren", "doorbell"]\n'
            assert pushing.give("push", "attic", "[notify.targets.x]\ncommand = 'rm'\n") == (2, [])
            assert pushing.give("push", "attic", "[detector]\nconfirm_s = 99\n") == (2, [])
            assert pushing.give("push", "cellar", words) == (2, []), "it takes none"
            assert pushing.give("push", "porch", words) == (2, [])

            code, (fate,) = pushing.give("push", "attic", words, sign=False)
            assert (code, fate["outcome"]) == (1, "refused")
            code, (fate,) = pushing.give("push", "all", words)
            assert (code, fate["node"], fate["outcome"]) == (0, "attic", "applied")
            assert fate["why"] == "Changed, while it goes on: prompts.classes."
            good = fate["hash"]

            muted = words + '[detector]\nmuted = ["siren", "doorbell"]\n'
            code, (fate,) = pushing.give("push", "attic", muted)
            assert (code, fate["outcome"], fate["hash"]) == (1, "rolled_back", good)
            assert "every class is muted" in fate["why"]

            attic.kill()
            attic.wait()
        code, (fate,) = pushing.give("push", "attic", words.replace("doorbell", "dog_bark"))
        assert (code, fate["outcome"]) == (1, "away")
        with node("attic", url):
            until_applied(url, capfd, good)
            code, (fate,) = pushing.give("rollback", "attic")
            assert (code, fate["outcome"], fate["hash"]) == (0, "rolled_back", good)
            code, (fate,) = pushing.give("rollback", "attic")
            assert (code, fate["hash"]) == (0, "")
            assert pushing.give("rollback", "attic") == (2, []), "there is nothing to take back"


def until_applied(url: str, capfd: pytest.CaptureFixture[str], other_than: str) -> None:
    for _ in range(int(PATIENCE_S)):
        _, found = status(url, capfd, "attic")
        config = found[0]["config"]
        if config["outcome"] == "applied" and config["hash"] != other_than:
            return
        threading.Event().wait(0.5)
    raise AssertionError(found)


@pytest.mark.skipif(bool(NEEDS["mqtt"]), reason=NEEDS["mqtt"] or "there is a broker")
def test_a_program_that_is_killed_while_it_tries_settings_begins_with_those_before(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Broker(tmp_path) as broker:
        pushing = Pushing(broker.url, tmp_path, capfd)
        for name, value in {**pushing.environment, "MONITOR_UPLINK_HEALTHY_S": "300"}.items():
            monkeypatch.setenv(name, value)
        with node("attic", broker.url):
            until_status(broker.url, capfd, {"attic": "good"})
            arguments = ["--to", "attic", "--uplink", broker.url, "--key", str(pushing.key), "--wait", "3"]
            (tmp_path / "new.toml").write_text('[prompts]\nclasses = ["siren"]\n')
            assert main(["fleet", "push", str(tmp_path / "new.toml"), *arguments]) == 1
            assert "has not told yet" in capfd.readouterr().out
        with node("attic", broker.url):
            until_status(broker.url, capfd, {"attic": "good"})
            _, found = status(broker.url, capfd, "attic")
            assert (found[0]["config"]["outcome"], found[0]["config"]["hash"]) == ("rolled_back", "")
            assert "ended while they were tried" in found[0]["config"]["why"]
