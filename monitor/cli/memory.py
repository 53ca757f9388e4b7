"""The `memory` verb: what is remembered of what was heard, as embeddings; forgetting it, and its key."""

from __future__ import annotations

import argparse
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.bus.messages import Request
from monitor.cli.arguments import AddVerb, add_connection
from monitor.cli.values import point_in_time
from monitor.config.settings import MemoryConfig, load_config
from monitor.console import show, show_json, show_table
from monitor.errors import ConfigError, MomentsError, PublishError
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from monitor.storage.moments import MomentStore, Overview

_MEGABYTE = 1e6
_KEPT = {
    "none": "nothing new",
    "events": "some windows of each event",
    "all": "each window that is not like the one before it, and some of each event",
}
_NOTHING = "Nothing is remembered"


class _Shown(msgspec.Struct, frozen=True):
    """What `show --json` prints."""

    path: str
    keep: str
    encrypted: bool
    size: int
    """Bytes."""
    corrections: int
    sources: list[Overview]


def add_memory(verbs: Any, add_verb: AddVerb) -> None:
    """Add `memory` and what it can do to the verbs of the program."""
    summary = "what is remembered of what was heard: embeddings, never sound"
    actions = add_verb(verbs, "memory", _show, summary).add_subparsers(metavar="ACTION", required=True)
    shown = add_verb(actions, "show", _show, "how much is remembered, of which sources, since when")
    shown.add_argument("--json", action="store_true", help="as JSON on standard output")
    forget = add_verb(actions, "forget", _forget, "forget moments, and what was said of their events")
    forget.add_argument("--event", metavar="ID", help="of one event")
    _add_times(forget)
    forget.add_argument("--all", action="store_true", help="all that there are")
    add_connection(forget)
    export = add_verb(actions, "export", _export, "write moments as arrays of numpy, for other programs")
    export.add_argument("file", type=user_path, metavar="FILE", help="such as memory.npz")
    export.add_argument("--model", metavar="IDENTITY", help="of this model; needed where there are several")
    _add_times(export)
    export.add_argument("--force", action="store_true", help="replace FILE if it is there")
    for parser in (shown, forget, export):
        parser.add_argument("--config", type=user_path, metavar="FILE", help="the configuration that is used")
    keys = add_verb(actions, "key", _new_key, "make a key").add_subparsers(metavar="ACTION", required=True)
    new = add_verb(keys, "new", _new_key, "write a new key into a file that only you can read")
    new.add_argument(
        "file", type=user_path, metavar="FILE", help="keep a copy: without it nothing can be read"
    )


def _add_times(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=point_in_time, metavar="T", help="24h, 7d, 2026-11-30")
    parser.add_argument("--until", type=point_in_time, metavar="T", help="the same; default: now")


def _show(arguments: argparse.Namespace) -> int:
    from monitor.storage.moments import opened

    config = _config(arguments)
    with opened(config) as store:
        found = None if store is None else _shown(store, config)
    if arguments.json:
        show_json(msgspec.json.encode(found))
    elif found is None or not found.sources:
        show(f"{_NOTHING} yet. {_what_will_be(config)}.")
    else:
        _show_table(found)
    return 0


def _what_will_be(config: MemoryConfig) -> str:
    if config.keep == "none":
        return "It is off: [memory] keep = 'none'"
    default = ", the default" if config.keep == MemoryConfig().keep else ""
    return f"It is on ([memory] keep = {config.keep!r}{default}): `monitor run` keeps {_KEPT[config.keep]}"


def _shown(store: MomentStore, config: MemoryConfig) -> _Shown:
    from monitor.storage.database import taken_bytes

    path = store.path
    size = taken_bytes(path)
    said = len(store.corrections())
    return _Shown(str(path), config.keep, store.encrypted, size, said, store.overview())


def _show_table(found: _Shown) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("source", "model", "moments", "events", "from", "to"):
        table.add_column(name, justify="right" if name in {"moments", "events"} else "left", overflow="fold")
    for one in found.sources:
        times = (f"{time.astimezone():%Y-%m-%d %H:%M}" for time in (one.first, one.last))
        table.add_row(one.source_id, one.model, str(one.moments), str(one.events), *times)
    show_table(table)
    how = "encrypted" if found.encrypted else "not encrypted ([memory] key_file)"
    show(
        f"{found.size / _MEGABYTE:.1f} MB in {found.path}, {how}; {found.corrections} events were corrected."
    )
    show(f"[memory] keep = {found.keep!r} keeps {_KEPT[found.keep]}; no sound.")


def _forget(arguments: argparse.Namespace) -> int:
    from monitor.storage.moments import Asked, opened

    if not (arguments.event or arguments.since or arguments.until or arguments.all):
        raise ConfigError("Say what to forget: --event ID, --since T, --until T, or --all.")
    asked = Asked(since=arguments.since, until=arguments.until, event_id=arguments.event)
    with opened(_config(arguments)) as store:
        count, events = (0, list[str]()) if store is None else store.forget(asked)
    for event_id in events:
        _take_back(arguments, event_id)
    said = f" What was said of {len(events)} events is taken back." if events else ""
    show(f"Forgotten: {count} moments.{said}" if count else "Nothing of that is remembered.")
    return 0


def _take_back(arguments: argparse.Namespace, event_id: str) -> None:
    """Let a running monitor, if there is one, go by it no longer."""
    from monitor.bus.subscriber import ask

    request = Request("correct", value="undo", event_id=event_id, client="monitor memory")
    with suppress(PublishError):
        ask(arguments.connect, request, control=arguments.control)


def _export(arguments: argparse.Namespace) -> int:
    import numpy as np

    from monitor.files.new_file import refuse_taken
    from monitor.storage.moments import Asked, opened

    refuse_taken(arguments.file, force=arguments.force)
    with opened(_config(arguments)) as store:
        if store is None or not (models := store.models()):
            raise MomentsError(f"{_NOTHING} that could be exported.")
        model = arguments.model or models[0]
        if model not in models or (len(models) > 1 and not arguments.model):
            raise MomentsError(f"Say of which model: --model {', or --model '.join(models)}.")
        batches = list(store.batches(model, asked=Asked(since=arguments.since, until=arguments.until)))
    if not batches:
        raise MomentsError(f"{_NOTHING} of that time.")
    arrays: dict[str, Any] = {
        name: np.concatenate([np.asarray(getattr(one, name)) for one in batches])
        for name in ("vectors", "times", "levels_dbfs", "floors_dbfs", "source_ids", "event_ids", "classes")
    }
    scores = [msgspec.json.encode(one).decode() for batch in batches for one in batch.scores]
    try:
        with arguments.file.open("wb") as file:
            np.savez_compressed(file, model=np.array(model), scores=np.array(scores), **arrays)
    except OSError as error:
        raise MomentsError(f"{arguments.file} cannot be written: {error.strerror}.") from None
    show(f"Wrote {len(scores)} moments to {arguments.file}, not encrypted")
    return 0


def _new_key(arguments: argparse.Namespace) -> int:
    from monitor.files.new_file import write_new
    from monitor.storage.moments.sealing import new_key, seal_of

    write_new(arguments.file, new_key() + "\n", force=False)
    seal_of(MemoryConfig(key_file=str(arguments.file)))  # says so where nothing can be encrypted here
    show(
        f"Wrote a new key to {arguments.file}; keep a copy elsewhere, for without it nothing can be read. "
        f'In the configuration: [memory] key_file = "{arguments.file.absolute()}"'
    )
    return 0


def _config(arguments: argparse.Namespace) -> MemoryConfig:
    return load_config(arguments.config, os.environ).memory
