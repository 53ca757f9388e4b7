"""The `keys` verb: who on other machines may read this monitor, and which monitors this machine may read."""

from __future__ import annotations

import argparse
from typing import Any

from monitor.cli.arguments import AddVerb
from monitor.console import show, show_json


def add_keys(verbs: Any, add_verb: AddVerb) -> None:
    """Add `keys` to the verbs of the program."""
    keys = add_verb(verbs, "keys", _list, "let other machines in, by their keys, and be let in by them")
    _add_json(keys)
    actions = keys.add_subparsers(title="actions", metavar="ACTION")
    new = add_verb(actions, "new", _new, "make the pair of keys of this machine and print the public one")
    new.add_argument("--force", action="store_true", help="in place of the pair that is there")
    allow = add_verb(actions, "allow", _allow, "let somebody in")
    allow.add_argument("name", metavar="NAME", help="whose key it is; replaces an earlier one")
    allow.add_argument("key", metavar="KEY", help="what `monitor keys new` prints on the other machine")
    allow.add_argument(
        "--control", action="store_true", help="to pause, mute and acknowledge too, not only to read"
    )
    revoke = add_verb(actions, "revoke", _revoke, "let somebody in no more, at once")
    revoke.add_argument("name", metavar="NAME")
    trust = add_verb(actions, "trust", _trust, "say which key a monitor on another machine has")
    trust.add_argument("endpoint", metavar="ENDPOINT", help="where it publishes, tcp://HOST:PORT")
    trust.add_argument("key", metavar="KEY", help="what `monitor keys list` prints there")
    _add_json(
        add_verb(actions, "list", _list, "the key of this machine, who is let in, which monitors are known"),
        False,
    )


def _add_json(parser: argparse.ArgumentParser, first: bool = True) -> None:
    default: Any = False if first else argparse.SUPPRESS
    parser.add_argument("--json", action="store_true", default=default, help="one JSON object")


def _new(arguments: argparse.Namespace) -> int:
    from monitor.bus.keys import kept_keys

    pair = kept_keys().make_own(force=arguments.force)
    show(f"The key of this machine, to give away: {pair.public}")
    show("The secret one stays here.")
    return 0


def _allow(arguments: argparse.Namespace) -> int:
    from monitor.bus.keys import Guest, kept_keys

    kept_keys().allow(Guest(arguments.name, arguments.key, "control" if arguments.control else "listen"))
    what = "read, ask and control" if arguments.control else "read"
    show(f"{arguments.name} may {what} what `monitor run --public` publishes.")
    return 0


def _revoke(arguments: argparse.Namespace) -> int:
    from monitor.bus.keys import kept_keys

    show(f"{kept_keys().revoke(arguments.name).name} is let in no more.")
    return 0


def _trust(arguments: argparse.Namespace) -> int:
    from monitor.bus.addresses import check_public
    from monitor.bus.keys import kept_keys

    endpoint = check_public(arguments.endpoint)
    kept_keys().trust(endpoint, arguments.key)
    show(f"A monitor at {endpoint} must have that key now: monitor tui --connect {endpoint}")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    import json

    from monitor.bus.keys import kept_keys

    keys = kept_keys()
    pair, guests, servers = keys.own(), keys.guests(), keys.servers()
    if arguments.json:
        found = {
            "own": None if pair is None else pair.public,
            "guests": [{"name": one.name, "key": one.key, "may": one.may} for one in guests],
            "servers": servers,
        }
        show_json(json.dumps(found).encode())
        return 0
    show(f"This machine: {'no keys yet (monitor keys new)' if pair is None else pair.public}")
    for guest in guests:
        show(f"May {guest.may:<8} {guest.name}  {guest.key}")
    for endpoint, key in servers.items():
        show(f"Monitor      {endpoint}  {key}")
    return 0
