"""The verbs of the command line; thin. Errors are one sentence on standard error and exit code 2."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import select
import sys
import threading
from collections.abc import Sequence
from typing import Any, NoReturn

from monitor import __version__
from monitor.cli.ack import add_ack
from monitor.cli.adapt import add_adapt
from monitor.cli.background import add_background
from monitor.cli.bench import add_bench
from monitor.cli.calibrate import add_calibrate
from monitor.cli.clips import add_clips
from monitor.cli.config import add_config
from monitor.cli.correct import add_correct
from monitor.cli.devices import add_devices
from monitor.cli.doctor import add_doctor
from monitor.cli.eval import add_eval
from monitor.cli.fleet import add_fleet
from monitor.cli.help_text import HelpText
from monitor.cli.history import add_history
from monitor.cli.init import add_init
from monitor.cli.keys import add_keys
from monitor.cli.learn import add_learn, spelled_out
from monitor.cli.listen import add_listen
from monitor.cli.memory import add_memory
from monitor.cli.models import add_models
from monitor.cli.run import add_run
from monitor.cli.scan import add_scan
from monitor.cli.schema import add_schema
from monitor.cli.search import add_search
from monitor.cli.service import add_service
from monitor.cli.test import add_test
from monitor.cli.tui import add_tui
from monitor.cli.unknown_words import no_choice, unknown
from monitor.cli.web import add_web
from monitor.cli.words import add_words
from monitor.console import DIARY, only_ours, open_streams, tell
from monitor.errors import MonitorError, ProgramError
from monitor.files.paths import own_what_is_made
from monitor.privacy import keep_private
from monitor.start import ENCODER_THREAD, EXIT_INTERRUPTED
from monitor.text import sanitise, shortened

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
_VERBS = (
    add_run, add_devices, add_listen, add_tui, add_web,
    add_history, add_clips, add_ack, add_correct, add_memory,
    add_words, add_learn, add_background, add_adapt, add_models, add_eval,
    add_scan, add_search,
    add_schema, add_config, add_test, add_bench, add_doctor, add_init, add_calibrate, add_service, add_keys,
    add_fleet,
)  # fmt: skip
_LONGEST = 300
"""Characters of a refused command line that are shown."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    keep_private()
    own_what_is_made()
    open_streams()
    DIARY.keep("auto", "info")
    with only_ours():
        return _run_verb(_parser().parse_args(spelled_out(sys.argv[1:] if argv is None else argv)))


def leave(exit_code: int) -> int:
    """Return `exit_code`, for the process to end with; where an encoder hangs, end it now, not waiting."""
    if all(thread.name != ENCODER_THREAD for thread in threading.enumerate()):
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
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _reader_has_gone():
            _forget_stdout()
            return 0
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
    tell(sentence, "error")
    return exit_code


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage above it; its help breaks no command."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"formatter_class": HelpText, **given})

    def error(self, message: str, *, whole: bool = False) -> NoReturn:
        said = (message if whole else shortened(message, _LONGEST)).rstrip(".")
        joint = "" if said.endswith("?") else ";"
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: {said}{joint} see `{self.prog} --help`.\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            self.error(no_choice(action, value), whole=True)

    def parse_known_args(  # type: ignore[override]  # argparse says it in overloads
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Take words of a list also behind an option, which argparse does from Python 3.13 on.

        What is unknown is refused here, by the verb that does not know it.
        """
        found, rest = super().parse_known_args(args, namespace)
        lists = [one for one in self._actions if not one.option_strings and one.nargs in {"*", "+"}]
        if lists and rest and not any(word.startswith("-") for word in rest):
            last = lists[-1]
            read = last.type if callable(last.type) else str
            setattr(found, last.dest, [*getattr(found, last.dest), *map(read, rest)])
            rest = []
        if rest:
            self.error(unknown(self, rest))
        return found, rest


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="monitor",
        description="Type the words, see the sounds: a real-time sound monitor.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"monitor {__version__}")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for add in _VERBS:
        add(verbs, _verb)
    return parser


def _verb(verbs: Any, name: str, function: Any, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=summary, description=summary, allow_abbrev=False
    )
    parser.set_defaults(verb=function)
    return parser


def _reader_has_gone() -> bool:
    """Tell whether nobody reads standard output any more: only then is a broken pipe a good end."""
    watched = select.poll()
    watched.register(sys.stdout.fileno(), 0)
    return any(found & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, found in watched.poll(0))


def _forget_stdout() -> None:
    """Keep the interpreter from flushing into a closed pipe at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
