"""The examples do what they say: against a server, a serial port and a flow that are real."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from monitor.cli.main import main
from monitor.config.by_class import by_class
from monitor.config.fleet import listed_classes, places
from monitor.config.settings import load_config
from monitor.scoring.prompts import parse_classes
from monitor.sinks.notify.texts import payload_of
from tests.examples import event, health
from tests.sinks.notify.channels import serving

EXAMPLES = Path(__file__).parents[1] / "examples"
CONFIGS = sorted(EXAMPLES.rglob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_example_is_a_configuration_that_a_run_takes(path: Path) -> None:
    config = load_config(path)
    classes = parse_classes(",".join(listed_classes(config)), config.prompts.aliases)
    by_class(config, classes, strict=True)
    places(config, classes, strict=True)
    assert config.notify.targets


def with_port(name: str, address: str, port: int, folder: Path) -> str:
    """Return an example in which another place is called."""
    text = (EXAMPLES / name).read_text("utf-8")
    assert address in text
    path = folder / "my.toml"
    path.write_text(text.replace(address, f"127.0.0.1:{port}"), "utf-8")
    return str(path)


def test_the_lamp_is_lit_by_calling_its_address(tmp_path: Path) -> None:
    with serving() as plug:
        config = with_port("lamp/lamp.toml", "192.168.1.50", plug.port, tmp_path)
        assert main(["test", "notify", "--config", config]) == 0
    (request,) = plug.requests
    assert (request.method, request.path) == ("GET", "/relay/0?turn=on&timer=10")


def test_a_sound_lights_the_lamp_once_and_stays_in_no_queue(tmp_path: Path) -> None:
    with serving() as plug:
        config = with_port("lamp/lamp.toml", "192.168.1.50", plug.port, tmp_path)
        text = Path(config).read_text("utf-8").replace("doorbell", "dog_bark")
        Path(config).write_text(text, "utf-8")
        arguments = ["run", "--source", "demo", "--fast", "--headless", "--bind", "none", "--config", config]
        assert main(arguments) == 0
    assert [request.path for request in plug.requests] == ["/relay/0?turn=on&timer=10"]


def test_the_phone_gets_a_message_through_a_server_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apprise")
    with serving() as server:
        monkeypatch.setenv("PHONE", f"ntfy://127.0.0.1:{server.port}/topic")
        assert main(["test", "notify", "--config", str(EXAMPLES / "phone/phone.toml")]) == 0
    assert json.loads(server.requests[0].body)["title"] == "TEST of monitor"


def vibrated(payload: str) -> list[int]:
    """Return for how long the motor ran each time, as the other end of a serial port saw it."""
    pytest.importorskip("serial")
    motor, port = pty.openpty()
    ran: list[int] = []

    def turn() -> None:
        with os.fdopen(motor, "r+b", buffering=0) as lines:
            rest = b""
            while b"\n" not in rest or rest.split(b"\n")[-2] != b"end":
                rest += lines.read(64)
                while b"\n" in rest and not rest.startswith(b"end"):
                    line, _, rest = rest.partition(b"\n")
                    ran.append(int(line))
                    lines.write(b"ok\n")

    thread = threading.Thread(target=turn, daemon=True)
    thread.start()
    command = [sys.executable, str(EXAMPLES / "vibration/vibrate.py"), os.ttyname(port)]
    subprocess.run(command, input=payload, text=True, timeout=30, check=True)
    os.write(port, b"end\n")
    thread.join(10.0)
    os.close(port)
    return ran


def test_the_motor_turns_longer_and_more_often_for_an_urgent_sound() -> None:
    urgent = payload_of(event()).replace('"urgent":false', '"urgent":true')
    assert vibrated(payload_of(event())) == [200, 200]
    assert vibrated(urgent) == [600, 600, 600]
    assert vibrated(payload_of(health("lost"))) == [1200]


def test_a_motor_that_does_not_answer_is_a_message_not_told(tmp_path: Path) -> None:
    pytest.importorskip("serial")
    command = [sys.executable, str(EXAMPLES / "vibration/vibrate.py"), str(tmp_path / "none")]
    done = subprocess.run(command, input=payload_of(event()), text=True, capture_output=True, check=False)
    assert done.returncode != 0


def test_the_flow_takes_what_is_sent_and_tells_sounds_ends_and_health_apart(tmp_path: Path) -> None:
    flow = {node["name"] if "name" in node else node["label"]: node for node in json.loads(
        (EXAMPLES / "node-red/flow.json").read_text("utf-8")
    )}  # fmt: skip
    ids = {node["id"] for node in flow.values()}
    assert {wire for node in flow.values() for out in node.get("wires", []) for wire in out} <= ids
    assert flow["monitor"]["url"] == "/monitor"
    assert "http://127.0.0.1:1880/monitor" in (EXAMPLES / "node-red/node-red.toml").read_text("utf-8")
    if shutil.which("node") is None:
        pytest.skip("node is not installed; the flow's own function is not run")
    with serving() as server:
        config = with_port("node-red/node-red.toml", "127.0.0.1:1880", server.port, tmp_path)
        assert main(["test", "notify", "--config", config]) == 0
    (request,) = server.requests
    for payload, kind, output in (
        (request.body.decode(), "test", 0),
        (payload_of(event("offset")), "offset", 1),
        (payload_of(health("lost")), "health", 2),
    ):
        headers = {**request.headers, "monitor-kind": kind}
        program = (
            f"const msg = {{payload: {payload}, req: {{headers: {json.dumps(headers)}}}}};"
            f"const out = (function (msg) {{ {flow['what is it?']['func']} }})(msg);"
            "console.log(JSON.stringify(out.map(one => one && one.text)));"
        )
        done = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True)
        texts = json.loads(done.stdout)
        assert [text is not None for text in texts] == [place == output for place in range(3)]
        assert "Nothing was heard." in texts[output]


def test_each_source_of_the_fleet_has_the_settings_of_its_group(
    capsys: pytest.CaptureFixture[str],
) -> None:
    example = str(EXAMPLES / "fleet" / "fleet.toml")
    arguments = ["run", "--config", example, "--fast", "--headless", "--json", "--bind", "none"]
    assert main(arguments) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    onsets = {(one["source_name"], one["class"], one["urgent"]) for one in found if one["type"] == "onset"}
    assert onsets >= {
        ("Bed 1, window", "fire_alarm", True),
        ("Bed 2, door", "fire_alarm", True),
        ("Gate", "siren", False),
        ("Front door", "doorbell", False),
    }
    heard = {name: {class_ for one, class_, _ in onsets if one == name} for name, _, _ in onsets}
    assert heard["Gate"] <= {"siren", "car_horn", "loud_sound"}
    assert heard["Front door"] <= {"doorbell", "door_knock", "loud_sound"}


def test_a_source_of_the_fleet_that_is_none_is_told_by_its_name_and_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (EXAMPLES / "fleet" / "fleet.toml").read_text("utf-8")
    head, _, tail = text.partition("[fleet.sources.gate]")
    path = tmp_path / "my.toml"
    path.write_text(f"{head}[fleet.sources.gate]{tail.replace('demo', 'rtps://10.0.0.2/a', 1)}", "utf-8")
    assert main(["run", "--config", str(path), "--headless", "--bind", "none"]) == 2
    said = capsys.readouterr().err
    assert "fleet.sources.gate (number 3 of 4): There is no source 'rtps://10.0.0.2/a'" in said
