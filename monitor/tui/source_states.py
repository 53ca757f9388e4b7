"""The sources of one monitor: a `State` for each, in the order in which the monitor names them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from monitor.bus.messages import Heartbeat, PublishedRecord, Snapshot
from monitor.tui.state import State

States = Mapping[str, State]
"""By source id."""


def after(states: States, record: PublishedRecord | Snapshot, now_s: float, sequence: int = 0) -> States:
    """Return `states` after `record`, number `sequence` of its topic, which arrived at `now_s`."""
    if isinstance(record, Snapshot):
        return {id_: _of(states, id_).apply(_part(record, id_), now_s) for id_ in _ids(states, record)}
    if isinstance(record, Heartbeat):
        return states
    id_ = record.source_id
    return {**states, id_: _of(states, id_).apply(record, now_s, sequence)}


def after_restart(states: States) -> States:
    """Return what is still true once the monitor has restarted, perhaps with other sources."""
    return {id_: state.restarted() for id_, state in states.items()}


def _of(states: States, id_: str) -> State:
    return states.get(id_, State())


def _ids(states: States, snapshot: Snapshot) -> list[str]:
    """Return every source, each once: first those that the snapshot names, in its order."""
    listened = [health.source_id for health in snapshot.health]
    told = (*snapshot.open_events, *snapshot.recent_events, *snapshot.missed_events)
    heard = [event.source_id for event in told]
    return list(dict.fromkeys([*listened, *heard, *states]))


def _part(snapshot: Snapshot, id_: str) -> Snapshot:
    """Return what `snapshot` says of one source."""
    return msgspec.structs.replace(
        snapshot,
        health=[health for health in snapshot.health if health.source_id == id_],
        open_events=[event for event in snapshot.open_events if event.source_id == id_],
        recent_events=[event for event in snapshot.recent_events if event.source_id == id_],
        missed_events=[event for event in snapshot.missed_events if event.source_id == id_],
    )
