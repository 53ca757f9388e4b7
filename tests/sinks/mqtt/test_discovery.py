"""The device that Home Assistant is told of, against what its documentation says an entity may have.

`tools/maintain/check_discovery.py` asks Home Assistant's own schemas, where that is installed.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.messages import ClassState, Health
from monitor.names import class_id
from monitor.sinks.mqtt.discovery import discovery, with_removals
from monitor.sinks.mqtt.node import Node
from tests.examples import health

NODE = Node(prefix="monitor", name="attic", discovery_prefix="homeassistant", version="1.0")

_STATE: dict[str, type[Any]] = {"state_topic": str}
_COMMAND: dict[str, type[Any]] = {"command_topic": str}
REQUIRED: dict[str, dict[str, type[Any]]] = {
    "binary_sensor": _STATE,
    "sensor": _STATE,
    "event": {**_STATE, "event_types": list},
    "switch": _COMMAND,
    "number": _COMMAND,
    "button": _COMMAND,
}
"""Platform -> keys that its page of documentation calls required."""
_COMMON: dict[str, type[Any]] = {
    "p": str, "name": str, "unique_id": str, "qos": int, "icon": str, "entity_category": str,
    "json_attributes_topic": str,
}  # fmt: skip
OPTIONAL: dict[str, dict[str, type[Any]]] = {
    "binary_sensor": {"device_class": str},
    "sensor": {"device_class": str, "options": list, "state_class": str},
    "event": {"device_class": str},
    "switch": _STATE,
    "number": {**_STATE, "min": float, "max": float, "step": float, "mode": str, "unit_of_measurement": str},
    "button": {"payload_press": str},
}
"""Those of the optional ones that are used here."""
VALUES = {
    ("binary_sensor", "device_class"): {"sound", "problem", "connectivity"},
    ("sensor", "device_class"): {"enum"},
    ("sensor", "state_class"): {"measurement"},
    ("number", "mode"): {"auto", "box", "slider"},
    ("", "entity_category"): {"config", "diagnostic"},
}
TOPIC = re.compile(r"[^+#\0]+")
DISCOVERY_TOPIC = re.compile(r"homeassistant/device/[a-zA-Z0-9_-]+/config")


def listening(source_id: str, *classes: str, calibrated: bool = False) -> Health:
    listed = [
        ClassState(class_id(one), one, 0.5, 0.3, muted=False, urgent=False, label=one) for one in classes
    ]
    return msgspec.structs.replace(
        health(), source_id=source_id, source_name=f"the {source_id}", classes=listed, calibrated=calibrated
    )


def assert_documented(message: dict[str, Any]) -> None:
    """Hold a message to the documentation of device discovery."""
    assert set(message) == {"dev", "o", "availability_topic", "cmps"}
    assert set(message["dev"]) == {"ids", "name", "mf", "mdl", "sw"}
    assert message["dev"]["ids"]
    assert set(message["o"]) == {"name", "sw"}
    ids = [one["unique_id"] for one in message["cmps"].values()]
    assert len(ids) == len(set(ids))
    for one in message["cmps"].values():
        assert_entity(one)


def assert_entity(one: dict[str, Any]) -> None:
    platform = one["p"]
    known = _COMMON | REQUIRED[platform] | OPTIONAL[platform]
    assert set(one) <= set(known), one
    assert set(REQUIRED[platform]) | {"unique_id"} <= set(one), one
    for key, value in one.items():
        assert isinstance(value, known[key]), (key, value)
        assert not key.endswith("_topic") or TOPIC.fullmatch(value), value
        valid = VALUES.get((platform, key)) or VALUES.get(("", key))
        assert valid is None or value in valid, (key, value)
    if platform == "number":
        assert one["min"] < one["max"]
        assert one["step"] >= 0.001


@given(
    st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4, unique_by=class_id),
    st.text(max_size=10),
    st.booleans(),
)
def test_whatever_a_class_or_a_node_is_called_home_assistant_understands(
    classes: list[str], node: str, calibrated: bool
) -> None:
    named = msgspec.structs.replace(NODE, name=node)
    message = discovery([listening("mic0", *classes, calibrated=calibrated)], named)
    assert_documented(json.loads(json.dumps(message)))
    assert DISCOVERY_TOPIC.fullmatch(named.discovery)


def test_the_law_notices_a_key_that_is_not_documented() -> None:
    message = discovery([listening("mic0", "siren")], NODE)
    message["cmps"]["mic0.siren.sound"]["colour"] = "red"
    with pytest.raises(AssertionError):
        assert_documented(message)


def test_a_class_has_a_sensor_an_event_a_switch_and_a_number() -> None:
    found = discovery([listening("mic0", "Türklingel")], NODE)["cmps"]
    own = {key: (one["p"], one["name"]) for key, one in found.items() if "turklingel" in key}
    assert own == {
        "mic0.turklingel.sound": ("binary_sensor", "Türklingel"),
        "mic0.turklingel.event": ("event", "Türklingel event"),
        "mic0.turklingel.mute": ("switch", "Mute Türklingel"),
        "mic0.turklingel.threshold": ("number", "Threshold of Türklingel"),
    }
    assert found["mic0.turklingel.event"]["event_types"] == ["onset", "offset", "acknowledged", "missed"]
    assert found["mic0.hearing"]["options"] == ["good", "too_quiet", "noisy", "overloaded", "deaf"]


def test_a_threshold_is_a_number_of_false_alarms_where_scores_count_them() -> None:
    found = discovery([listening("mic0", "siren", calibrated=True)], NODE)["cmps"]["mic0.siren.threshold"]
    assert (found["name"], found["unit_of_measurement"]) == ("False alarms of siren", "/h")
    assert (found["min"], found["max"]) == (0.001, 60.0)


def test_ids_are_the_same_in_every_run_and_whoever_else_is_listened_to() -> None:
    alone = discovery([listening("mic0", "siren")], NODE)["cmps"]
    both = discovery([listening("mic0", "dog", "siren"), listening("mic1", "siren")], NODE)["cmps"]
    assert {key: one["unique_id"] for key, one in alone.items()}.items() <= {
        key: one["unique_id"] for key, one in both.items()
    }.items()
    assert both["mic0.siren.sound"]["name"] == "Siren (the mic0)", "of several, each says whose it is"


def test_without_commands_there_is_nothing_to_press() -> None:
    told = discovery([listening("mic0", "siren")], msgspec.structs.replace(NODE, commands=False))["cmps"]
    assert {one["p"] for one in told.values()} == {"binary_sensor", "sensor", "event"}


def test_what_is_no_longer_there_is_taken_away_with_its_platform_only() -> None:
    before = msgspec.json.encode(discovery([listening("mic0", "siren", "dog")], NODE))
    message = discovery([listening("mic0", "siren")], NODE)
    found = with_removals(message, before)
    assert found is not None
    gone = {key: one for key, one in found["cmps"].items() if key not in message["cmps"]}
    assert gone == {
        "mic0.dog.sound": {"p": "binary_sensor"},
        "mic0.dog.event": {"p": "event"},
        "mic0.dog.mute": {"p": "switch"},
        "mic0.dog.threshold": {"p": "number"},
    }
    assert with_removals(message, msgspec.json.encode(message)) is None


@pytest.mark.parametrize(
    "before",
    [b"", b"{", b"[]", b"{}", b'{"cmps": 1}', b'{"cmps": {"a": 1}}', b"\xff", b'{"cmps": {"a": {}}}'],
)
def test_what_an_earlier_message_was_not_ours_takes_nothing_away(before: bytes) -> None:
    assert with_removals(discovery([listening("mic0", "siren")], NODE), before) is None
