"""The `background` verb: what the room sounds like, kept for the next run or forgotten."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any, Literal

from monitor.bus.codec import check_endpoint
from monitor.cli.background_view import RoomLine, as_json, drawn, drawn_stored
from monitor.cli.export import AddVerb
from monitor.config.settings import PublishConfig
from monitor.console import show, show_drawn, show_json
from monitor.errors import PublishError, RoomError
from monitor.records import Reply, Request, Room

_UNCLEAR = "The monitor did not understand; is it of another version?"
_Wanted = Literal["room", "forget_room"]


def add_background(verbs: Any, add_verb: AddVerb) -> None:
    """Add `background` and what it can do to the verbs of the program."""
    summary = "show, save or clear what the room sounds like"
    actions = add_verb(verbs, "background", _show, summary).add_subparsers(metavar="ACTION", required=True)
    show = add_verb(actions, "show", _show, "draw what the room of a running monitor sounds like, in words")
    _add_whose(show, "show one source only")
    show.add_argument("--json", action="store_true", help="one JSON list on standard output")
    save = add_verb(actions, "save", _save, "store the room, so that the next run begins with it")
    _add_whose(save, "save the room of one source only")
    clear = add_verb(actions, "clear", _clear, "remove the stored room, and let a running monitor learn anew")
    which = _add_whose(clear, "clear one source, also without a running monitor")
    which.add_argument("--all", action="store_true", help="clear every stored room")


def _add_whose(parser: argparse.ArgumentParser, what: str) -> argparse._MutuallyExclusiveGroup:
    parser.add_argument(
        "--connect", default=PublishConfig().bind, metavar="ENDPOINT", help="default %(default)s"
    )
    parser.add_argument("--control", metavar="ENDPOINT", help="its control socket, if that is not found")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--source", metavar="ID", help=what)
    return which


def _show(arguments: argparse.Namespace) -> int:
    check_endpoint(arguments.connect)
    try:
        rooms = _ask(arguments, "room").rooms
    except PublishError:
        _show_stored(arguments)
        raise
    lines = [_line_of(room) for room in rooms]
    if arguments.json:
        show_json(as_json(lines))
    else:
        show_drawn(drawn(lines))
    return 0


def _save(arguments: argparse.Namespace) -> int:
    from monitor.storage.backgrounds import room_file, save

    refused = []
    for room in _ask(arguments, "room").rooms:
        try:
            stored = save(room, datetime.now(UTC))
        except RoomError as error:
            refused.append(str(error))
        else:
            place = room_file(stored.source_id, stored.model)
            show(f"Saved: the room of {stored.source_name}, from {stored.windows} windows, in {place}")
    if refused:
        raise RoomError(" ".join(refused))
    return 0


def _clear(arguments: argparse.Namespace) -> int:
    from monitor.storage.backgrounds import remove

    known = _known(arguments)
    listed = [room.source_id for room in known.rooms]
    gone = remove(None if arguments.all else [arguments.source] if arguments.source else listed)
    if not known.ok and not gone:
        raise RoomError(known.error or _UNCLEAR)
    show(f"Removed: {', '.join(gone)}" if gone else "Nothing was stored.")
    if listed:
        _ask(arguments, "forget_room")
        show(f"The running monitor forgot the room and learns it anew: {', '.join(listed)}")
    return 0


def _known(arguments: argparse.Namespace) -> Reply:
    """Return what the running monitor says of its rooms; of none where it is not needed and there is none."""
    check_endpoint(arguments.connect)
    try:
        return _answer(arguments, "room")
    except PublishError:
        if arguments.all or arguments.source:
            return Reply(ok=True)
    raise RoomError(
        f"No monitor answers on {arguments.connect}, so say which room to clear: --source ID, or --all."
    )


def _ask(arguments: argparse.Namespace, what: _Wanted) -> Reply:
    """Return the answer of the running monitor.

    Raises
    ------
    PublishError
        None answers.
    RoomError
        It refuses.
    """
    reply = _answer(arguments, what)
    if not reply.ok:
        raise RoomError(reply.error or _UNCLEAR)
    return reply


def _answer(arguments: argparse.Namespace, what: _Wanted) -> Reply:
    from monitor.bus.subscriber import ask

    request = Request(request=what, source_id=arguments.source, client="monitor background")
    answer = ask(arguments.connect, request, control=arguments.control)
    return answer if isinstance(answer, Reply) else Reply(ok=False)


def _line_of(room: Room) -> RoomLine:
    from monitor.storage.backgrounds import load

    try:
        return RoomLine(room, load(room.source_id, room.model))
    except RoomError as error:
        return RoomLine(room, None, str(error))


def _show_stored(arguments: argparse.Namespace) -> None:
    """Show what is stored where no monitor can be asked."""
    from monitor.storage.backgrounds import stored_rooms

    rooms, faults = stored_rooms()
    wanted = [room for room in rooms if arguments.source in {None, room.source_id}]
    if arguments.json:
        show_json(as_json([RoomLine(None, room) for room in wanted]))
    elif wanted or faults:
        show_drawn(drawn_stored(wanted, faults))
