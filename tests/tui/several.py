"""A monitor that listens to several sources."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from monitor.bus.messages import PublishedRecord
from monitor.tui.source_states import States, after
from monitor.tui.view import View

from .fakes import CLASSES, event, health, level, near_miss

T = TypeVar("T", bound=msgspec.Struct)


def of(record: T, name: str) -> T:
    """Return `record` as another source would send it, one that is called `name`."""
    told = {"source_id": name, "source_name": f"the {name}", "id": f"{getattr(record, 'id', '')}-{name}"}
    return msgspec.structs.replace(
        record, **{key: value for key, value in told.items() if key in record.__struct_fields__}
    )


def view_among(*records: PublishedRecord, now_s: float = 10.0, seen_s: float = 10.0) -> View:
    """Return a view of several sources, of which the first one is shown."""
    states: States = {}
    for record in records:
        states = after(states, record, seen_s)
    shown = next(iter(states.values()))
    return View(state=shown, states=states, now_s=now_s, endpoint="tcp://127.0.0.1:5557", maker=True)


SEVERAL = view_among(
    of(health(10.0, classes=CLASSES), "attic"),
    of(health(10.0, "lost", "unplugged."), "cellar"),
    of(health(10.0), "鐘の部屋"),
    of(level(10.0), "attic"),
    of(event("onset", "siren", onset=3.0), "attic"),
    of(event("offset", "dog_bark", onset=5.0, offset=6.5), "cellar"),
    of(near_miss(5.5, "baby_crying"), "鐘の部屋"),
)
"""The attic sounds, the cellar is lost, the third room is heard and quiet."""
