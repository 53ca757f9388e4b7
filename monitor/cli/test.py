"""The `test` verb: does what is set up work? A message to everybody who is told."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from monitor.cli.arguments import AddVerb, add_connection
from monitor.config.settings import Config, load_config
from monitor.config.settings.notify import TargetConfig
from monitor.console import show, show_json
from monitor.errors import ConfigError
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from monitor.cli.self_trial import Tested

_EXIT_NOT_DELIVERED = 1


def add_test(verbs: Any, add_verb: AddVerb) -> None:
    """Add `test` and what it can try to the verbs of the program."""
    subjects = add_verb(verbs, "test", _notify, "try out what is set up").add_subparsers(
        metavar="SUBJECT", required=True
    )
    notify = add_verb(subjects, "notify", _notify, "send a message, marked as a test, to all who are told")
    notify.add_argument("--config", type=user_path, metavar="FILE", help="TOML file over the defaults")
    notify.add_argument(
        "--target", action="append", metavar="NAME", help="only this one of [notify]; again for another one"
    )
    notify.add_argument("--json", action="store_true", help="one JSON list on standard output")
    _add_alarm(subjects, add_verb)
    _add_self(subjects, add_verb)


def _add_alarm(subjects: Any, add_verb: AddVerb) -> None:
    summary = "let an alarm made by code be heard, and follow it to everybody who is told"
    alarm = add_verb(subjects, "alarm", _alarm, summary)
    alarm.add_argument("--config", type=user_path, metavar="FILE", help="TOML file over the defaults")
    alarm.add_argument(
        "--play", action="store_true", help="on the loudspeaker, for the monitor that runs: it is loud"
    )
    alarm.add_argument("--json", action="store_true", help="one JSON list on standard output")
    add_connection(alarm)


def _add_self(subjects: Any, add_verb: AddVerb) -> None:
    summary = "let the monitor that runs test itself now: an alarm in a copy of what each source hears"
    own = add_verb(subjects, "self", _self, summary)
    own.add_argument("--source", metavar="SOURCE_ID", help="this source only (default: each, one by one)")
    own.add_argument("--json", action="store_true", help="one JSON list on standard output")
    add_connection(own)


def _self(arguments: argparse.Namespace) -> int:
    import msgspec

    from monitor.cli.self_trial import follow
    from monitor.console import tell
    from monitor.wording import self_tested

    found = follow(arguments, tell)
    if arguments.json:
        show_json(msgspec.json.encode(found))
    for one in [] if arguments.json else found:
        how = "works" if one.works else "not tested" if one.test.state == "untested" else "FAILS"
        show(f"{how:10} {_named(one, found)}: {self_tested(one.test)}")
    return 0 if all(one.works for one in found) else _EXIT_NOT_DELIVERED


def _named(one: Tested, all_: Sequence[Tested]) -> str:
    """Return what a source is called, with its id where another one is called the same."""
    alike = sum(other.source_name == one.source_name for other in all_) > 1
    return f"{one.source_name} ({one.source_id})" if alike else one.source_name


def _alarm(arguments: argparse.Namespace) -> int:
    import msgspec

    from monitor.cli.alarm_trial import inject, play_it, tell_all
    from monitor.console import tell

    config = load_config(arguments.config, os.environ)
    if arguments.play:
        steps = play_it(arguments.connect, arguments.control, tell) + tell_all(config)
    else:
        steps = inject(config, tell)
    if arguments.json:
        show_json(msgspec.json.encode(steps))
    for step in [] if arguments.json else steps:
        when = "" if step.seconds is None else f"{step.seconds:.2f} s"
        show(f"{'works' if step.works else 'FAILS':6} {step.name:14} {when:>8}  {step.how}")
    return 0 if all(step.works for step in steps) else _EXIT_NOT_DELIVERED


def _notify(arguments: argparse.Namespace) -> int:
    import msgspec

    from monitor.sinks.notify.trial import try_targets

    config = load_config(arguments.config, os.environ)
    outcomes = try_targets(_wanted(config, arguments.target), config.publish.node)
    if arguments.json:
        show_json(msgspec.json.encode(outcomes))
    for one in [] if arguments.json else outcomes:
        how = f"delivered in {one.seconds:.1f} s" if one.delivered else f"NOT delivered: {one.why}"
        show(f"{one.target}: {how}")
    return 0 if all(outcome.delivered for outcome in outcomes) else _EXIT_NOT_DELIVERED


def _wanted(config: Config, names: list[str] | None) -> dict[str, TargetConfig]:
    """Return the targets that are to be tried."""
    targets = config.notify.targets
    if not targets:
        raise ConfigError(
            "Nobody is told: the configuration has no [notify.targets.NAME]; docs/notify.md shows how to "
            "write one, and --config FILE says where it is."
        )
    for name in names or []:
        if name not in targets:
            raise ConfigError(f"There is no target {name!r} in [notify]; valid: {', '.join(targets)}.")
    return {name: target for name, target in targets.items() if names is None or name in names}
