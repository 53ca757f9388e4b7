"""Every way in for text of somebody else's, every way in which it is shown: nothing steers a terminal.

The table of ways in is `INTO`, that of ways out `OUT`. Texts are those of `tools/fuzz/texts.py`: escapes of
each kind, direction, what nobody sees, NUL, half characters, marks on marks, what ends a quotation.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.table import Table

from monitor.bus import messages
from monitor.bus.codec import (
    DECODERS,
    Header,
    Message,
    decode_json,
    decode_with,
    encode_json,
    encode_with_topic,
    topic_of,
)
from monitor.bus.control import Peer
from monitor.bus.keys import kept_keys
from monitor.bus.messages import Event, Health, NearMissMessage, PublishedRecord
from monitor.cli import history_view
from monitor.config.settings import load_config
from monitor.console import show, show_json, show_table, tell
from monitor.errors import MonitorError
from monitor.models.store import read_folder
from monitor.scoring.prompts import parse_classes
from monitor.sinks.lines import LineSink
from monitor.sinks.mqtt.board import Board as MqttBoard
from monitor.sinks.mqtt.pending import Pending
from monitor.sinks.notify.letters import Letter
from monitor.sinks.notify.program import _described
from monitor.sinks.notify.texts import of_change, of_event
from monitor.sources.devices import printable
from monitor.sources.file import FileSource
from monitor.storage import history
from monitor.text import clean
from monitor.web.board import Board as WebBoard
from monitor.wording import node_name
from tools.fuzz.choices import as_json, plain
from tools.fuzz.programs import NODE
from tools.fuzz.texts import BREAKING, STEERING
from tools.fuzz.wire import drawn

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TEXTS = {**STEERING, **BREAKING}
KINDS = (Event, Health, NearMissMessage)
SPOKEN = {"label", "reason", "rhythm", "acknowledged_by", "hearing_reason", "warning", "clip", "channels"}
"""Fields that need not be there, and are texts."""
RECORDS = {kind: {**plain(kind), "state": "lost"} if kind is Health else plain(kind) for kind in KINDS}


def with_text(row: Any, text: str) -> Any:
    """Return a row of JSON with `text` in the place of every text that may be anything."""
    if isinstance(row, dict):
        return {name: text if value == "siren" else with_text(value, text) for name, value in row.items()}
    return [with_text(value, text) for value in row] if isinstance(row, list) else row


def written(kind: type[Any], text: str) -> bytes:
    """Return a record as a hostile program writes it; half characters are nothing that UTF-8 can carry."""
    said = text.encode("utf-8", "replace").decode()
    row = with_text(RECORDS[kind], said)
    row |= {field.encode_name: said for field in msgspec.structs.fields(kind) if field.name in SPOKEN}
    return as_json({**row, "reason": "muted"} if kind is NearMissMessage else row)


def received(text: str) -> list[PublishedRecord]:
    """Return records as whoever listens gets them."""
    return [decode_with(DECODERS[kind], written(kind, text)) for kind in KINDS]


def of_history(text: str, folder: Path) -> list[PublishedRecord]:
    """Return what a history has that another program wrote."""
    path = folder / "history.db"
    with closing(history.open_database(path, make=True)) as database:
        event, health, miss = (written(kind, text) for kind in KINDS)
        name = text.encode("utf-8", "replace")
        database.execute(
            "INSERT INTO events VALUES (?, ?, ?, 1, 0, 0, 0, NULL, ?)", (name, name, name, event)
        )
        database.execute("INSERT INTO near_misses VALUES (?, ?, ?, 0, 0, 0, 2, ?)", (name, name, name, miss))
        database.execute("INSERT INTO health VALUES (0, ?, ?)", (name, health))
    found = history.find(path, history.Asked())
    assert len(found.events) == len(found.near_misses) == len(found.health) == 1
    assert clean(history.holdings(path).classes[0]) == history.holdings(path).classes[0]
    return [*found.events, *(one.miss for one in found.near_misses), *found.health]


def terminal_lines(records: list[PublishedRecord], as_json_: bool) -> str:
    out = io.StringIO()
    sink = LineSink(out, as_json=as_json_, near_misses=True)
    for record in records:
        sink.emit(record)
    sink.close()
    return out.getvalue()


def rows_of_screen(records: list[PublishedRecord]) -> str:
    header = Header(2, "epoch", 1, NOON)
    told = [Message(topic_of(record), header, record) for record in records]
    return "\n".join(drawn(told, (120, 40)))


def page(records: list[PublishedRecord]) -> str:
    told = WebBoard(0, "tcp://127.0.0.1:5557", NOON).take(records, NOON)
    return msgspec.json.encode(told).decode()


def letters(records: list[PublishedRecord]) -> str:
    found = []
    for event in (one for one in records if isinstance(one, Event)):
        for message in (of_event(event, NOON), of_change(event, NOON)):
            letter = Letter(message.kind, message.title, message.text, message.payload.encode(), True, 1, 0.0)
            found += [message.title, message.text, message.payload, *_described(letter).values()]
    return "\n".join(found)


def on_the_broker(records: list[PublishedRecord]) -> str:
    pending = Pending()
    board = MqttBoard(NODE, pending)
    for record in records:
        if isinstance(record, Event | Health):
            board.take(record, 0.0)
    board.announce(NOON)
    found = []
    while (one := pending.take()) is not None:
        found.append((getattr(one, "payload", b"") or getattr(one, "encoded", b"")).decode())
    return "\n".join(found)


def in_tables(records: list[PublishedRecord]) -> str:
    events = [one for one in records if isinstance(one, Event)]
    found = history.Found(events, [], [one for one in records if isinstance(one, Health)], [])
    return "\n".join(
        (
            history_view.table(found, everything=True),
            history_view.ids(found, everything=True),
            history_view.summary(events),
        )
    )


OUT: dict[str, Callable[[list[PublishedRecord]], str]] = {
    "lines": lambda records: terminal_lines(records, as_json_=False),
    "lines of JSON": lambda records: terminal_lines(records, as_json_=True),
    "screen": rows_of_screen,
    "web page": page,
    "messages and variables of a command": letters,
    "broker": on_the_broker,
    "tables of the history": in_tables,
    "log": lambda records: "\n".join(encode_with_topic(one).decode() for one in records),
}


def unsafe_lines(shown: str) -> list[str]:
    return [line for line in shown.split("\n") if clean(line) != line]


@pytest.mark.parametrize("out", OUT)
def test_what_a_publisher_says_is_shown_without_anything_that_steers(out: str) -> None:
    for name, text in TEXTS.items():
        assert unsafe_lines(OUT[out](received(text))) == [], name


@pytest.mark.parametrize("out", OUT)
def test_what_another_program_wrote_into_the_history_is_shown_without_anything_that_steers(
    out: str, tmp_path: Path
) -> None:
    for number, text in enumerate(TEXTS.values()):
        (tmp_path / str(number)).mkdir()
        records = of_history(text, tmp_path / str(number))
        assert unsafe_lines(OUT[out](records)) == []


def of_model_folder(text: str, folder: Path) -> Iterator[str]:
    from monitor.files.toml import toml_lines
    from monitor.models.store import packaged_models

    entry = msgspec.to_builtins(next(iter(packaged_models().values())).entry)
    folder.joinpath("model.toml").write_text(toml_lines({**entry, "licence": text, "source": text}), "utf-8")
    found = read_folder(folder)
    yield from (found.entry.licence, found.entry.source)


def of_configuration(text: str, folder: Path) -> Iterator[str]:
    path = folder / "monitor.toml"
    from monitor.files.toml import toml_document

    for section, key in ((text, "x"), ("capture", text), ("detector", "urgent")):
        document = toml_document({section or "x": {key or "x": {text: text}}})
        path.write_bytes(document.encode("utf-8", "replace"))
        load_config(path, {}, {})
        yield text


def of_file(text: str) -> Iterator[str]:
    """Names of files are bytes without NUL, which Python has as text."""
    name = os.fsdecode(text.encode("utf-8", "replace" if "\ud800" in text else "surrogateescape"))
    name = name.replace("\0", "")
    yield FileSource(Path(name)).name
    FileSource(Path(name)).open()


def of_guests(text: str, folder: Path) -> Iterator[str]:
    kept = folder / "monitor" / "keys"
    kept.mkdir(parents=True)
    guests = {"guests": [{"name": text, "key": "a" * 51 + "q"}]}
    (kept / "guests.json").write_bytes(as_json(guests))
    yield from (guest.name for guest in kept_keys().guests())


INTO: dict[str, Callable[[str, Path], Iterator[str]]] = {
    "class list": lambda text, _: iter([one.label for one in parse_classes(f'a="{text}",{text}')]),
    "configuration": of_configuration,
    "environment": lambda text, _: iter([str(load_config(None, {"MONITOR_CAPTURE_CHANNEL": text}, {}))]),
    "model folder": of_model_folder,
    "file name": lambda text, _: of_file(text),
    "device of PortAudio": lambda text, _: iter([printable(text)]),
    "name of this machine": lambda text, _: iter([node_name(text)]),
    "name of who asks": lambda text, _: iter([Peer(0, 1).called(text)]),
    "guests": of_guests,
    "request": lambda text, _: iter([str(decode_json(as_json({"request": text}), messages.Request))]),
}


@pytest.mark.parametrize("into", INTO)
def test_what_is_read_or_refused_is_printed_without_anything_that_steers(
    into: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in TEXTS.items():
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.setenv("XDG_DATA_HOME", str(folder))
        print_all(into, text, folder)
        shown = capsys.readouterr()
        assert unsafe_lines(shown.out + shown.err) == [], name
        assert len(shown.err.splitlines()) <= 1, name


def print_all(into: str, text: str, folder: Path) -> None:
    """Print what is read, or why it is refused, in every way in which the command line prints."""
    try:
        found = list(INTO[into](text, folder))
    except (MonitorError, OSError) as error:
        found = [str(error)]
        tell(str(error))
    table = Table("what")
    for one in found:
        show(one)
        show_json(encode_json(messages.Reply(ok=False, error=one)))
        table.add_row(one)
    show_table(table)
