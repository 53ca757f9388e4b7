"""The `fleet` verb: all nodes at one place, through the broker that they report to."""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from monitor.cli.arguments import AddVerb
from monitor.cli.fleet_orders import add_orders
from monitor.cli.fleet_reading import add_broker, reading
from monitor.cli.values import point_in_time, positive
from monitor.console import redrawn, show, show_json, show_table, tell
from monitor.errors import ConfigError, FleetError

if TYPE_CHECKING:
    from monitor.bus.messages import Report
    from monitor.fleet.inbox import Gap
    from monitor.fleet.opening import Reader
    from monitor.fleet.sightings import Sightings
    from monitor.fleet.standing import Standing

_NOT_ALL_WELL = 1
_EVERY_S = 2.0
_CLOCKS_EVERY_S = 30.0


def add_fleet(verbs: Any, add_verb: AddVerb) -> None:
    """Add `fleet` to the verbs of the program."""
    fleet = add_verb(verbs, "fleet", _show_help, "many nodes at one place, through their broker")
    fleet.set_defaults(parser=fleet)
    actions = fleet.add_subparsers(title="actions", metavar="ACTION")
    _add_status(add_verb(actions, "status", _status, "how all nodes hear, those first that do not"))
    _add_events(add_verb(actions, "events", _events, "what nodes report, each once"))
    add_orders(actions, add_verb)
    forget = add_verb(actions, "forget", _forget, "let the broker forget nodes that are gone for good")
    forget.add_argument("nodes", nargs="+", metavar="NODE")
    add_broker(forget)


def _show_help(arguments: argparse.Namespace) -> int:
    show(arguments.parser.format_help().rstrip())
    return 0


def _add_status(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "nodes", nargs="*", metavar="NODE", help="these only; one that never reported is told (default: all)"
    )
    add_broker(parser)
    parser.add_argument("--json", action="store_true", help="a JSON list; with --watch one each time")
    parser.add_argument("--watch", action="store_true", help="go on, until Ctrl-C")
    parser.add_argument("--duration", type=positive, metavar="S", help="with --watch: stop after S seconds")
    parser.add_argument(
        "--no-clocks", action="store_true", help="do not ask all nodes for their time: of very many"
    )


def _add_events(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("nodes", nargs="*", metavar="NODE", help="of these only (default: all)")
    add_broker(parser)
    parser.add_argument(
        "--since", type=point_in_time, metavar="T", help="NATS: what it keeps from then on; 24h, 7d, a day"
    )
    parser.add_argument("--json", action="store_true", help="each report as one line of JSON")
    parser.add_argument("--duration", type=positive, metavar="S", help="stop after S seconds")


def _status(arguments: argparse.Namespace) -> int:
    from monitor.fleet.opening import compare_clocks
    from monitor.fleet.sightings import Sightings

    if arguments.duration and not arguments.watch:
        raise ConfigError("--duration is about --watch; add that.")
    sightings = Sightings()
    with reading(arguments, sightings) as reader:
        if not arguments.no_clocks:
            compare_clocks(reader, sightings)
        if arguments.watch:
            return _watch(arguments, reader, sightings)
        found = _standings(arguments, sightings)
        _show_standings(found, arguments.json)
    return 0 if found and all(one.well for one in found) else _NOT_ALL_WELL


def _standings(arguments: argparse.Namespace, sightings: Sightings) -> list[Standing]:
    from monitor.fleet.standing import standings

    seen, wanted = sightings.seen(), set(arguments.nodes)
    if wanted:
        seen = {node: one for node, one in seen.items() if node in wanted}
    asked = not arguments.no_clocks
    return standings(seen, datetime.now(UTC), time.monotonic(), asked, arguments.nodes)


def _show_standings(found: list[Standing], as_json: bool) -> None:
    import msgspec

    from monitor.cli.fleet_view import counted, status_table

    if as_json:
        show_json(msgspec.json.encode(found))
        return
    if found:
        show_table(status_table(found, datetime.now(UTC)))
    for sentence in counted(found):
        show(sentence)


def _watch(arguments: argparse.Namespace, reader: Reader, sightings: Sightings) -> int:
    from monitor.cli.fleet_view import watched

    end_s = time.monotonic() + (arguments.duration or float("inf"))
    asked_s = time.monotonic()
    found = _standings(arguments, sightings)
    with redrawn() as draw:
        while True:
            if arguments.json:
                _show_standings(found, as_json=True)
            else:
                draw(watched(found, datetime.now(UTC), sightings.trouble))
            if time.monotonic() >= end_s:
                return 0 if found and all(one.well for one in found) else _NOT_ALL_WELL
            time.sleep(min(_EVERY_S, max(0.05, end_s - time.monotonic())))
            if not arguments.no_clocks and time.monotonic() - asked_s > _CLOCKS_EVERY_S:
                asked_s = time.monotonic()
                reader.ask()
            found = _standings(arguments, sightings)


def _events(arguments: argparse.Namespace) -> int:
    from monitor.fleet.inbox import Inbox
    from monitor.fleet.sightings import Sightings

    sightings, inbox = Sightings(), Inbox()
    end_s = time.monotonic() + (arguments.duration or float("inf"))
    with reading(arguments, sightings, reports=True):
        trouble = sightings.trouble
        while True:
            ended = time.monotonic() >= end_s
            for one in inbox.take(sightings.take_reports()):
                if not arguments.nodes or one.node in arguments.nodes:
                    _show_report(one, arguments.json)
            if sightings.trouble != trouble:
                trouble = sightings.trouble
                said = "The broker is there." if trouble is None else f"The broker is away: {trouble}."
                tell(said, "info" if trouble is None else "warning")
            if ended:
                break
            time.sleep(0.2)
    if sightings.dropped:
        raise FleetError(f"{sightings.dropped} reports came faster than they were written, and are lost.")
    return 0


def _show_report(one: Report | Gap, as_json: bool) -> None:
    from monitor.bus.codec import encode_json
    from monitor.cli.fleet_view import report_line
    from monitor.fleet.inbox import Gap

    if isinstance(one, Gap):
        tell(f"{one.missing} reports of {one.node} are missing here.", "warning")
    elif as_json:
        show_json(encode_json(one))
    else:
        show(report_line(one))


def _forget(arguments: argparse.Namespace) -> int:
    from monitor.fleet.sightings import Sightings

    sightings = Sightings()
    with reading(arguments, sightings) as reader:
        known = sightings.seen()
        for node in arguments.nodes:
            if node not in known:
                valid = ", ".join(sorted(known)[:20]) or "none has reported"
                raise ConfigError(f"{node!r} is no node here; valid: {valid}.")
        reader.forget(arguments.nodes)
    names = ", ".join(arguments.nodes)
    show(f"Forgotten: {names}. One that still runs comes back with its next sign of life.")
    return 0
