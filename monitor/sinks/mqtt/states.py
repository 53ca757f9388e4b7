"""What is so at present -> what the broker keeps: a topic and a payload for each state. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from monitor.bus.messages import Event, Health, Snapshot
from monitor.names import as_words
from monitor.sinks.mqtt.node import Node
from monitor.sinks.mqtt.thresholds import scale_of
from monitor.wording import STOPPED

ONLINE, OFFLINE = b"online", b"offline"
_MOST_LISTED = 20
"""Missed events that are listed; the newest."""
EVENT_TYPES = ("onset", "offset", "acknowledged", "missed")
"""What is told of a sound's life; updates would start each automation every two seconds."""


class _Health(msgspec.Struct, frozen=True):
    """What is told of a source beside its states."""

    source: str
    state: str
    reason: str | None
    hearing: str
    hearing_reason: str | None
    warning: str | None
    channels: str | None
    overflow: int
    reopened: int


class _Missed(msgspec.Struct, frozen=True):
    """An urgent event that nobody has acknowledged."""

    id: str
    sound: str
    source: str
    onset_time: str


class _Missing(msgspec.Struct, frozen=True):
    """All of them, newest last."""

    events: list[_Missed]


def states(snapshot: Snapshot, node: Node) -> dict[str, bytes]:
    """Return all states, by topic."""
    healths = snapshot.health
    sounding = {(event.source_id, event.class_) for event in snapshot.open_events}
    missed = snapshot.missed_events
    listed = [_missed(event) for event in missed[-_MOST_LISTED:]]
    found = {
        node.listening: _switch(any(not health.paused for health in healths)),
        node.missed: str(len(missed)).encode(),
        f"{node.missed}/list": msgspec.json.encode(_Missing(listed)),
    }
    for health in healths:
        found.update(_of_source(health, node))
        found.update(_of_classes(health, node, sounding))
    return found


def _of_source(health: Health, node: Node) -> Iterator[tuple[str, bytes]]:
    def topic(what: str) -> str:
        return node.of_source(health.source_id, what)

    ended = health.state == "ended" and (health.position_s is not None or health.reason == STOPPED)
    wanted = health.paused or ended
    yield topic("hearing"), health.hearing.encode()
    yield topic("connected"), _switch(health.state not in {"lost", "starting", "ended"})
    yield topic("problem"), _switch(health.hearing != "good" and not wanted)
    told = {name: getattr(health, name) for name in _Health.__struct_fields__ if name != "source"}
    yield topic("health"), msgspec.json.encode(_Health(source=health.source_name, **told))


def _of_classes(health: Health, node: Node, sounding: set[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    scale = scale_of(health)
    for one in health.classes:
        at = (health.source_id, one.class_)
        yield node.of_class(*at, "sound"), _switch(at in sounding)
        yield node.of_class(*at, "mute"), _switch(one.muted)
        yield node.of_class(*at, "threshold"), f"{scale.shown(one.onset_threshold):g}".encode()


def changed(now: Mapping[str, bytes], before: Mapping[str, bytes]) -> Iterable[tuple[str, bytes]]:
    """Return the states that are not as they were."""
    return [(topic, payload) for topic, payload in now.items() if before.get(topic) != payload]


def event_payload(type_: str, encoded: bytes, waited_s: float) -> bytes:
    """Return `encoded`, the payload of an event on the wire, as Home Assistant's event entities want it."""
    head = b'{"event_type":"%b","queued_s":%.1f,' % (type_.encode(), waited_s)
    return head + encoded[1:]


def is_told(event: Event) -> bool:
    """Return whether a message of an event is passed on."""
    return event.type in EVENT_TYPES


def sound_name(class_: str, label: str) -> str:
    """Return what a person calls a class."""
    return as_words(label or class_).strip() or class_


def _missed(event: Event) -> _Missed:
    return _Missed(
        id=event.id,
        sound=sound_name(event.class_, event.label),
        source=event.source_name,
        onset_time=event.onset_time.isoformat(),
    )


def _switch(on: bool) -> bytes:
    return b"ON" if on else b"OFF"
