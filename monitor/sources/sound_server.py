"""The sound server's own word on the stream that this process has open: the only code that loads pulsectl.

PulseAudio and PipeWire speak one protocol. Where there is no server, or the stream does not go through it,
there is nothing to watch. Runs on a thread of the capture process and waits nearly always.
"""

from __future__ import annotations

import ctypes.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from monitor.sources.capture_messages import Failed, ServerNote
from monitor.sources.devices import printable
from monitor.sources.stream_route import Return, ServerMicrophone, StreamRoute, StreamState

_LOOK_S = 1.0
"""How often it is looked at though nothing is said to have changed: a change may fall between two looks."""


def watch_stream(route: StreamRoute, say: Callable[[ServerNote | Failed], None]) -> None:
    """Say what becomes of this process's stream, until the server is gone."""
    try:
        with no_search_for_libpulse():
            import pulsectl
    except (ImportError, OSError):  # no sound server's library on this computer
        return
    try:
        with pulsectl.Pulse("monitor", connect=False) as server:
            server.connect()
            _follow(server, pulsectl.PulseLoopStop, route, say)
    except pulsectl.PulseError:  # there is none, or it went away: the stream ends too
        return


@contextmanager
def no_search_for_libpulse() -> Iterator[None]:
    """Let pulsectl, while it is imported, load its library by the name that this has everywhere.

    It looks for another one first, for which Python asks a compiler: that takes a while and writes files.
    """
    search = ctypes.util.find_library
    ctypes.util.find_library = lambda name: None if name == "libpulse" else search(name)
    try:
        yield
    finally:
        ctypes.util.find_library = search


def _follow(
    server: Any, stop: type[Exception], route: StreamRoute, say: Callable[[ServerNote | Failed], None]
) -> None:
    def wake(_: Any) -> None:
        raise stop

    server.event_mask_set("source", "source_output")
    server.event_callback_set(wake)
    said: ServerNote | Failed | None = None
    while not isinstance(said, Failed):
        stream = _own_stream(server)
        found = None if stream is None else route.judge(stream, _microphones(server))
        if isinstance(found, Return) and stream is not None:
            server.source_output_move(stream.index, found.to)
        elif found not in {said, None} and not isinstance(found, Return):
            said = found
            say(found)
        server.event_listen(timeout=_LOOK_S)


def _own_stream(server: Any) -> StreamState | None:
    own = str(os.getpid())
    for one in server.source_output_list():
        if one.proplist.get("application.process.id") == own:
            return StreamState(one.index, one.source, bool(one.mute), max(one.volume.values, default=1.0))
    return None


def _microphones(server: Any) -> dict[int, ServerMicrophone]:
    return {
        one.index: ServerMicrophone(
            one.index,
            one.name,
            printable(one.description or one.name),
            bool(one.mute),
            max(one.volume.values, default=1.0),
        )
        for one in server.source_list()
    }
