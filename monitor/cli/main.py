"""The verbs of the command line; thin. Errors are one sentence on standard error and exit code 2."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from monitor import __version__
from monitor.cli.background import add_background
from monitor.cli.channel import add_channel, channel_keys
from monitor.cli.eval import add_eval
from monitor.cli.models import add_models
from monitor.cli.words import add_words
from monitor.config.limits import FALSE_ALARMS_PER_HOUR
from monitor.config.settings import CalibrationConfig, Config, PublishConfig, as_toml, load_config
from monitor.console import draws, only_ours, open_streams, show, show_json, tell
from monitor.encoders.watched import THREAD_NAME
from monitor.errors import ConfigError, MonitorError, ProgramError
from monitor.files.paths import own_what_is_made, user_path
from monitor.privacy import keep_private
from monitor.sources.schemes import scheme_of
from monitor.start import EXIT_INTERRUPTED
from monitor.text import sanitise

if TYPE_CHECKING:
    from monitor.cli.interface import Interface

DEFAULT_ENDPOINT = PublishConfig().bind
EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
_LONGEST = 300
"""Characters of a refused command line that are shown."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    keep_private()
    own_what_is_made()
    open_streams()
    with only_ours():
        return _run_verb(_parser().parse_args(argv))


def leave(exit_code: int) -> int:
    """Return `exit_code`, for the process to end with; where an encoder hangs, end it now, not waiting."""
    if all(thread.name != THREAD_NAME for thread in threading.enumerate()):
        return exit_code
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(exit_code)


def _run_verb(arguments: argparse.Namespace) -> int:
    try:
        return int(arguments.verb(arguments))
    except ProgramError as error:
        return _refuse(str(error), EXIT_FAILED)
    except MonitorError as error:
        return _refuse(str(error), EXIT_BAD_INPUT)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return 0
    except Exception as error:
        if os.environ.get("MONITOR_DEBUG"):
            raise
        return _fail(error)


def _fail(error: Exception) -> int:
    """Tell of an error that nobody foresaw; a path that is too long may come up wherever one is used."""
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        path = sanitise(str(error.filename), _LONGEST)
        return _refuse(f"No path may be as long as {path}; give a shorter one.", EXIT_BAD_INPUT)
    what = f"{type(error).__name__}: {error}"
    return _refuse(f"The program failed ({what}); MONITOR_DEBUG=1 shows where.", EXIT_FAILED)


def _refuse(sentence: str, exit_code: int) -> int:
    tell(sentence)
    return exit_code


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: {sanitise(message, _LONGEST)}; see `{self.prog} --help`.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="monitor",
        description="Type the words, see the sounds: a real-time sound monitor.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"monitor {__version__}")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    _add_run(verbs)
    devices = _verb(verbs, "devices", _devices, "list what can be heard; * marks the default")
    devices.add_argument("--json", action="store_true", help="one JSON list on standard output")
    listen = _verb(verbs, "listen", _listen, "print what a running monitor publishes")
    _add_connection(listen)
    listen.add_argument("--json", action="store_true", help="each event as one line of JSON")
    listen.add_argument(
        "--near-misses", action="store_true", help="also what nearly fired, and why it did not"
    )
    listen.add_argument("--duration", type=_positive, metavar="S", help="stop after S seconds")
    tui = _verb(verbs, "tui", _tui, "attach the terminal interface to a running monitor")
    _add_connection(tui)
    tui.add_argument("--bell", action="store_true", help="ring the terminal's bell at each onset")
    tui.add_argument("--mono", action="store_true", help="draw without colours")
    add_words(verbs, _verb)
    add_background(verbs, _verb)
    add_models(verbs, _verb)
    add_eval(verbs, _verb)
    _verb(verbs, "schema", _schema, "print the JSON Schema of every message")
    config = _verb(verbs, "config", _config, "print the configuration in force")
    config.add_argument("--config", type=user_path, metavar="FILE", help="TOML file over the defaults")
    config.add_argument("--json", action="store_true", help="one JSON object instead of TOML")
    return parser


def _verb(verbs: Any, name: str, function: Any, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=summary, description=summary, allow_abbrev=False
    )
    parser.set_defaults(verb=function)
    return parser


def _add_connection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--connect", default=DEFAULT_ENDPOINT, metavar="ENDPOINT", help="default %(default)s")
    parser.add_argument("--control", metavar="ENDPOINT", help="its control socket, if that is not found")


def _add_run(verbs: Any) -> None:
    run = _verb(verbs, "run", _run, "listen, recognise, publish and show")
    run.add_argument(
        "--mic",
        dest="sources",
        action="append",
        type="mic:{}".format,
        metavar="X",
        help="microphone: index, part of its name, or stable id; again for another one",
    )
    run.add_argument(
        "--source",
        dest="sources",
        action="append",
        metavar="SOURCE",
        help="mic:X, a file's path or file:PATH, - (standard input), demo; again for another one",
    )
    run.add_argument(
        "--require", action="store_true", help="end at once if a microphone is not there, instead of waiting"
    )
    run.add_argument(
        "--classes", metavar="A,B", help='words to listen for: siren,dog_bark,alarm="smoke alarm beeping"'
    )
    run.add_argument(
        "--strict", action="store_true", help="refuse words that the model does not know, instead of telling"
    )
    run.add_argument(
        "--model", metavar="NAME", help="a model of `monitor models list`, or ./FOLDER with model.toml in it"
    )
    run.add_argument("--config", type=user_path, metavar="FILE", help="TOML file over the defaults")
    run.add_argument(
        "--false-alarms",
        type=_per_hour,
        metavar="N",
        help="so many false alarms are allowed in an hour, all classes together: 0.5/h, 12/day "
        f"(default {CalibrationConfig().false_alarms_per_hour:g}/h)",
    )
    run.add_argument(
        "--bind", metavar="ENDPOINT", help=f"where to publish (default {DEFAULT_ENDPOINT}), or none"
    )
    run.add_argument(
        "--control", metavar="ENDPOINT", help="your control socket (default: in your own folder)"
    )
    run.add_argument(
        "--headless", action="store_true", help="lines on standard output instead of the interface"
    )
    run.add_argument("--json", action="store_true", help="with --headless: each event as one line of JSON")
    run.add_argument(
        "--near-misses", action="store_true", help="with --headless: also what nearly fired, and why"
    )
    run.add_argument(
        "--log",
        type=user_path,
        metavar="FILE",
        help="add events, near misses and changes of health to FILE, one JSON object a line",
    )
    run.add_argument(
        "--fast",
        action="store_true",
        help="a file, the demo, or a pipe fed from a file (`cat x.raw |`) as fast as possible",
    )
    run.add_argument(
        "--follow", action="store_true", help="a file: go on as it grows, while another program records it"
    )
    run.add_argument(
        "--duration", type=_positive, metavar="S", help="stop after S seconds of sound (of each source)"
    )
    run.add_argument(
        "--pcm-rate", type=int, default=16000, metavar="HZ", help="of `--source -` (default %(default)s)"
    )
    run.add_argument(
        "--pcm-channels", type=int, default=1, metavar="N", help="of `--source -` (default %(default)s)"
    )
    add_channel(run)
    run.add_argument("--pcm-format", default="s16le", choices=["s16le", "s24le", "s32le", "f32le"])


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds")
    return value


def _per_hour(text: str) -> float:
    """Return false alarms per hour of `2`, `0.5/h` or `12/day`."""
    number, _, per = text.replace(" ", "").partition("/")
    hours = {"": 1.0, "h": 1.0, "hour": 1.0, "d": 24.0, "day": 24.0}.get(per, 0.0)
    try:
        value = float(number) / hours
    except (ValueError, ZeroDivisionError):
        value = 0.0
    if not FALSE_ALARMS_PER_HOUR.holds(value):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of false alarms; valid: {FALSE_ALARMS_PER_HOUR} "
            "an hour; write 0.5/h or 12/day"
        )
    return value


def _run(arguments: argparse.Namespace) -> int:
    if arguments.json and not arguments.headless:
        raise ConfigError("--json prints events instead of the interface; add --headless.")
    sources = arguments.sources or ["mic:default"]
    schemes = [scheme_of(source) for source in sources]
    if arguments.fast and not all(scheme.ahead for scheme in schemes):
        raise ConfigError("--fast needs sources that can be read ahead: --source file:PATH, - or demo.")
    if arguments.follow and not all(scheme.grows for scheme in schemes):
        raise ConfigError("--follow reads files on as they grow; give them with --source file:PATH.")
    config = load_config(arguments.config, os.environ, _flags(arguments))
    from monitor.cli.stopping import unwinding

    if arguments.headless or not draws(sys.stdin, sys.stdout, sys.stderr):
        with unwinding():
            return _listen_and_show(arguments, config, None)
    from monitor.cli.interface import opened

    show("monitor: starting ...")
    with unwinding(), opened() as interface:  # first of all: what follows takes seconds
        return _listen_and_show(arguments, config, interface)


def _flags(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return what the command line says of the configuration."""
    flags = _model_flag(arguments)
    publish = {"bind": arguments.bind, "control": arguments.control}
    flags["publish"] = {name: value for name, value in publish.items() if value is not None}
    flags["capture"] = channel_keys(arguments.channel) | ({"require": True} if arguments.require else {})
    if arguments.false_alarms is not None:
        flags["calibration"] = {"false_alarms_per_hour": arguments.false_alarms}
    return flags


def _listen_and_show(arguments: argparse.Namespace, config: Config, interface: Interface | None) -> int:
    from monitor.cli.run import RunOptions, run
    from monitor.sinks.kinds import SinkOptions
    from monitor.sources.options import SourceOptions
    from monitor.sources.raw import RawFormat

    options = RunOptions(
        sources=tuple(arguments.sources or ["mic:default"]),
        reading=SourceOptions(
            fast=arguments.fast,
            follow=arguments.follow,
            raw=RawFormat(arguments.pcm_rate, arguments.pcm_channels, arguments.pcm_format),
        ),
        sinks=SinkOptions(
            headless=interface is None,
            as_json=arguments.json,
            near_misses=arguments.near_misses,
            log=arguments.log,
        ),
        classes=arguments.classes,
        duration_s=arguments.duration,
        strict=arguments.strict,
    )
    return run(options, config, interface)


def _model_flag(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    return {} if arguments.model is None else {"model": {"name": arguments.model}}


def _forget_stdout() -> None:
    """Keep the interpreter from flushing into a closed pipe at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _devices(arguments: argparse.Namespace) -> int:
    import msgspec

    from monitor.sources.microphone import list_devices

    devices = list_devices()
    if arguments.json:
        show_json(msgspec.json.encode(devices))
        return 0
    for device in devices:
        mark = "*" if device.is_default else " "
        rate = f"{device.default_sample_rate} Hz"
        show(f"{mark} {device.index:3d}  {device.id:32s}  {device.channels} ch  {rate:9s}  {device.name}")
    if not devices:
        show("No microphone is connected; --source demo and --source file:PATH work without one.")
    return 0


def _listen(arguments: argparse.Namespace) -> int:
    from monitor.cli.listen import listen

    return listen(
        arguments.connect,
        as_json=arguments.json,
        out=sys.stdout,
        near_misses=arguments.near_misses,
        duration_s=arguments.duration,
        control=arguments.control,
    )


def _tui(arguments: argparse.Namespace) -> int:
    from monitor.tui import run_tui

    return run_tui(arguments.connect, bell=arguments.bell, mono=arguments.mono, control=arguments.control)


def _schema(_: argparse.Namespace) -> int:
    import json

    from monitor.bus.codec import schema

    show(json.dumps(schema(), indent=2))
    return 0


def _config(arguments: argparse.Namespace) -> int:
    import json

    import msgspec

    config = load_config(arguments.config, os.environ)
    show(json.dumps(msgspec.to_builtins(config), indent=2) if arguments.json else as_toml(config))
    return 0
