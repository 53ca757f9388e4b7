"""How Home Assistant is told of the monitor: one device with all its entities, in one message. Pure.

Ids rest on the names of node, source and class, so that entities are the same ones in every run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from monitor.bus.messages import ClassState, Health
from monitor.sinks.mqtt.commands import PRESS
from monitor.sinks.mqtt.node import SET, Node
from monitor.sinks.mqtt.states import EVENT_TYPES, sound_name
from monitor.sinks.mqtt.thresholds import scale_of

Component = dict[str, Any]
"""One entity as Home Assistant's documentation has it; `p` is its platform."""
_HEARING = ["good", "too_quiet", "noisy", "overloaded", "deaf"]
_QOS = 1
_STEP = 0.001
"""The least that Home Assistant allows, and the finest of both scales."""


def discovery(healths: Sequence[Health], node: Node) -> dict[str, Any]:
    """Return the message that describes the node with the sources of `healths`."""
    components = dict(_of_node(node))
    for health in healths:
        place = f" ({health.source_name})" if len(healths) > 1 else ""
        components.update(_of_source(health, place, node))
        for one in health.classes:
            components.update(_of_class(health, one, place, node))
    if not node.commands:
        components = {key: one for key, one in components.items() if "command_topic" not in one}
    return {
        "dev": {
            "ids": [node.device_id],
            "name": f"Sound monitor {node.name}",
            "mf": "monitor",
            "mdl": healths[0].model if healths else "monitor",
            "sw": node.version,
        },
        "o": {"name": "monitor", "sw": node.version},
        "availability_topic": node.availability,
        "cmps": {key: _identified(key, one, node) for key, one in components.items()},
    }


def _identified(key: str, component: Component, node: Node) -> Component:
    return {**component, "unique_id": f"{node.device_id}.{key}", "qos": _QOS}


def with_removals(message: dict[str, Any], before: bytes) -> dict[str, Any] | None:
    """Return `message` with what takes away the entities that only the one before it had; None: none."""
    try:
        known = msgspec.json.decode(before)["cmps"]  # as whoever removes them reads it
        gone = {key: {"p": one["p"]} for key, one in known.items() if key not in message["cmps"]}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None  # none of ours
    return {**message, "cmps": {**message["cmps"], **gone}} if gone else None


def _of_node(node: Node) -> Iterator[tuple[str, Component]]:
    yield (
        "listening",
        {
            "p": "switch",
            "name": "Listening",
            "icon": "mdi:ear-hearing",
            "state_topic": node.listening,
            "command_topic": node.listening + SET,
        },
    )
    yield (
        "missed",
        {
            "p": "sensor",
            "name": "Missed alarms",
            "icon": "mdi:bell-alert",
            "state_class": "measurement",
            "state_topic": node.missed,
            "json_attributes_topic": f"{node.missed}/list",
        },
    )
    yield (
        "acknowledge",
        {
            "p": "button",
            "name": "Acknowledge all",
            "icon": "mdi:check-all",
            "command_topic": node.acknowledge,
            "payload_press": PRESS,
        },
    )


def _of_source(health: Health, place: str, node: Node) -> Iterator[tuple[str, Component]]:
    source = health.source_id
    yield (
        f"{source}.hearing",
        {
            "p": "sensor",
            "name": f"Hearing{place}",
            "icon": "mdi:ear-hearing",
            "device_class": "enum",
            "options": _HEARING,
            "state_topic": node.of_source(source, "hearing"),
            "json_attributes_topic": node.of_source(source, "health"),
        },
    )
    yield (
        f"{source}.problem",
        {
            "p": "binary_sensor",
            "name": f"Cannot hear well{place}",
            "device_class": "problem",
            "state_topic": node.of_source(source, "problem"),
        },
    )
    yield (
        f"{source}.connected",
        {
            "p": "binary_sensor",
            "name": f"Sound source{place}",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": node.of_source(source, "connected"),
        },
    )


def _of_class(health: Health, one: ClassState, place: str, node: Node) -> Iterator[tuple[str, Component]]:
    source, sound = health.source_id, sound_name(one.class_, one.label)
    name = f"{sound[:1].upper()}{sound[1:]}{place}"

    def topic(what: str) -> str:
        return node.of_class(source, one.class_, what)

    yield (
        f"{source}.{one.class_}.sound",
        {
            "p": "binary_sensor",
            "name": name,
            "device_class": "sound",
            "state_topic": topic("sound"),
        },
    )
    yield (
        f"{source}.{one.class_}.event",
        {
            "p": "event",
            "name": f"{name} event",
            "icon": "mdi:bell-ring" if one.urgent else "mdi:waveform",
            "event_types": [*EVENT_TYPES],
            "state_topic": topic("event"),
        },
    )
    yield (
        f"{source}.{one.class_}.mute",
        {
            "p": "switch",
            "name": f"Mute {sound}{place}",
            "icon": "mdi:volume-off",
            "entity_category": "config",
            "state_topic": topic("mute"),
            "command_topic": topic("mute") + SET,
        },
    )
    yield f"{source}.{one.class_}.threshold", _threshold(health, sound + place, topic("threshold"))


def _threshold(health: Health, sound: str, topic: str) -> Component:
    scale = scale_of(health)
    found = {
        "p": "number",
        "name": f"{'False alarms' if scale.per_hour else 'Threshold'} of {sound}",
        "icon": "mdi:tune-variant",
        "entity_category": "config",
        "mode": "box",
        "min": scale.range.low,
        "max": scale.range.high,
        "step": _STEP,
        "state_topic": topic,
        "command_topic": topic + SET,
    }
    return {**found, "unit_of_measurement": "/h"} if scale.per_hour else found
