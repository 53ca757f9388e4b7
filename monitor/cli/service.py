"""The `service` verb: a monitor that begins with the machine, and is begun again when it hangs."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from monitor.cli.arguments import AddVerb, add_connection
from monitor.cli.service_health import show_health
from monitor.console import show, show_json
from monitor.errors import ConfigError
from monitor.files.paths import user_path

_PROPERTIES = ("ActiveState", "SubState", "StatusText", "NRestarts", "ActiveEnterTimestamp", "Result")


def add_service(verbs: Any, add_verb: AddVerb) -> None:
    """Add `service` to the verbs of the program."""
    service = add_verb(verbs, "service", _status, "begin with the machine, and again after whatever ends it")
    _add_whose(service)
    _add_json(service)
    actions = service.add_subparsers(title="actions", metavar="ACTION")
    for name, do, summary in (
        ("show", _show, "print the unit file that `install` would write"),
        ("install", _install, "write the unit file and begin"),
    ):
        action = add_verb(actions, name, do, summary)
        _add_whose(action, argparse.SUPPRESS)
        action.add_argument(
            "--config",
            type=user_path,
            metavar="FILE",
            help="settings, as `monitor init` writes them",
        )
        if do is _install:
            action.add_argument("--force", action="store_true", help="replace the unit file if it is there")
            action.add_argument("--no-start", action="store_true", help="write the unit file only")
    _add_whose(add_verb(actions, "remove", _remove, "end it, and remove the unit file"), argparse.SUPPRESS)
    status = add_verb(
        actions, "status", _status, "whether it runs, how it hears, how often it was begun again"
    )
    _add_whose(status, argparse.SUPPRESS)
    _add_json(status, argparse.SUPPRESS)
    health = add_verb(
        actions,
        "health",
        show_health,
        "whether a monitor lives here, by its own word; exit code 1: none does",
    )
    add_connection(health)
    _add_json(health, argparse.SUPPRESS)


def _add_whose(parser: argparse.ArgumentParser, default: Any = False) -> None:
    parser.add_argument(
        "--system",
        action="store_true",
        default=default,
        help="of the machine, with a user of its own (default: yours, while you are logged in)",
    )


def _add_json(parser: argparse.ArgumentParser, default: Any = False) -> None:
    parser.add_argument("--json", action="store_true", default=default, help="one JSON object")


def _show(arguments: argparse.Namespace) -> int:
    show(_unit(arguments))
    return 0


def _unit(arguments: argparse.Namespace) -> str:
    """Return the unit file for settings that a run would take."""
    from monitor.assemble import make_sources
    from monitor.config.settings import load_config
    from monitor.encoders import find
    from monitor.service.systemd import other_machines, refuse_unreadable
    from monitor.service.unit import Service, unit
    from monitor.sources.options import SourceOptions
    from monitor.start import python_module

    if arguments.config is None:
        raise ConfigError("Give the settings with --config FILE; `monitor init` writes such a file.")
    config = load_config(arguments.config, os.environ)
    find(config.model)
    make_sources(config.capture.sources, SourceOptions(capture=config.capture))
    command = tuple(python_module("monitor"))
    if arguments.system:
        refuse_unreadable(Path(command[0]), "Its Python")
        refuse_unreadable(Path(__file__), "The program")
        refuse_unreadable(arguments.config, "The settings file")
    path = str(arguments.config.absolute())
    network = tuple(other_machines(config))
    return unit(Service(command=command, config=path, of_machine=arguments.system, network=network))


def _install(arguments: argparse.Namespace) -> int:
    from monitor.files.new_file import write_new
    from monitor.service.systemd import runs_here, systemctl, unit_path
    from monitor.service.unit import NAME

    text, path = _unit(arguments), unit_path(arguments.system)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_new(path, text, force=arguments.force)
    show(f"Wrote {path}.")
    whose = "" if arguments.system else " --user"
    if not runs_here() or arguments.no_start:
        why = "" if arguments.no_start else "systemd does not run this machine, so nothing was begun. "
        show(f"{why}Where it does: systemctl{whose} daemon-reload && systemctl{whose} enable --now {NAME}")
        return 0
    systemctl(arguments.system, "daemon-reload")
    systemctl(arguments.system, "enable", "--now", NAME)
    show(
        "It runs, and begins with the machine."
        if arguments.system
        else "It runs, and begins when you log in."
    )
    if not arguments.system:
        show("`loginctl enable-linger` lets it run while you are not logged in.")
    status = "monitor service --system" if arguments.system else "monitor service"
    show(f"{status}: how it is; journalctl{whose} -u monitor: its lines")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    from monitor.service.systemd import runs_here, systemctl, unit_path
    from monitor.service.unit import NAME

    path = unit_path(arguments.system)
    if not path.exists():
        raise ConfigError(f"There is no {path}; nothing was removed.")
    if runs_here():
        systemctl(arguments.system, "disable", "--now", NAME)
    path.unlink()
    if runs_here():
        systemctl(arguments.system, "daemon-reload")
    show(f"Removed {path}. What it has learnt and heard is kept.")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    from monitor.service.systemd import runs_here, systemctl, unit_path
    from monitor.service.unit import NAME

    path = unit_path(arguments.system)
    if not path.exists():
        raise ConfigError(f"There is no {path}: `monitor service install --config FILE` makes one.")
    if not runs_here():
        raise ConfigError(f"{path} is there, and systemd does not run this machine: it is not running.")
    answer = systemctl(arguments.system, "show", NAME, *(f"--property={name}" for name in _PROPERTIES))
    found = dict(line.split("=", 1) for line in answer.splitlines() if "=" in line)
    if arguments.json:
        import json

        show_json(json.dumps(found).encode())
    else:
        since = found.get("ActiveEnterTimestamp") or "never"
        state, again = f"{found.get('ActiveState')} ({found.get('SubState')})", found.get("NRestarts")
        show(f"{state}, since {since}, begun again {again} times")
        show(found.get("StatusText") or "It has said nothing of its hearing yet.")
    return 0 if found.get("ActiveState") == "active" else 1
