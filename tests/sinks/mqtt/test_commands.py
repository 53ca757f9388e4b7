from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.messages import Request
from monitor.config.limits import FALSE_ALARMS_PER_HOUR, THRESHOLD
from monitor.errors import WireError
from monitor.sinks.mqtt.commands import Command, request_of
from monitor.sinks.mqtt.node import Node
from monitor.sinks.mqtt.thresholds import Scale
from tests.examples import health

NODE = Node(prefix="monitor", name="attic")
HEALTHS = {"mic0": health(), "mic1": msgspec.structs.replace(health(), source_id="mic1", calibrated=True)}


def asked(topic: str, payload: str | bytes, retained: bool = False) -> Request:
    encoded = payload.encode() if isinstance(payload, str) else payload
    return request_of(Command(f"monitor/attic/{topic}", encoded, retained), NODE, HEALTHS)


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        ("listening/set", "ON", Request("pause", value=False, client="MQTT")),
        ("listening/set", " off\n", Request("pause", value=True, client="MQTT")),
        ("acknowledge/set", "PRESS", Request("acknowledge", client="MQTT")),
        ("acknowledge/set", "", Request("acknowledge", client="MQTT")),
        ("acknowledge/set", "run-siren-0", Request("acknowledge", event_id="run-siren-0", client="MQTT")),
        ("mic0/siren/mute/set", "ON", Request("mute", "siren", True, "mic0", client="MQTT")),
        ("mic0/siren/threshold/set", "0.5", Request("threshold", "siren", 0.5, "mic0", client="MQTT")),
        ("mic1/siren/threshold/set", "4", Request("threshold", "siren", 0.2, "mic1", client="MQTT")),
    ],
)
def test_a_message_is_the_request_of_any_other_client(topic: str, payload: str, expected: Request) -> None:
    assert asked(topic, payload) == expected


@pytest.mark.parametrize(
    ("topic", "payload", "why"),
    [
        ("listening/set", "1", "'1' is no state of a switch; valid: ON, OFF."),
        ("listening/set", b"\xff", "The payload is no text."),
        ("listening/set", "O" * 201, "The payload is longer than 200 bytes."),
        ("mic0/siren/threshold/set", "nan", "'nan' is no threshold; valid: 0.01 to 0.999."),
        ("mic0/siren/threshold/set", "1", "'1' is no threshold; valid: 0.01 to 0.999."),
        ("mic1/siren/threshold/set", "0", "'0' is no number of false alarms an hour; valid: 0.001 to 60."),
        ("mic2/siren/mute/set", "ON", "Nothing is asked for by monitor/attic/mic2/siren/mute/set; docs/"),
        ("reboot/set", "ON", "Nothing is asked for by monitor/attic/reboot/set; docs/"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_is_valid(
    topic: str, payload: str | bytes, why: str
) -> None:
    with pytest.raises(WireError) as refused:
        asked(topic, payload)
    assert str(refused.value).startswith(why)


def test_a_command_of_an_earlier_time_is_refused() -> None:
    with pytest.raises(WireError, match="publish it without retain"):
        asked("listening/set", "OFF", retained=True)


@given(st.text(max_size=30), st.binary(max_size=30))
def test_any_message_is_a_request_or_refused(topic: str, payload: bytes) -> None:
    try:
        client = asked(topic, payload).client
    except WireError:
        return
    assert client == "MQTT"


@given(st.booleans(), st.floats(*THRESHOLD))
def test_a_threshold_that_is_shown_is_valid_and_means_the_same(per_hour: bool, threshold: float) -> None:
    scale = Scale(per_hour)
    shown = scale.shown(threshold)
    assert scale.range.holds(shown)
    held = max(threshold, scale.threshold(scale.range.high)) if per_hour else threshold
    assert THRESHOLD.holds(scale.threshold(shown))
    assert scale.threshold(shown) == pytest.approx(held, rel=0.006)
    assert scale.shown(scale.threshold(shown)) == shown


def test_false_alarms_an_hour_reach_as_far_as_a_threshold_may() -> None:
    low, high = FALSE_ALARMS_PER_HOUR
    assert all(THRESHOLD.holds(Scale(per_hour=True).threshold(one)) for one in (low, high))
