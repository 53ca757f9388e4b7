"""The `config` verb: what is in force and where it comes from, a file to begin with, what is written back."""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import msgspec

from monitor.cli.arguments import AddVerb, add_connection, answered
from monitor.cli.setting_flags import add_alarms, add_diary, add_model, add_places, add_sources, settings_of
from monitor.config.settings import Config, as_toml, load_config, load_layers
from monitor.console import show, show_json, show_table
from monitor.errors import ConfigError
from monitor.files.paths import user_path

_LOOK_S = 0.2
"""Between two looks at whether a reload is done: longer words have to be embedded."""


def add_config(verbs: Any, add_verb: AddVerb) -> None:
    """Add `config` to the verbs of the program."""
    config = add_verb(verbs, "config", _config, "print the configuration in force; show, init, save do more")
    _add_file(config)
    config.add_argument("--json", action="store_true", help="one JSON object instead of TOML")
    actions = config.add_subparsers(title="actions", metavar="ACTION")
    _add_show(add_verb(actions, "show", _show, "what is in force, and where each value comes from"))
    _add_init(add_verb(actions, "init", _init, "write a file with every key, its default and its meaning"))
    _add_reload(add_verb(actions, "reload", _reload, "let a running monitor read its configuration again"))
    _add_save(add_verb(actions, "save", _save, "write what was changed in a running monitor into a file"))


def _add_reload(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="the sentences as one JSON list"
    )
    add_connection(parser)


def _reload(arguments: argparse.Namespace) -> int:
    from monitor.bus.messages import Request

    reply = answered(arguments, Request("reload", client="monitor config reload"))
    while reply.waiting:
        time.sleep(_LOOK_S)
        reply = answered(arguments, Request("reloaded"))
    notes = reply.notes
    if arguments.json:
        show_json(msgspec.json.encode(notes))
        return 0
    for sentence in notes:
        show(sentence)
    return 0


def _add_file(parser: argparse.ArgumentParser, default: Any = None) -> None:
    parser.add_argument(
        "--config", type=user_path, metavar="FILE", help="TOML file over the defaults", default=default
    )


def _add_show(parser: argparse.ArgumentParser) -> None:
    _add_file(parser, argparse.SUPPRESS)  # what stands before the action counts as well
    parser.add_argument("--all", action="store_true", help="defaults too")
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="one JSON list on standard output"
    )
    flags = parser.add_argument_group("as `monitor run` would take them")
    for add in (add_sources, add_model, add_alarms, add_places, add_diary):
        add(flags)


def _add_init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="?", type=user_path, metavar="FILE", help="default: standard output; - the same"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it is there")


def _add_save(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=user_path, metavar="FILE", help="the TOML file of your settings")
    parser.add_argument("--source", metavar="SOURCE_ID", help="the source whose thresholds count")
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="the changes as one JSON list"
    )
    add_connection(parser)


def _config(arguments: argparse.Namespace) -> int:
    from monitor.cli.config_view import without_secrets

    config = without_secrets(load_config(arguments.config, os.environ))
    show(json.dumps(msgspec.to_builtins(config), indent=2) if arguments.json else as_toml(config))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from monitor.cli.config_view import settings_table, with_origins, without_secrets

    config, layers = load_layers(arguments.config, os.environ, settings_of(arguments))
    found = with_origins(without_secrets(config), layers)
    if not arguments.all and not arguments.json:
        usual = {one.name: one.value for one in with_origins(Config(), ())}
        found = [one for one in found if one.name not in usual or one.value != usual[one.name]]
    if arguments.json:
        show_json(msgspec.json.encode(found))
    elif found:
        show_table(settings_table(found))
    else:
        show("Nothing differs from the defaults; --all shows them.")
    return 0


def _init(arguments: argparse.Namespace) -> int:
    from monitor.config.commented import commented_defaults
    from monitor.files.new_file import write_new

    if arguments.file in {None, Path("-")}:
        show(commented_defaults().rstrip("\n"))
        return 0
    write_new(arguments.file, commented_defaults(), force=arguments.force)
    show(f"Wrote {arguments.file}: every key with its default. Next: monitor run --config {arguments.file}")
    return 0


def _save(arguments: argparse.Namespace) -> int:
    from monitor.bus.messages import Request, Snapshot
    from monitor.bus.subscriber import ask
    from monitor.cli.config_save import save

    request = Request("snapshot", client="monitor config save")
    snapshot = ask(arguments.connect, request, control=arguments.control)
    if not isinstance(snapshot, Snapshot):
        raise ConfigError("The monitor does not tell its settings; is it of another version?")
    saved = save(arguments.file, snapshot, arguments.source)
    if arguments.json:
        show_json(msgspec.json.encode(saved.changes))
        return 0
    for sentence in saved.sentences:
        show(sentence)
    return 0
