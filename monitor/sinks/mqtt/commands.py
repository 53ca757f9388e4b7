"""What is asked for on the broker -> a request to the pipeline, the same as any other client's. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import msgspec

from monitor.bus.messages import Health, Request
from monitor.errors import WireError
from monitor.sinks.mqtt.node import SET, Node
from monitor.sinks.mqtt.thresholds import scale_of
from monitor.text import sanitise

ASKED_BY = "MQTT"
"""Who has asked, as the monitor tells it: the broker does not say who that was."""
PRESS = "PRESS"
"""What a button of Home Assistant sends."""
_LONGEST = 200
"""Bytes; a longer payload is no command."""
_SWITCH = {"ON": True, "OFF": False}


class Command(msgspec.Struct, frozen=True):
    """A message on one of the topics where something is asked for."""

    topic: str
    payload: bytes
    retained: bool
    """Kept by the broker: of some earlier time, and to be obeyed at every connection."""


def request_of(command: Command, node: Node, healths: Mapping[str, Health]) -> Request:
    """Return what `command` asks of the pipeline whose sources report `healths`.

    Raises
    ------
    WireError
        It asks for nothing that can be done; the sentence says why.
    """
    if command.retained:
        raise WireError("A command that the broker keeps is not obeyed; publish it without retain.")
    text = _text(command.payload)
    parts = node.parts(command.topic.removesuffix(SET))
    match parts:
        case ("listening",):
            return _asked("pause", value=not _on(text))
        case ("acknowledge",):
            return _asked("acknowledge", event_id=None if text.upper() in {"", PRESS} else text)
        case (source_id, class_, "mute" | "threshold" as what) if source_id in healths:
            value = _on(text) if what == "mute" else _number(text, healths[source_id])
            return _asked(what, class_=class_, value=value, source_id=source_id)
    raise WireError(f"Nothing is asked for by {sanitise(command.topic)}; docs/mqtt.md lists what is.")


def _asked(
    what: Literal["pause", "acknowledge", "mute", "threshold"],
    class_: str | None = None,
    value: float | bool | None = None,
    source_id: str | None = None,
    event_id: str | None = None,
) -> Request:
    return Request(what, class_, value, source_id, event_id, client=ASKED_BY)


def _text(payload: bytes) -> str:
    try:
        text = payload[:_LONGEST].decode().strip()
    except UnicodeDecodeError:
        raise WireError("The payload is no text.") from None
    if len(payload) > _LONGEST:
        raise WireError(f"The payload is longer than {_LONGEST} bytes.")
    return sanitise(text)


def _on(text: str) -> bool:
    if text.upper() not in _SWITCH:
        raise WireError(f"{text!r} is no state of a switch; valid: ON, OFF.")
    return _SWITCH[text.upper()]


def _number(text: str, health: Health) -> float:
    scale = scale_of(health)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not scale.range.holds(number):
        what = "number of false alarms an hour" if scale.per_hour else "threshold"
        raise WireError(f"{text!r} is no {what}; valid: {scale.range}.")
    return scale.threshold(number)
