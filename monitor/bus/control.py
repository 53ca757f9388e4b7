"""Where a monitor is asked and told what to do, how others find that place, and who may.

A monitor that publishes on ``tcp://127.0.0.1:5557`` answers on the socket ``127.0.0.1-5557.control`` in a
folder that only its user may enter; one that publishes on ``ipc://PATH`` answers on ``PATH.control``. The
folder is the first of these that this user owns: ``$XDG_RUNTIME_DIR/monitor``, ``/run/user/UID/monitor``,
``monitor-UID`` below the folder for temporary files. Whoever gets there all the same is asked for the user id
that the kernel knows, and another user is refused.
"""

from __future__ import annotations

import os
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from monitor.bus.addresses import (
    MAX_SOCKET_PATH_LEN,
    check_control,
    check_endpoint,
    control_name,
)
from monitor.errors import PublishError
from monitor.files.paths import runtime_folders
from monitor.text import sanitise

_PRIVATE = 0o700
_OTHERS = 0o077
_ANY_CONTROL = "*.control"
_NEW_S = 10.0
"""A socket that was made just now may not be listened on yet."""


class Peer(NamedTuple):
    """Who is at the other end of a local socket, as the kernel knows it."""

    uid: int
    pid: int

    @property
    def trusted(self) -> bool:
        """True for this program's own user and for root, who could do anything anyway."""
        return self.uid in {os.geteuid(), 0}

    def called(self, stated: str | None) -> str:
        """Return how to speak of it: the name it gave, else its program's, and its process id."""
        return f"{sanitise(stated or _program(self.pid), 40)} (pid {self.pid})"


def peer_of(address: str) -> Peer | None:
    """Return who sends from `address`, ZeroMQ's ``<host>:<uid>:<gid>:<pid>`` of a local socket, or None."""
    parts = address.rsplit(":", 3)
    if len(parts) != 4 or not all(part.isdigit() for part in parts[1:]):
        return None
    return Peer(uid=int(parts[1]), pid=int(parts[3]))


def control_to_bind(endpoint: str, stated: str | None = None) -> str:
    """Return where the monitor that publishes on `endpoint` is to answer: `stated`, else a place of its own.

    Raises
    ------
    PublishError
        `stated` is no ``ipc://`` address, or there is no folder that is this user's alone.
    """
    if stated:
        return check_control(stated)
    if endpoint.startswith("ipc://"):
        return f"{endpoint}.control"
    name = control_name(endpoint)
    for folder in runtime_folders():
        path = folder / name
        if len(os.fsencode(path)) <= MAX_SOCKET_PATH_LEN:
            _remove_dead(_made_private(folder))
            return f"ipc://{path}"
    raise PublishError(
        f"The path of the control socket would be longer than {MAX_SOCKET_PATH_LEN} bytes; "
        "state a shorter one: --control ipc:///path/to/socket."
    )


def find_control(endpoint: str, stated: str | None = None) -> str:
    """Return where the monitor that publishes on `endpoint` answers: `stated`, else where it is found.

    Where it is not found, that is where it would be.

    Raises
    ------
    PublishError
        `endpoint` or `stated` is not an address.
    """
    checked = check_endpoint(endpoint)
    if stated:
        return check_control(stated)
    if checked.startswith("ipc://"):
        return f"{checked}.control"
    name = control_name(checked)
    places = [folder / name for folder in runtime_folders() if folder.parent.is_dir()]
    found = next((path for path in places if _is_private(path.parent) and answers(path)), places[0])
    return f"ipc://{found}"


def answers(path: Path | str) -> bool:
    """Tell whether somebody listens on the socket at `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, suppress(OSError):
        probe.settimeout(1.0)
        probe.connect(os.fspath(path))
        return True
    return False


def _made_private(folder: Path) -> Path:
    """Return `folder`, made if it is not there; it is nobody else's."""
    try:
        with suppress(FileExistsError):
            folder.mkdir(mode=_PRIVATE)
        private = _is_private(folder)
    except OSError as error:
        raise PublishError(
            f"The folder {sanitise(str(folder))} for the control socket cannot be made: {error.strerror}; "
            "set XDG_RUNTIME_DIR, or state a socket: --control ipc:///path/to/socket."
        ) from None
    if not private:
        raise PublishError(
            f"{sanitise(str(folder))} is not a folder that only you may enter, so that others could control "
            "the monitor; make it one (chmod 700) or remove it, or state a socket: "
            "--control ipc:///path/to/socket."
        )
    return folder


def _remove_dead(folder: Path) -> None:
    """Remove sockets that nobody listens on any more: a monitor that is killed leaves its own behind."""
    for path in folder.glob(_ANY_CONTROL):
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            status = path.lstat()
            if not stat.S_ISSOCK(status.st_mode) or time.time() - status.st_mtime < _NEW_S:
                continue
            probe.settimeout(1.0)
            try:
                probe.connect(os.fspath(path))
            except ConnectionRefusedError:
                path.unlink()


def _is_private(folder: Path) -> bool:
    """Tell whether `folder` is a real folder, this user's, that nobody else may enter."""
    with suppress(FileNotFoundError):
        status = folder.lstat()
        return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & _OTHERS
    return False


def _program(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text("utf-8", errors="replace").strip()
    return "another program"
