"""The `clips` verb: recordings of events, where they are kept."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.cli.arguments import AddVerb
from monitor.cli.values import point_in_time
from monitor.config.settings import load_config
from monitor.console import show, show_json, show_table
from monitor.errors import ConfigError
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from monitor.storage.clips import StoredClip

_KILOBYTE = 1024


def add_clips(verbs: Any, add_verb: AddVerb) -> None:
    """Add `clips` and what it can do to the verbs of the program."""
    summary = "list, play or delete the recordings of events"
    actions = add_verb(verbs, "clips", _list, summary).add_subparsers(metavar="ACTION", required=True)
    listing = add_verb(actions, "list", _list, "list the recordings, oldest first")
    _add_which(listing)
    listing.add_argument("--json", action="store_true", help="one JSON list on standard output")
    play = add_verb(actions, "play", _play, "play the recordings of events")
    play.add_argument("ids", nargs="+", metavar="ID", help="the id of an event, a file's name, or: last")
    play.add_argument("--config", type=user_path, metavar="FILE", help="the configuration that keeps them")
    delete = add_verb(actions, "delete", _delete, "delete recordings")
    delete.add_argument("ids", nargs="*", metavar="ID", help="the id of an event, a file's name, or: last")
    _add_which(delete)
    delete.add_argument("--all", action="store_true", help="all that there are")


def _add_which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=point_in_time, metavar="T", help="24h, 7d, 2026-11-30")
    parser.add_argument("--until", type=point_in_time, metavar="T", help="the same; default: now")
    parser.add_argument("--class", dest="class_", metavar="NAME", help="one class only")
    parser.add_argument("--config", type=user_path, metavar="FILE", help="the configuration that keeps them")


def _list(arguments: argparse.Namespace) -> int:
    from rich.table import Table

    clips = _wanted(arguments)
    if arguments.json:
        show_json(msgspec.json.encode(clips))
        return 0
    if not clips:
        limited = arguments.since or arguments.until or arguments.class_
        hint = "" if limited else "; [clips] keep = true keeps them"
        show(f"There are no recordings{' of that' if limited else ''} in {_folder(arguments)}{hint}.")
        return 0
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("when", "what", "kB", "id", "file"):
        table.add_column(name, justify="right" if name == "kB" else "left", overflow="fold")
    for clip in clips:
        time = f"{clip.time.astimezone():%a %Y-%m-%d %H:%M:%S}"
        table.add_row(time, clip.class_, str(clip.size // _KILOBYTE), clip.event_id, clip.path)
    show_table(table)
    return 0


def _play(arguments: argparse.Namespace) -> int:
    from monitor.sources.player import play

    for clip in _named(arguments):
        show(f"{clip.class_}, {clip.time.astimezone():%Y-%m-%d %H:%M:%S}")
        play(Path(clip.path))
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    from monitor.storage.clips import remove_clip

    limited = arguments.since or arguments.until or arguments.class_
    if not (arguments.ids or arguments.all or limited):
        raise ConfigError("Say which recordings to delete: ID, --since, --until, --class, or --all.")
    clips = _named(arguments) if arguments.ids else _wanted(arguments)
    for clip in clips:
        remove_clip(Path(clip.path))
    show(f"Deleted: {len(clips)}")
    return 0


def _named(arguments: argparse.Namespace) -> list[StoredClip]:
    from monitor.storage.clips import matching, stored_clips

    clips = stored_clips(_folder(arguments))
    found = []
    for name in arguments.ids:
        named = matching(clips, name)
        if not named:
            raise ConfigError(f"There is no recording {name!r}; `monitor clips list` shows those there are.")
        found += named
    return found


def _wanted(arguments: argparse.Namespace) -> list[StoredClip]:
    from monitor.names import class_id
    from monitor.storage.clips import stored_clips

    class_ = None if arguments.class_ is None else class_id(arguments.class_)
    since, until = arguments.since or datetime.min.replace(tzinfo=UTC), arguments.until or datetime.now(UTC)
    return [
        clip
        for clip in stored_clips(_folder(arguments))
        if since <= clip.time <= until and class_ in {None, clip.class_}
    ]


def _folder(arguments: argparse.Namespace) -> Path:
    from monitor.storage.clips import clips_folder

    return clips_folder(load_config(arguments.config, os.environ).clips)
