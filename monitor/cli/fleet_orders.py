"""`monitor fleet push`, `rollback` and `key`: settings that go to nodes, on trial first."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.cli.arguments import AddVerb
from monitor.cli.fleet_reading import add_broker, reading
from monitor.cli.values import names, positive
from monitor.console import show, show_json
from monitor.errors import ConfigError
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from monitor.bus.messages import Order
    from monitor.fleet.orders import Fate
    from monitor.fleet.sightings import Seen, Sightings

_NOT_ALL_DONE = 1
_WAIT_S = 180.0
_LOOK_S = 1.0
_WORDS = {
    "applied": "runs with them",
    "refused": "REFUSED",
    "rolled_back": "TAKEN BACK",
    "away": "is away, and takes them when it is back",
    "trying": "has not told yet",
}


def add_orders(actions: Any, add_verb: AddVerb) -> None:
    """Add the actions that set nodes."""
    push = add_verb(actions, "push", _push, "let nodes run with the settings of a file, on trial first")
    push.add_argument("file", type=user_path, metavar="FILE", help="TOML over the nodes' own settings")
    _add_order(push)
    rollback = add_verb(actions, "rollback", _rollback, "take the last push back")
    _add_order(rollback)
    key = add_verb(actions, "key", _key, "make the key that pushes are signed with, or show its public part")
    key.add_argument("file", type=user_path, metavar="FILE", help="where it is, or is to be")


def _add_order(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", required=True, type=names, metavar="A,B|all", help="which nodes")
    add_broker(parser)
    parser.add_argument("--key", type=user_path, metavar="FILE", help="sign with this key (`fleet key FILE`)")
    parser.add_argument(
        "--wait",
        type=positive,
        default=_WAIT_S,
        metavar="S",
        help="for what becomes of it (default %(default)g)",
    )
    parser.add_argument("--json", action="store_true", help="what became of it as a JSON list")


def _push(arguments: argparse.Namespace) -> int:
    from monitor.fleet.orders import check_settings, push_order

    text = _text(arguments.file)
    check_settings(text, str(arguments.file))
    return _give(arguments, lambda node, seen: push_order(node, seen, text, _by()))


def _rollback(arguments: argparse.Namespace) -> int:
    from monitor.fleet.orders import rollback_order

    return _give(arguments, lambda node, seen: rollback_order(node, seen, _by()))


def _key(arguments: argparse.Namespace) -> int:
    from monitor.fleet.keys import make_key, public_of, read_key

    there = arguments.file.exists()
    public = public_of(read_key(arguments.file)) if there else make_key(arguments.file)
    show(f'On each node, in [uplink]: accept_config = true, config_key = "{public}"')
    if not there:
        show(f"The secret part is {arguments.file}: keep it where pushes are made, and nowhere else.")
    return 0


def _text(path: Path) -> str:
    from monitor.files.reading import read_stored, stored_text

    try:
        return stored_text(read_stored(path, 1 << 20))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{path} cannot be read: {why}.") from None


def _by() -> str:
    import getpass

    try:
        return f"{getpass.getuser()} (monitor fleet)"
    except (KeyError, OSError):
        return "monitor fleet"


def _give(arguments: argparse.Namespace, order_of: Callable[[str, Seen], Order | None]) -> int:
    """Give each node its order, and tell what becomes of it."""
    from monitor.bus.codec import encode_json
    from monitor.fleet.keys import read_key
    from monitor.fleet.opening import compare_clocks
    from monitor.fleet.orders import chosen
    from monitor.fleet.sightings import Sightings
    from monitor.sinks.uplink.signature import signed

    key = read_key(arguments.key) if arguments.key else None
    sightings = Sightings()
    with reading(arguments, sightings) as reader:
        compare_clocks(reader, sightings)
        seen = sightings.seen()
        orders: list[Order] = []
        for node in chosen(arguments.to, seen):
            order = order_of(node, seen[node])
            if order is None:
                raise ConfigError(f"{node} runs with its own settings alone; there is nothing to take back.")
            orders.append(order if key is None else signed(order, key))
        for order in orders:
            reader.order(order.node, encode_json(order))
        return _follow(arguments, sightings, orders)


def _follow(arguments: argparse.Namespace, sightings: Sightings, orders: list[Order]) -> int:
    """Wait for what becomes of the orders; each is told as soon as that is known."""
    from monitor.fleet.orders import done

    deadline_s = time.monotonic() + arguments.wait
    told: dict[str, Fate] = {}
    while True:
        over = time.monotonic() >= deadline_s
        for order in orders:
            now = _fate(order, sightings)
            if order.node not in told and (now.final or over):
                told[order.node] = now
                if not arguments.json:
                    show(_sentence(now))
        if len(told) == len(orders):
            break
        sightings.until(lambda: False, _LOOK_S)
    if arguments.json:
        import msgspec

        show_json(msgspec.json.encode(list(told.values())))
    return 0 if all(done(one, told[one.node]) for one in orders) else _NOT_ALL_DONE


def _fate(order: Order, sightings: Sightings) -> Fate:
    from monitor.fleet.orders import fate
    from monitor.fleet.sightings import Seen
    from monitor.fleet.standing import standing

    seen = sightings.seen().get(order.node, Seen())
    return fate(order, seen, standing(order.node, seen, datetime.now(UTC), time.monotonic(), asked=True))


def _sentence(fate: Fate) -> str:
    known = f" ({fate.hash})" if fate.hash and fate.outcome == "applied" else ""
    why = f": {fate.why}" if fate.why else "."
    return f"{fate.node} {_WORDS[fate.outcome]}{known}{why}"
