"""What a running monitor answers from the history to those who may ask it."""

from __future__ import annotations

from pathlib import Path

from monitor.bus.messages import Reply, Request
from monitor.names import class_id
from monitor.storage.history.queries import Asked, find_events

MOST = 500
"""Events in one answer; older ones are asked for with `until`."""


def answer(path: Path, request: Request) -> Reply:
    """Return the newest events of the history at `path` that `request` is about, oldest first.

    Raises
    ------
    HistoryError
        It cannot be read.
    """
    asked = Asked(
        since=request.since,
        until=request.until,
        class_=None if request.class_ is None else class_id(request.class_),
        source_id=request.source_id,
        limit=min(MOST, request.limit or MOST),
    )
    return Reply(ok=True, events=find_events(path, asked))
