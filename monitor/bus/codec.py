"""Records <-> multipart messages: the only codec, wire version 2.

A message is three frames, ``[topic, header, payload]``, the last two JSON in UTF-8. Topics:
``event/<source_id>/<class>/``, likewise ``acknowledged/…``, ``missed/…``, ``clip/…`` and ``near_miss/…``;
``level/<source_id>/``, ``scores/<source_id>/``, ``health/<source_id>/``, ``heartbeat/``. A topic ends in
``/``, so that the beginning of one name never matches another. Adding a field is allowed; renaming or
removing one is a new version. The control socket answers JSON with JSON: `Request` -> `Snapshot` or
`Reply`; where it is follows from the publisher's address (`control.py`).

Laws: ``decode(encode(x)) == x`` for text a terminal can show and finite floats (JSON has no others);
any other bytes raise `WireError`; no text that was decoded here can steer a terminal, and every time is
UTC, so whoever receives may print.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec

from monitor.bus.messages import (
    Answer,
    Event,
    Health,
    Heartbeat,
    Level,
    NearMissMessage,
    NodeState,
    Order,
    PublishedRecord,
    Reply,
    Report,
    Request,
    ScoresMessage,
    Snapshot,
    Trouble,
)
from monitor.config.limits import SNOOZE_S, THRESHOLD
from monitor.errors import WireError
from monitor.records import BESIDE_LIFE, Instant
from monitor.text import clean, sanitise

PROTOCOL_VERSION = 2

MAX_MESSAGE_LEN = 4 << 20
"""Bytes: room for 500 classes at several sources; a larger frame is nobody's event, and refused unread."""

_TOPICS: dict[str, type[PublishedRecord]] = {
    "event": Event,
    "acknowledged": Event,
    "missed": Event,
    "clip": Event,
    "near_miss": NearMissMessage,
    "level": Level,
    "scores": ScoresMessage,
    "health": Health,
    "heartbeat": Heartbeat,
}
_KINDS = {kind: name for name, kind in reversed(_TOPICS.items())}
_UPLINK = (Report, NodeState, Answer, Order)
"""What nodes send to a broker, and are asked through it (docs/fleet.md)."""
T = TypeVar("T")


class Header(msgspec.Struct, frozen=True):
    """Second frame of every message."""

    version: int
    """`PROTOCOL_VERSION` of the sender."""
    epoch: str
    """Identity of this run of the publisher; `sequence` counts within it."""
    sequence: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    """1 for the first message of this topic, then without gaps."""
    time: Instant
    """When the message was published, UTC."""


class _Topic(msgspec.Struct, frozen=True):
    """How a payload with its topic begins."""

    topic: str


class Message(msgspec.Struct, frozen=True):
    """One decoded message."""

    topic: str
    header: Header
    record: PublishedRecord


DECODERS: dict[type[Any], msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (*_KINDS, Header, Snapshot, Request, Reply, *_UPLINK)
}
"""All made while this module is loaded, by one thread: two that make one at the same time can crash."""


def topic_kind(kind: type[PublishedRecord]) -> str:
    """Return the first part of the topics of records of a kind."""
    return _KINDS[kind]


def topic_of(record: PublishedRecord) -> str:
    """Return the topic a record is published under."""
    kind = _KINDS[type(record)]
    if isinstance(record, Event) and record.type in BESIDE_LIFE:
        kind = record.type
    if isinstance(record, Event | NearMissMessage):
        return f"{kind}/{record.source_id}/{record.class_}/"
    if isinstance(record, Heartbeat):
        return f"{kind}/"
    return f"{kind}/{record.source_id}/"


def encode_json(record: msgspec.Struct) -> bytes:
    """Return any record as one line of JSON, UTF-8, without a line end.

    Text that is not Unicode (undecodable file names, arguments) is sent with replacement characters.
    """
    try:
        return msgspec.json.encode(record)
    except UnicodeEncodeError:
        return msgspec.json.encode(_clean(record))


def encode_with_topic(record: PublishedRecord) -> bytes:
    """Return the payload of a record with its `topic` before it: one line of JSON that stands by itself."""
    return encode_json(_Topic(topic_of(record)))[:-1] + b"," + encode_json(record)[1:]


def decode_json(data: bytes, kind: type[T]) -> T:
    """Return the record of type `kind`, one of `DECODERS`, in `data`; see `decode_with`."""
    return decode_with(DECODERS[kind], data)  # type: ignore[no-any-return]


def decode_with(decoder: msgspec.json.Decoder[T], data: bytes) -> T:
    """Return the record in `data`, safe to print, times in UTC.

    Raises
    ------
    WireError
        `data` is not JSON or does not hold such a record.
    """
    return _decoded(decoder, data, safe=True)


def decode_exact(data: bytes, kind: type[T]) -> T:
    """Return the same as it was sent, for who checks a signature: its text is not to be printed.

    Raises
    ------
    WireError
        `data` is not JSON or does not hold such a record.
    """
    return _decoded(DECODERS[kind], data, safe=False)  # type: ignore[no-any-return]


def _decoded(decoder: msgspec.json.Decoder[T], data: bytes, safe: bool) -> T:
    try:
        found = decoder.decode(data)
        return _clean(found) if safe else found
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise WireError(f"Not a {decoder.type.__name__} message: {sanitise(str(error))}.") from None


def encode(record: PublishedRecord, epoch: str, sequence: int, time: datetime) -> list[bytes]:
    """Return the three frames of a message."""
    header = Header(version=PROTOCOL_VERSION, epoch=epoch, sequence=sequence, time=time)
    topic = topic_of(record)
    try:
        name = topic.encode()
    except UnicodeEncodeError:
        name = _clean(topic).encode()
    return [name, encode_json(header), encode_json(record)]


def decode(frames: Sequence[bytes]) -> Message:
    """Return the message in `frames`.

    Raises
    ------
    WireError
        Wrong number of frames, unknown topic, another protocol version, or a payload that does not fit.
    """
    if len(frames) != 3:
        raise WireError(f"A message has 3 frames, this one has {len(frames)}.")
    try:
        name = sanitise(bytes(frames[0]).decode())
    except UnicodeDecodeError:
        raise WireError("The topic is not UTF-8.") from None
    header = decode_json(frames[1], Header)
    if header.version != PROTOCOL_VERSION:
        raise WireError(f"Protocol version {header.version}; this program speaks {PROTOCOL_VERSION}.")
    kind = _TOPICS.get(name.partition("/")[0])
    if kind is None:
        raise WireError(f"Unknown topic {name!r}; known: {', '.join(_TOPICS)}.")
    record = decode_json(frames[2], kind)
    topic = topic_of(record)
    if sanitise(topic) != name:
        raise WireError(f"Topic {name!r} does not match its payload.")
    return Message(topic=topic, header=header, record=record)


def decode_request(data: bytes) -> Request:
    """Return what is asked for on the control socket.

    Raises
    ------
    WireError
        Not a request, or one without the class or the value it needs.
    """
    request = decode_json(data, Request)
    check_request(request)
    return request


def check_request(request: Request) -> None:
    """Refuse a request that no monitor can answer.

    Raises
    ------
    WireError
        It lacks the class or the value that it needs.
    """
    if request.request in {"mute", "threshold"} and not request.class_:
        raise WireError(f"A {request.request} request needs a class.")
    if request.request in {"pause", "mute"} and not isinstance(request.value, bool):
        raise WireError(f"A {request.request} request needs the value true or false.")
    if request.request == "threshold" and (
        request.value is None or isinstance(request.value, bool | str) or not THRESHOLD.holds(request.value)
    ):
        raise WireError(f"A threshold request needs a value; valid: {THRESHOLD}.")
    if request.for_s is not None and not (request.value is True and SNOOZE_S.holds(request.for_s)):
        raise WireError(f"Only what is muted or paused has an end; valid: {SNOOZE_S} seconds.")
    if request.request == "correct" and not isinstance(request.value, str):
        raise WireError("A correct request needs the value right, wrong or undo.")


def decode_answer(data: bytes) -> Snapshot | Reply:
    """Return what the control socket answered.

    Raises
    ------
    WireError
        Neither a snapshot nor a reply.
    """
    try:
        return decode_json(data, Reply)
    except WireError:
        return decode_json(data, Snapshot)


def _clean(value: T) -> T:
    """Return a decoded `value` with all its text safe for a terminal and all its times in UTC."""
    cleaned: Any = value
    if isinstance(value, str):
        cleaned = clean(value)
    elif isinstance(value, datetime):
        cleaned = _to_utc(value)
    elif isinstance(value, list):
        cleaned = [_clean(item) for item in value]
    elif isinstance(value, tuple) and not hasattr(value, "_fields"):
        cleaned = tuple(_clean(item) for item in value)
    elif isinstance(value, dict):
        cleaned = {_clean(key): _clean(item) for key, item in value.items()}
    elif isinstance(value, msgspec.Struct):
        cleaned = type(value)(**{name: _clean(getattr(value, name)) for name in value.__struct_fields__})
    return cleaned  # type: ignore[no-any-return]


def _to_utc(time: datetime) -> datetime:
    """Return `time` in UTC; raise OverflowError where a reader's own time zone could not show it."""
    utc = time.astimezone(UTC)
    if not 1970 <= utc.year <= 9998:
        raise OverflowError(f"the year {utc.year} is not within 1970 and 9998")
    return utc


def schema() -> dict[str, Any]:
    """Return the JSON Schema of every message, keyed by record name under ``$defs``."""
    kinds = [*_TOPICS.values(), Header, Snapshot, Request, Reply, Trouble, *_UPLINK]
    _, definitions = msgspec.json.schema_components(kinds)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"monitor wire protocol, version {PROTOCOL_VERSION}",
        "topics": {name: {"$ref": f"#/$defs/{kind.__name__}"} for name, kind in _TOPICS.items()},
        "$defs": definitions,
    }
