from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.bus import codec as wire
from monitor.bus.messages import (
    Event,
    Health,
    Heartbeat,
    Level,
    NearMissMessage,
    PublishedRecord,
    Reply,
    Request,
    ScoresMessage,
    Snapshot,
)
from monitor.errors import WireError
from monitor.records import Likeness
from monitor.text import sanitise
from tests.bus.refusal import refusal, steers_a_terminal
from tests.examples import NOON, any_text, background, event, health, level, near_miss, plain_text, records

PUBLISHED: list[type[Any]] = [Event, NearMissMessage, Level, ScoresMessage, Health, Heartbeat]
CONTROL: list[type[Any]] = [Snapshot, Request, Reply]
SCHEMA = Path(__file__).parents[2] / "docs" / "schema.json"


def sent(record: PublishedRecord) -> list[bytes]:
    return wire.encode(record, epoch="e", sequence=1, time=NOON)


def with_payload(changes: dict[str, Any]) -> list[bytes]:
    topic, header, payload = sent(event())
    return [topic, header, json.dumps({**json.loads(payload), **changes}).encode()]


def strings_in(value: Any) -> Iterator[str]:
    """Every string of decoded JSON, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings_in(key)
            yield from strings_in(item)


@pytest.mark.parametrize("kind", PUBLISHED)
@settings(max_examples=30)
@given(data=st.data())
def test_what_is_decoded_is_what_was_encoded(kind: type[Any], data: st.DataObject) -> None:
    record = data.draw(records(kind, plain_text))
    epoch, sequence = data.draw(plain_text), data.draw(st.integers(1, 2**53))
    message = wire.decode(wire.encode(record, epoch, sequence, NOON))
    assert message.record == record
    assert message.topic == wire.topic_of(record)
    assert message.header == wire.Header(wire.PROTOCOL_VERSION, epoch, sequence, NOON)


@pytest.mark.parametrize("kind", CONTROL)
@settings(max_examples=30)
@given(data=st.data())
def test_what_the_control_socket_says_survives_its_json(kind: type[Any], data: st.DataObject) -> None:
    record = data.draw(records(kind, plain_text))
    assert wire.decode_json(wire.encode_json(record), kind) == record
    if kind is not Request:
        assert wire.decode_answer(wire.encode_json(record)) == record


@pytest.mark.parametrize("kind", [*PUBLISHED, Snapshot, Reply])
@settings(max_examples=30)
@given(data=st.data())
def test_no_decoded_text_can_steer_a_terminal(kind: type[Any], data: st.DataObject) -> None:
    record = data.draw(records(kind, any_text))
    decoded = wire.decode_json(wire.encode_json(record), kind)
    assert not any(steers_a_terminal(text) for text in strings_in(msgspec.to_builtins(decoded)))


def test_escape_sequences_in_any_place_arrive_as_replacement_characters() -> None:
    evil = "\x1b]0;owned\x07\x9b2J"
    record = msgspec.structs.replace(event(class_=evil), source_name=evil, prompt=evil)
    message = wire.decode(wire.encode(record, epoch=evil, sequence=1, time=NOON))
    assert isinstance(message.record, Event)
    shown = "�]0;owned��2J"
    assert (message.record.source_name, message.record.prompt, message.record.class_) == (shown,) * 3
    assert (message.header.epoch, message.topic) == (shown, f"event/mic0/{shown}/")
    beat = wire.decode(sent(Heartbeat(time=NOON, sequences={evil: 1}))).record
    assert isinstance(beat, Heartbeat)
    assert list(beat.sequences) == [shown]


def test_what_a_background_sounds_like_cannot_steer_a_terminal_either() -> None:
    evil = msgspec.structs.replace(
        background(), source_name="\x1b[2J", sounds_like=[Likeness("\x9bfan", 1.0)]
    )
    answer = wire.decode_answer(wire.encode_json(Reply(ok=True, backgrounds=[evil])))
    assert isinstance(answer, Reply)
    (found,) = answer.backgrounds
    assert (found.source_name, found.sounds_like[0].phrase) == ("�[2J", "�fan")
    assert (found.mean, found.state) == (evil.mean, evil.state)


def test_the_answer_of_a_monitor_that_knows_no_backgrounds_is_understood() -> None:
    assert wire.decode_answer(b'{"ok":true,"error":null}') == Reply(ok=True)


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_arbitrary_frames_raise_wire_error_and_nothing_else(frames: list[bytes]) -> None:
    with pytest.raises(WireError):
        wire.decode(frames)


@given(frame=st.integers(0, 2), place=st.integers(0), byte=st.integers(0, 255))
def test_a_damaged_message_is_decoded_or_refused(frame: int, place: int, byte: int) -> None:
    frames = [bytearray(part) for part in sent(event())]
    frames[frame][place % len(frames[frame])] = byte
    assert not steers_a_terminal(refusal(wire.decode, [bytes(part) for part in frames]))


@pytest.mark.parametrize(
    "changes",
    [
        {"onset_time": "2026-11-21T12:00:00"},
        {"onset_time": "0001-01-01T00:00:00Z"},
        {"onset_time": "9999-12-31T23:59:59Z"},
        {"onset_sample": int("9" * 3000)},
        {"offset_sample": 2**54},
        {"sample_rate": 0},
        {"background": {"ready": True, "age_s": 1.0, "windows": -1}},
        {"type": "explosion"},
        {"score": None},
        {"class": "other_than_in_the_topic"},
    ],
    ids=str,
)
def test_a_payload_that_would_break_a_reader_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        wire.decode(with_payload(changes))


def test_json_nested_too_deeply_is_refused() -> None:
    topic, header, _ = sent(event())
    with pytest.raises(WireError):
        wire.decode([topic, header, b'{"x":' + b"[" * 100_000])


def test_another_protocol_version_is_refused_with_both_named() -> None:
    topic, header, payload = sent(event())
    with pytest.raises(WireError, match="version 3; this program speaks 2"):
        wire.decode([topic, header.replace(b'"version":2', b'"version":3'), payload])


def test_the_first_edition_of_the_wire_is_refused_by_its_version_and_not_by_its_topics() -> None:
    _, header, payload = sent(event())
    with pytest.raises(WireError, match="version 1; this program speaks 2"):
        wire.decode([b"event.mic0.siren", header.replace(b'"version":2', b'"version":1'), payload])


@pytest.mark.parametrize(
    "record", [event(), near_miss(), health(), level()], ids=lambda one: type(one).__name__
)
def test_a_topic_ends_so_that_the_beginning_of_a_name_matches_no_other(record: Any) -> None:
    longer = msgspec.structs.replace(record, source_id=record.source_id + "0")
    assert wire.topic_of(record).endswith("/")
    assert not wire.topic_of(longer).startswith(wire.topic_of(record))


def test_a_field_added_by_a_later_program_is_passed_over() -> None:
    assert wire.decode(with_payload({"loudness_lufs": -23.0})).record == event()


def test_times_arrive_in_utc() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5)))
    message = wire.decode(sent(msgspec.structs.replace(event(), onset_time=elsewhere)))
    assert isinstance(message.record, Event)
    assert message.record.onset_time == NOON
    assert message.record.onset_time.tzinfo is UTC


def test_a_name_that_is_not_unicode_is_published_with_replacement_characters() -> None:
    record = msgspec.structs.replace(event(class_="caf\udce9"), source_name="x\udcff.wav")
    message = wire.decode(sent(record))
    assert isinstance(message.record, Event)
    assert (message.record.class_, message.record.source_name) == ("caf�", "x�.wav")


@given(any_text, st.integers(1, 30))
def test_sanitised_text_is_harmless_and_no_longer_than_the_limit(text: str, limit: int) -> None:
    safe = sanitise(text, limit)
    assert not steers_a_terminal(safe)
    assert len(safe) <= limit


@pytest.mark.parametrize(
    "request_",
    [
        Request(request="mute", value=True),
        Request(request="mute", class_="siren", value=0.5),
        Request(request="pause"),
        Request(request="pause", value=1.0),
        Request(request="threshold", class_="siren"),
        Request(request="threshold", class_="siren", value=True),
        Request(request="threshold", class_="siren", value=1.0),
        Request(request="threshold", class_="siren", value=0.005),
        Request(request="threshold", value=0.5),
    ],
    ids=str,
)
def test_a_request_without_what_it_needs_is_refused(request_: Request) -> None:
    with pytest.raises(WireError, match="needs"):
        wire.decode_request(wire.encode_json(request_))


@pytest.mark.parametrize(
    "request_",
    [
        Request(request="snapshot"),
        Request(request="pause", value=False),
        Request(request="mute", class_="siren", value=True),
        Request(request="threshold", class_="siren", value=0.5),
        Request(request="mute", class_="siren", value=True, source_id="attic"),
        Request(request="mute", class_="siren", value=True, for_s=900.0),
        Request(request="background"),
        Request(request="forget_background", source_id="attic"),
    ],
    ids=str,
)
def test_a_complete_request_is_understood(request_: Request) -> None:
    assert wire.decode_request(wire.encode_json(request_)) == request_


def test_a_request_sends_nothing_that_an_earlier_monitor_would_refuse_unless_it_is_meant() -> None:
    assert wire.encode_json(Request(request="snapshot")) == b'{"request":"snapshot"}'


def test_the_committed_schema_is_that_of_the_code() -> None:
    assert json.loads(SCHEMA.read_text("utf-8")) == wire.schema()


def test_the_schema_names_every_topic_and_every_field_of_an_event() -> None:
    schema = wire.schema()
    events = {"event", "acknowledged", "missed", "clip"}
    assert set(schema["topics"]) == events | {"near_miss", "level", "scores", "health", "heartbeat"}
    promised = {
        "type", "id", "source_id", "source_name", "class", "prompt", "score", "threshold", "candidates",
        "onset_time", "offset_time", "onset_sample", "offset_sample", "sample_rate", "latency_s",
        "level_dbfs", "floor_dbfs", "snr_db", "background", "urgent", "model", "clip",
    }  # fmt: skip
    assert promised <= set(schema["$defs"]["Event"]["properties"])
    assert promised <= set(json.loads(wire.encode_json(event())))


def test_a_time_is_written_in_rfc_3339_utc() -> None:
    written = json.loads(wire.encode_json(level()))["time"]
    assert written == "2026-11-21T12:00:00Z"
    assert datetime.fromisoformat(written) == NOON


class _Tuples(msgspec.Struct):
    pair: tuple[str, tuple[str, ...]]


def test_text_in_tuples_is_safe_to_print_too() -> None:
    found = wire.decode_with(msgspec.json.Decoder(_Tuples), b'{"pair": ["a\\u001b[2J", ["\\u202eb"]]}')
    assert found.pair == ("a\ufffd[2J", ("\ufffdb",))


def test_a_time_that_is_out_of_range_once_it_is_utc_is_refused() -> None:
    with pytest.raises(WireError, match="1969"):
        wire.decode_request(b'{"request": "history", "since": "1970-01-01T00:00:00+14:00"}')
