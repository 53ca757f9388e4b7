"""The `run` verb: what it takes on the command line."""

from __future__ import annotations

import argparse
import sys
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from monitor.cli.arguments import AddVerb, Flags, options_of
from monitor.cli.pushed_settings import begin_config, load_run_config
from monitor.cli.setting_flags import add_alarms, add_diary, add_model, add_places, add_sources, settings_of
from monitor.cli.values import positive
from monitor.cli.web_flags import add_page_flags, page_options
from monitor.config.fleet import heard_as_fleet, sources_of
from monitor.config.settings import Config
from monitor.console import DIARY, can_draw, show
from monitor.diary.journal import Journal, leads_to_journal
from monitor.errors import ConfigError
from monitor.files.paths import user_path
from monitor.sources.schemes import Scheme, scheme_of
from monitor.tui.flags import add_flags, as_arguments
from monitor.tui.flags import options_of as interface_options

if TYPE_CHECKING:
    from monitor.cli.interface import Interface
    from monitor.cli.web_page import WebPage


def add_run(verbs: Any, add_verb: AddVerb) -> None:
    """Add `run` to the verbs of the program; a function below for each group of its options."""
    run = add_verb(verbs, "run", _run, "listen, recognise, publish and show")
    run.add_argument("--config", type=user_path, metavar="FILE", help="TOML file over the defaults")
    _add_sources(run.add_argument_group("what is heard"))
    _add_reading(run.add_argument_group("files and pipes"))
    _add_words(run.add_argument_group("words and model"))
    add_alarms(run.add_argument_group("alarms"))
    _add_lines(run.add_argument_group("what is shown"))
    _add_page(run.add_argument_group("web page"))
    _add_destinations(run.add_argument_group("where it goes"))


def _add_sources(group: Flags) -> None:
    add_sources(group)
    group.add_argument(
        "--duration",
        dest="duration_s",
        type=positive,
        metavar="S",
        help="stop after S seconds of sound (of each source)",
    )


def _add_reading(group: Flags) -> None:
    group.add_argument(
        "--fast",
        action="store_true",
        help="a file, the demo, or a pipe fed from a file (`cat x.raw |`) as fast as possible",
    )
    group.add_argument(
        "--follow", action="store_true", help="a file: go on as it grows, while another program records it"
    )
    group.add_argument(
        "--pcm-rate",
        dest="sample_rate",
        type=int,
        default=16000,
        metavar="HZ",
        help="of `--source -` (default %(default)s)",
    )
    group.add_argument(
        "--pcm-channels",
        dest="channels",
        type=int,
        default=1,
        metavar="N",
        help="of `--source -` (default %(default)s)",
    )
    group.add_argument(
        "--pcm-format", dest="sample_format", default="s16le", choices=["s16le", "s24le", "s32le", "f32le"]
    )


def _add_words(group: Flags) -> None:
    group.add_argument(
        "--classes", metavar="A,B", help='words to listen for: siren,dog_bark,alarm="smoke alarm beeping"'
    )
    group.add_argument(
        "--strict", action="store_true", help="refuse words that the model does not know, instead of telling"
    )
    add_model(group)


def _add_lines(group: Flags) -> None:
    group.add_argument(
        "--headless", action="store_true", help="lines on standard output instead of the interface"
    )
    group.add_argument(
        "--json", dest="as_json", action="store_true", help="with --headless: each event as one line of JSON"
    )
    group.add_argument(
        "--near-misses", action="store_true", help="with --headless: also what nearly fired, and why"
    )
    add_diary(group)
    add_flags(group)


def _add_page(group: Flags) -> None:
    group.add_argument(
        "--web",
        nargs="?",
        const="",
        metavar="ADDRESS:PORT",
        help="serve a web page, for a phone too (docs/web.md); default 127.0.0.1:8557, this computer only",
    )
    add_page_flags(group)


def _add_destinations(group: Flags) -> None:
    group.add_argument(
        "--log",
        type=user_path,
        metavar="FILE",
        help="add events, near misses and changes of health to FILE, one JSON object a line",
    )
    group.add_argument(
        "--exec",
        dest="command",
        metavar="CMD",
        help="run CMD for each sound, with its event as JSON on standard input (docs/notify.md)",
    )
    add_places(group)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.as_json and not arguments.headless:
        raise ConfigError("--json prints events instead of the interface; add --headless.")
    config = begin_config(arguments.config, settings_of(arguments))
    DIARY.keep(config.diary.form, config.diary.level)
    schemes = _schemes(config)
    if arguments.fast and not all(scheme.ahead for scheme in schemes):
        raise ConfigError("--fast needs sources that can be read ahead: --source file:PATH, - or demo.")
    if arguments.follow and not all(scheme.grows for scheme in schemes):
        raise ConfigError("--follow reads files on as they grow; give them with --source file:PATH.")
    from monitor.cli.stopping import unwinding

    drawn = not arguments.headless and can_draw(sys.stdin, sys.stdout, sys.stderr)
    if drawn:
        show("monitor: starting ... loading the model")
    with (
        unwinding(),
        _page(arguments) as page,
        _interface(arguments) if drawn else nullcontext() as interface,  # before what takes seconds
    ):
        return _listen_and_show(arguments, config, interface, page)


def _schemes(config: Config) -> list[Scheme]:
    """Return the kind of each source; of a fleet, one that is none is refused with its name and number."""
    found: list[Scheme] = []
    sources = sources_of(config)
    for spec in sources:
        try:
            found.append(scheme_of(spec))
        except ConfigError as error:
            if not heard_as_fleet(config):
                raise
            name = list(config.fleet.sources)[len(found)]
            number = f"number {len(found) + 1} of {len(sources)}"
            raise ConfigError(f"fleet.sources.{name} ({number}): {error}") from None
    return found


def _page(arguments: argparse.Namespace) -> AbstractContextManager[WebPage | None]:
    """Return what holds the web page that is asked for; nothing of it is loaded where none is."""
    if arguments.web is None:
        if arguments.certificate or arguments.key or arguments.names:
            raise ConfigError(
                "--certificate, --key and --name are about the web page; add --web ADDRESS:PORT."
            )
        return nullcontext()
    from monitor.cli.web_page import opened_page

    return opened_page(page_options(arguments, arguments.web))


def _interface(arguments: argparse.Namespace) -> AbstractContextManager[Interface]:
    """Return what holds the terminal interface."""
    from monitor.cli.interface import opened

    return opened(as_arguments(interface_options(arguments, "")))


def _journal() -> Journal | None:
    """Return the journal, where standard output leads there too."""
    return DIARY.journal if leads_to_journal(sys.stdout) else None


def _listen_and_show(
    arguments: argparse.Namespace, config: Config, interface: Interface | None, page: WebPage | None
) -> int:
    from monitor.cli.run_session import RunOptions, run
    from monitor.sinks.kinds import SinkOptions
    from monitor.sources.options import SourceOptions
    from monitor.sources.raw import RawFormat

    options = options_of(
        RunOptions,
        arguments,
        sources=sources_of(config),
        reading=options_of(SourceOptions, arguments, raw=options_of(RawFormat, arguments)),
        sinks=options_of(SinkOptions, arguments, headless=interface is None, journal=_journal()),
    )
    read = partial(load_run_config, arguments.config, settings_of(arguments))
    return run(options, config, interface, page, read)
