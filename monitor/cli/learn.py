"""The `learn` verb: teach a sound by examples, and see, try, rename, forget or give away what was taught."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any

from monitor.cli.arguments import AddVerb, Flags, add_connection, model_flag
from monitor.cli.channel import add_channel, channel_keys
from monitor.cli.values import count, positive
from monitor.config.settings import Config, load_config
from monitor.errors import ConfigError
from monitor.files.paths import user_path

_TEACH = "teach"
_ACTIONS = frozenset({_TEACH, "list", "test", "rename", "forget", "export", "import"})
_MOST = 10


def add_learn(verbs: Any, add_verb: AddVerb) -> None:
    """Add `learn` and what it can do to the verbs of the program."""
    summary = "teach a sound by examples: your doorbell, your kettle"
    learn = add_verb(verbs, "learn", _teach, summary)
    learn.epilog = (
        "`monitor learn NAME` is short for `monitor learn teach NAME`, as in: monitor learn doorbell"
    )
    actions = learn.add_subparsers(metavar="NAME|ACTION", required=True)
    _add_teach(actions, add_verb)
    _add_list(actions, add_verb)
    _add_test(actions, add_verb)
    _add_rename(actions, add_verb)
    _add_forget(actions, add_verb)
    _add_files(actions, add_verb)


def spelled_out(argv: Sequence[str]) -> list[str]:
    """Return a command line with `learn NAME` as `learn teach NAME`; others as they are."""
    if len(argv) < 2 or argv[0] != "learn" or argv[1] in _ACTIONS | {"-h", "--help"}:
        return list(argv)
    return [argv[0], _TEACH, *argv[1:]]


def _add_teach(actions: Any, add_verb: AddVerb) -> None:
    teach = add_verb(
        actions, _TEACH, _teach, "teach a sound by 3 to 10 examples, from the microphone by itself"
    )
    teach.add_argument(
        "name", nargs="?", metavar="NAME", help='doorbell, or with other words: kettle="whistling kettle"'
    )
    teach.add_argument(
        "files",
        nargs="*",
        type=user_path,
        metavar="FILE",
        help="an example each; a folder: all of its sounds",
    )
    from_history = teach.add_argument_group("examples from the history")
    from_history.add_argument(
        "--event", nargs="+", default=(), metavar="ID", help="what is remembered of events; or: last"
    )
    from_history.add_argument("--clip", nargs="+", default=(), metavar="ID", help="clips of events; or: last")
    from_history.add_argument(
        "--again", action="store_true", help="the sound that was kept, for a model that is new"
    )
    live = teach.add_argument_group("examples live")
    _add_source(live)
    live.add_argument(
        "--examples", type=_examples, default=5, metavar="N", help=f"1 to {_MOST} (default %(default)s)"
    )
    live.add_argument("--plain", action="store_true", help="lines only, nothing drawn: for screen readers")
    kept = teach.add_argument_group("what is kept")
    way = kept.add_mutually_exclusive_group()
    way.add_argument("--add", action="store_true", help="beside the examples of before")
    way.add_argument("--replace", action="store_true", help="in place of the examples of before")
    kept.add_argument("--keep-audio", action="store_true", help="keep the sound of the examples too")
    kept.add_argument(
        "--force", action="store_true", help="take examples in spite of what is wrong, and keep what is worse"
    )
    _add_common(teach)
    add_connection(teach)


def _add_list(actions: Any, add_verb: AddVerb) -> None:
    _add_common(add_verb(actions, "list", _list, "list what was taught"))


def _add_test(actions: Any, add_verb: AddVerb) -> None:
    test = add_verb(actions, "test", _test, "show how a taught sound is scored, live or in files")
    test.add_argument("name", metavar="NAME")
    test.add_argument(
        "files", nargs="*", type=user_path, metavar="FILE", help="sound files, or folders of them"
    )
    _add_source(test)
    test.add_argument(
        "--duration", dest="duration_s", type=positive, metavar="S", help="stop after S seconds"
    )
    _add_common(test)


def _add_rename(actions: Any, add_verb: AddVerb) -> None:
    rename = add_verb(actions, "rename", _rename, "call a taught sound otherwise")
    rename.add_argument("name", metavar="NAME")
    rename.add_argument(
        "to", metavar="NEW", help='its new name, or with other words: kettle="whistling kettle"'
    )
    _add_common(rename)
    add_connection(rename)


def _add_forget(actions: Any, add_verb: AddVerb) -> None:
    forget = add_verb(actions, "forget", _forget, "delete what was taught, with the sound of its examples")
    forget.add_argument("names", nargs="*", metavar="NAME")
    forget.add_argument("--all", action="store_true", help="everything that was taught")
    _add_common(forget)
    add_connection(forget)


def _add_files(actions: Any, add_verb: AddVerb) -> None:
    export = add_verb(actions, "export", _export, "write a taught sound into a file, for another computer")
    export.add_argument("name", metavar="NAME")
    export.add_argument("file", type=user_path, metavar="FILE")
    export.add_argument("--with-audio", action="store_true", help="with the sound that was kept")
    export.add_argument("--force", action="store_true", help="replace a file that is there")
    _add_common(export)
    take_in = add_verb(actions, "import", _import, "take in a taught sound from a file")
    take_in.add_argument("file", type=user_path, metavar="FILE")
    take_in.add_argument("--as", dest="name", metavar="NAME", help="call it otherwise")
    take_in.add_argument("--force", action="store_true", help="replace what is taught by that name")
    _add_common(take_in)
    add_connection(take_in)


def _add_source(group: Flags) -> None:
    group.add_argument(
        "--mic",
        dest="sources",
        action="append",
        type="mic:{}".format,
        metavar="X",
        help="index, part of the name or id of the microphone (`monitor devices`)",
    )
    group.add_argument(
        "--source", dest="sources", action="append", metavar="S", help="another source, as in `monitor run`"
    )
    add_channel(group)


def _add_common(parser: Flags) -> None:
    parser.add_argument("--config", type=user_path, metavar="FILE", help="TOML file over the defaults")
    parser.add_argument(
        "--model", metavar="NAME", help="a model of `monitor models list`, or ./FOLDER with model.toml in it"
    )
    parser.add_argument("--json", action="store_true", help="JSON on standard output")


def _examples(text: str) -> int:
    value = count(text)
    if value > _MOST:
        raise argparse.ArgumentTypeError(f"{text} examples are too many; valid: 1 to {_MOST}")
    return value


def _config(arguments: argparse.Namespace) -> Config:
    keys = model_flag(arguments)
    if getattr(arguments, "channel", None):
        keys["capture"] = channel_keys(arguments.channel)
    return load_config(arguments.config, os.environ, keys)


def _teach(arguments: argparse.Namespace) -> int:
    ways = {
        "FILE": arguments.files, "--event": arguments.event, "--clip": arguments.clip,
        "--again": arguments.again, "--mic or --source": arguments.sources,
    }  # fmt: skip
    asked = [name for name, given in ways.items() if given]
    _refuse_order(arguments)
    if len(asked) > 1 and set(asked) - {"FILE", "--event", "--clip"}:
        raise ConfigError(f"{' and '.join(asked)} do not go together; take examples from one of them.")
    if arguments.again and arguments.add:
        raise ConfigError("--again replaces the examples by their own sound; leave out --add.")
    from monitor.cli.learn_teaching import teach_class

    return teach_class(arguments, _config(arguments))


def _refuse_order(arguments: argparse.Namespace) -> None:
    """Say how it is written where the name does not come first, or an action does not."""
    if arguments.name is None:
        raise ConfigError(
            "Say first what the sound is called, then where its examples come from: monitor learn kettle "
            "--event last"
        )
    action = str(arguments.files[0]) if arguments.files else ""
    if action in _ACTIONS and not arguments.files[0].exists():
        raise ConfigError(
            f"There is no file {action}; if it is to be done to {arguments.name}, write it first: "
            f"monitor learn {action} {arguments.name}"
        )


def _list(arguments: argparse.Namespace) -> int:
    from monitor.cli.learn_kept import list_taught

    return list_taught(arguments, _config(arguments))


def _test(arguments: argparse.Namespace) -> int:
    from monitor.cli.learn_trial import try_taught

    return try_taught(arguments, _config(arguments))


def _rename(arguments: argparse.Namespace) -> int:
    from monitor.cli.learn_kept import rename_taught

    return rename_taught(arguments, _config(arguments))


def _forget(arguments: argparse.Namespace) -> int:
    from monitor.cli.learn_kept import forget_taught

    return forget_taught(arguments)


def _export(arguments: argparse.Namespace) -> int:
    from monitor.cli.learn_kept import export_taught

    return export_taught(arguments, _config(arguments))


def _import(arguments: argparse.Namespace) -> int:
    from monitor.cli.learn_kept import import_taught

    return import_taught(arguments, _config(arguments))
