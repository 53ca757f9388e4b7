"""What comes over the bus: messages, requests and answers, and what whoever reads makes of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec

from monitor.bus.codec import (
    Header,
    Message,
    decode,
    decode_answer,
    decode_json,
    decode_request,
    encode,
    encode_json,
    topic_of,
)
from monitor.bus.messages import Heartbeat, PublishedRecord, Reply, Request, ScoresMessage, Snapshot
from monitor.bus.open_events import OpenEvents
from monitor.bus.subscriber import Continuity
from monitor.config.settings import BackgroundConfig, DetectorConfig
from monitor.detection.detector import Detector
from monitor.errors import WireError
from monitor.pipeline.acknowledgements import Acknowledgements
from monitor.pipeline.commands import Commands
from monitor.scoring.background import Background
from monitor.sinks.lines import LineSink
from monitor.tui.headline import headline
from monitor.tui.parts import PARTS
from monitor.tui.readable import corrected
from monitor.tui.source_states import after
from monitor.tui.view import View
from monitor.web.board import Board
from monitor.web.page_messages import PageMessage
from tools.fuzz.choices import Choices, as_json, plain
from tools.fuzz.target import Target, check_clean, check_same, only

KINDS: tuple[type[PublishedRecord], ...] = get_args(PublishedRecord)
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
_TOPICS = ("event/mic0/siren/", "level/mic0/", "health/mic0/", "heartbeat/", "scores/mic0/", "near_miss/a/b/")
_SIZES = ((80, 24), (20, 5), (200, 60))


def header() -> bytes:
    """Return the second frame of a message."""
    return encode_json(Header(2, "epoch", 1, NOON))


def message(data: bytes) -> None:
    """Read frames, one a line."""
    with only(WireError):
        _taken(decode(data.split(b"\n")))


def record(data: bytes) -> None:
    """Read messages whose records are of their kind, but for a value here and there, one after another."""
    choices = Choices(data)
    messages = []
    for _ in range(4):
        kind = choices.one_of(KINDS)
        with only(WireError):
            found = decode_json(as_json(choices.record(kind)), kind)
            frames = encode(found, "epoch", 1 + choices.byte(), NOON)
            messages.append(_taken(decode(frames)))
    _shown(messages, _SIZES[choices.byte() % len(_SIZES)])


def _taken(found: Message) -> Message:
    """Count a message, and send what was understood again."""
    follower = Continuity(("event/", "health/"))
    follower.note(found)
    check_clean(found)
    again = encode(found.record, found.header.epoch, found.header.sequence, found.header.time)
    check_same(found, decode(again))
    return found


def _shown(messages: Sequence[Message], size: tuple[int, int]) -> None:
    """Show all of it wherever it is shown."""
    for as_lines in (False, True):
        lines = LineSink(io.StringIO(), as_json=as_lines, near_misses=True)
        for one in messages:
            lines.emit(one.record)
        lines.close()
    board = Board(0, "tcp://127.0.0.1:5557", NOON)
    followed = [one.record for one in messages if not isinstance(one.record, Heartbeat | ScoresMessage)]
    told: list[PageMessage] = board.take(followed, NOON)
    msgspec.json.encode(told)
    drawn(messages, size)


def drawn(messages: Sequence[Message], size: tuple[int, int]) -> list[str]:
    """Return the rows of the interface, of each part one after another, for users and for makers."""
    states: Any = {}
    for number, one in enumerate(messages):
        states = after(states, one.record, number / 7.0, one.header.sequence)
    rows = []
    for state in states.values():
        for maker in (False, True):
            view = View(
                state=state, states=states, now_s=1.0, endpoint="tcp://127.0.0.1:5557", maker=maker,
                show_near_misses=True,
            )  # fmt: skip
            rows.append(headline(view).word)
            rows += [strip.text for draw in PARTS.values() for strip in draw(view, *size)]
    return rows


def _asked(data: bytes) -> Iterator[Request]:
    """Yield the request in bytes, and those that the bytes choose."""
    with only(WireError):
        yield decode_request(data)
    choices = Choices(data)
    for _ in range(4):
        with only(WireError):
            yield decode_request(as_json(choices.record(Request)))


def request(data: bytes) -> None:
    """Do what is asked on the control socket."""
    detector = Detector(("siren", "dog_bark"), DetectorConfig(), 16000, 16000, 4000)
    commands = Commands(detector, Background(2, 16000, 4000, BackgroundConfig()), None, lambda: NOON)
    seen = Acknowledgements(lambda _: None, lambda: NOON)
    for number, asked in enumerate(_asked(data)):
        check_same(asked, decode_json(encode_json(asked), Request))
        reply, _ = commands.handle(asked, number * 4000)
        decode_json(encode_json(reply), Reply)
        decode_json(encode_json(seen.handle(asked)), Reply)
        commands.snoozes.due()


def answer(data: bytes) -> None:
    """Read what a monitor, or somebody else, answers."""
    _answered(data)
    choices = Choices(data)
    for kind in (Reply, Snapshot):
        _answered(as_json(choices.record(kind)))


def _answered(data: bytes) -> None:
    with only(WireError):
        found = decode_answer(data)
        check_same(found, decode_answer(encode_json(found)))
        if isinstance(found, Snapshot):
            after({}, found, 1.0)
            OpenEvents().compare(found)
        else:
            for one in found.corrections:
                corrected(one, undone=False)


def _messages() -> list[bytes]:
    bodies = [as_json(plain(kind)) for kind in KINDS]
    found = []
    for kind, body in zip(KINDS, bodies, strict=True):
        topic = topic_of(decode_json(body, kind)).encode()
        found.append(b"\n".join((topic, header(), body)))
    return [*found, b"\n".join((b"event/x/y/", header(), b"{}")), b"", b"\n\n"]


def _requests() -> list[bytes]:
    wanted = [
        Request("snapshot"), Request("mute", "siren", True, for_s=600.0), Request("threshold", "siren", 0.5),
        Request("acknowledge", event_id="a"), Request("correct", value="right"), Request("pause", value=True),
        Request("history", since=NOON, limit=3), Request("learn", "kettle"), Request("forget_background"),
    ]  # fmt: skip
    return [encode_json(one) for one in wanted]


def _answers() -> list[bytes]:
    return [encode_json(Reply(ok=True)), encode_json(Reply(ok=False, error="no")), b'{"epoch": 1}']


def rows(seed: bytes = b"") -> Callable[[], list[bytes]]:
    """Return what makes rows of choices to begin with."""
    return lambda: [seed, bytes(range(256)), bytes([200, 7] * 60), bytes([20, 130, 100] * 50)]


TARGETS = (
    Target(name="wire-message", check=message, seeds=_messages),
    Target(name="wire-record", check=record, seeds=rows()),
    Target(name="control-request", check=request, seeds=_requests),
    Target(name="control-answer", check=answer, seeds=_answers),
)
