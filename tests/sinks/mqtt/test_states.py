from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from monitor.bus.codec import encode_json
from monitor.bus.messages import ClassState, Event, Health, Snapshot
from monitor.records import HearingState, SourceState
from monitor.sinks.mqtt.node import Node
from monitor.sinks.mqtt.states import event_payload, is_told, states
from monitor.wording import STOPPED
from tests.examples import NOON, event, health

NODE = Node(prefix="home/ears", name="Küche 1")
BASE = "home/ears/kuche-1"


def told(
    *healths: Health, sounding: list[Event] | None = None, missed: list[Event] | None = None
) -> dict[str, str]:
    snapshot = Snapshot("", datetime.now(UTC), {}, list(healths), sounding or [], [], missed or [])
    return {topic: payload.decode() for topic, payload in states(snapshot, NODE).items()}


def test_topics_are_made_of_the_names_of_node_source_and_class() -> None:
    assert NODE.base == BASE
    assert NODE.device_id == "home-ears_kuche-1"
    assert set(told(health())) == {
        f"{BASE}/listening",
        f"{BASE}/missed",
        f"{BASE}/missed/list",
        *(f"{BASE}/mic0/{what}" for what in ("hearing", "connected", "problem", "health")),
        *(f"{BASE}/mic0/dog_bark/{what}" for what in ("sound", "mute", "threshold")),
    }


def test_a_class_sounds_at_the_source_that_hears_it() -> None:
    other = msgspec.structs.replace(health(), source_id="mic1")
    found = told(health(), other, sounding=[event()])
    assert (found[f"{BASE}/mic0/dog_bark/sound"], found[f"{BASE}/mic1/dog_bark/sound"]) == ("ON", "OFF")


@pytest.mark.parametrize(
    ("state", "hearing", "reason", "position_s", "connected", "problem"),
    [
        ("running", "good", None, None, "ON", "OFF"),
        ("silent", "too_quiet", "muted?", None, "ON", "ON"),
        ("running", "noisy", None, None, "ON", "ON"),
        ("lost", "deaf", "unplugged", None, "OFF", "ON"),
        ("starting", "deaf", None, None, "OFF", "ON"),
        ("paused", "deaf", None, None, "ON", "OFF"),
        ("ended", "deaf", STOPPED, None, "OFF", "OFF"),
        ("ended", "deaf", None, 12.0, "OFF", "OFF"),
        ("ended", "deaf", "the program failed", None, "OFF", "ON"),
    ],
)
def test_what_is_wanted_is_no_problem(
    state: SourceState,
    hearing: HearingState,
    reason: str | None,
    position_s: float | None,
    connected: str,
    problem: str,
) -> None:
    one = msgspec.structs.replace(
        health(state, reason), hearing=hearing, position_s=position_s, paused=state == "paused"
    )
    found = told(one)
    assert found[f"{BASE}/mic0/hearing"] == hearing
    assert (found[f"{BASE}/mic0/connected"], found[f"{BASE}/mic0/problem"]) == (connected, problem)
    assert json.loads(found[f"{BASE}/mic0/health"])["state"] == state


def test_the_node_listens_as_long_as_one_source_does() -> None:
    paused = msgspec.structs.replace(health(), paused=True)
    assert told(paused, health())[f"{BASE}/listening"] == "ON"
    assert told(paused)[f"{BASE}/listening"] == "OFF"


def test_thresholds_are_false_alarms_an_hour_where_scores_count_them() -> None:
    plain = health()
    assert told(plain)[f"{BASE}/mic0/dog_bark/threshold"] == "0.5"
    calibrated = msgspec.structs.replace(
        plain,
        calibrated=True,
        classes=[ClassState("dog_bark", "a dog", 0.0909, 0.05, muted=True, urgent=False)],
    )
    found = told(calibrated)
    assert found[f"{BASE}/mic0/dog_bark/threshold"] == "10"
    assert found[f"{BASE}/mic0/dog_bark/mute"] == "ON"


def test_what_was_missed_is_counted_and_listed_newest_last() -> None:
    missed = [msgspec.structs.replace(event("missed", "smoke_alarm"), id=str(number)) for number in range(30)]
    found = told(health(), missed=missed)
    assert found[f"{BASE}/missed"] == "30"
    listed = json.loads(found[f"{BASE}/missed/list"])["events"]
    assert [one["id"] for one in listed] == [str(number) for number in range(10, 30)]
    assert listed[0]["sound"] == "smoke alarm"
    assert datetime.fromisoformat(listed[0]["onset_time"]) == NOON


def test_an_event_is_the_payload_of_the_wire_with_its_type_and_how_long_it_waited() -> None:
    payload = json.loads(event_payload("onset", encode_json(event()), 61.25))
    assert (payload.pop("event_type"), payload.pop("queued_s")) == ("onset", 61.2)
    assert payload == json.loads(encode_json(event()))


def test_updates_are_not_told() -> None:
    assert not is_told(event("update"))
    assert all(is_told(event(one)) for one in ("onset", "offset", "acknowledged", "missed"))
