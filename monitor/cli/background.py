"""The `background` verb: what the background sounds like, kept for the next run or forgotten."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any, Literal

from monitor.bus.addresses import check_known
from monitor.bus.messages import BackgroundProfile, Reply, Request
from monitor.cli.arguments import AddVerb
from monitor.cli.background_view import BackgroundLine, as_json, drawn, drawn_stored
from monitor.config.settings import PublishConfig
from monitor.console import show, show_drawn, show_json
from monitor.errors import BackgroundError, PublishError

_UNCLEAR = "The monitor did not understand; is it of another version?"
_Wanted = Literal["background", "forget_background"]


def add_background(verbs: Any, add_verb: AddVerb) -> None:
    """Add `background` and what it can do to the verbs of the program."""
    summary = "show, save or forget what the background sounds like"
    actions = add_verb(verbs, "background", _show, summary).add_subparsers(metavar="ACTION", required=True)
    show = add_verb(
        actions, "show", _show, "draw what the background of a running monitor sounds like, in words"
    )
    _add_whose(show, "show one source only")
    show.add_argument("--json", action="store_true", help="one JSON list on standard output")
    save = add_verb(actions, "save", _save, "store the background, so that the next run begins with it")
    _add_whose(save, "save the background of one source only")
    forget = add_verb(
        actions, "forget", _forget, "remove the stored background, and let a running monitor learn again"
    )
    which = _add_whose(forget, "forget one source, also without a running monitor")
    which.add_argument("--all", action="store_true", help="forget every stored background")


def _add_whose(parser: argparse.ArgumentParser, what: str) -> argparse._MutuallyExclusiveGroup:
    parser.add_argument(
        "--connect", default=PublishConfig().bind, metavar="ENDPOINT", help="default %(default)s"
    )
    parser.add_argument("--control", metavar="ENDPOINT", help="its control socket, if that is not found")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--source", metavar="ID", help=what)
    return which


def _show(arguments: argparse.Namespace) -> int:
    check_known(arguments.connect)
    try:
        backgrounds = _ask(arguments, "background").backgrounds
    except PublishError:
        _show_stored(arguments)
        raise
    lines = [_line_of(background) for background in backgrounds]
    if arguments.json:
        show_json(as_json(lines))
    else:
        show_drawn(drawn(lines))
    return 0


def _save(arguments: argparse.Namespace) -> int:
    from monitor.storage.backgrounds import background_file, save

    refused = []
    for background in _ask(arguments, "background").backgrounds:
        try:
            stored = save(background, datetime.now(UTC))
        except BackgroundError as error:
            refused.append(str(error))
        else:
            place = background_file(stored.source_id, stored.model)
            show(f"Saved: the background of {stored.source_name}, from {stored.windows} windows, in {place}")
    if refused:
        raise BackgroundError(" ".join(refused))
    return 0


def _forget(arguments: argparse.Namespace) -> int:
    from monitor.storage.backgrounds import remove

    known = _known(arguments)
    listed = [background.source_id for background in known.backgrounds]
    gone = remove(None if arguments.all else [arguments.source] if arguments.source else listed)
    if not known.ok and not gone:
        raise BackgroundError(known.error or _UNCLEAR)
    show(f"Removed: {', '.join(gone)}" if gone else "Nothing was stored.")
    if listed:
        _ask(arguments, "forget_background")
        show(f"The running monitor forgot the background and learns it again: {', '.join(listed)}")
    return 0


def _known(arguments: argparse.Namespace) -> Reply:
    """Return the backgrounds of the running monitor; of none where it is not needed and there is none."""
    check_known(arguments.connect)
    try:
        return _answer(arguments, "background")
    except PublishError:
        if arguments.all or arguments.source:
            return Reply(ok=True)
    raise BackgroundError(
        f"No monitor answers on {arguments.connect}, so say which background to forget: --source ID, or "
        "--all."
    )


def _ask(arguments: argparse.Namespace, what: _Wanted) -> Reply:
    """Return the answer of the running monitor.

    Raises
    ------
    PublishError
        None answers.
    BackgroundError
        It refuses.
    """
    reply = _answer(arguments, what)
    if not reply.ok:
        raise BackgroundError(reply.error or _UNCLEAR)
    return reply


def _answer(arguments: argparse.Namespace, what: _Wanted) -> Reply:
    from monitor.bus.subscriber import ask

    request = Request(request=what, source_id=arguments.source, client="monitor background")
    answer = ask(arguments.connect, request, control=arguments.control)
    return answer if isinstance(answer, Reply) else Reply(ok=False)


def _line_of(background: BackgroundProfile) -> BackgroundLine:
    from monitor.storage.backgrounds import load

    try:
        return BackgroundLine(background, load(background.source_id, background.model))
    except BackgroundError as error:
        return BackgroundLine(background, None, str(error))


def _show_stored(arguments: argparse.Namespace) -> None:
    """Show what is stored where no monitor can be asked."""
    from monitor.storage.backgrounds import stored_backgrounds

    backgrounds, faults = stored_backgrounds()
    wanted = [background for background in backgrounds if arguments.source in {None, background.source_id}]
    if arguments.json:
        show_json(as_json([BackgroundLine(None, background) for background in wanted]))
    elif wanted or faults:
        show_drawn(drawn_stored(wanted, faults))
