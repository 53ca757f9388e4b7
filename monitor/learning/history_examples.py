"""Examples from what was heard before: the clips of events, or what the memory keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from monitor.config.settings import Config
from monitor.encoders import Encoder
from monitor.errors import OwnSoundError
from monitor.learning.examples import Example
from monitor.learning.recordings import takes_from_files
from monitor.learning.takes import Take
from monitor.records import Moment
from monitor.storage.clips import clips_folder, matching, stored_clips
from monitor.storage.history import history_file
from monitor.storage.history.queries import Asked, find
from monitor.storage.moments import opened
from monitor.storage.own_sound_file import ExampleNote
from monitor.units import unit_norm

_NEWEST = "last"


def takes_of_clips(names: Sequence[str], config: Config, rate: int) -> list[Take]:
    """Return an example from each clip: an event's id, a file's name, or `last`.

    Raises
    ------
    OwnSoundError
        There is no such clip.
    SourceError
        It cannot be read.
    """
    folder = clips_folder(config.clips)
    clips = stored_clips(folder)
    takes = []
    for name in names:
        found = matching(clips, name)
        if not found:
            raise OwnSoundError(
                f"There is no clip {name!r} in {folder}; `monitor clips list` shows those there are."
            )
        for clip in found:
            take = takes_from_files([Path(clip.path)], rate, 1, lambda: None)[0]
            takes.append(msgspec.structs.replace(take, origin=f"clip of {clip.event_id}"))
    return takes


def examples_of_events(ids: Sequence[str], encoder: Encoder, config: Config) -> list[Example]:
    """Return an example from what the memory keeps of each event: an event's id, or `last`.

    Raises
    ------
    OwnSoundError
        Nothing is remembered of it, or only as another model hears it.
    MomentsError
        The memory cannot be read.
    """
    asked = [_newest() if one == _NEWEST else one for one in ids]
    with opened(config.memory) as moments:
        return [
            _example(one, [] if moments is None else moments.of_event(one), encoder)
            for one in dict.fromkeys(asked)
        ]


def _newest() -> str:
    path = history_file()
    events = [] if path is None else find(path, Asked(limit=1)).events
    if not events:
        raise OwnSoundError(
            "Nothing has been heard yet, so there is no last event; `monitor history` shows all."
        )
    return events[-1].id


def _example(event_id: str, moments: Sequence[Moment], encoder: Encoder) -> Example:
    if not moments:
        raise OwnSoundError(
            f"Nothing is remembered of the event {event_id!r}; `monitor history --json` shows the ids, and "
            'with [memory] keep = "events" a monitor remembers those to come.'
        )
    mine = [one for one in moments if one.model == encoder.info.identity]
    if not mine:
        raise OwnSoundError(
            f"The event {event_id!r} is remembered as the model {moments[0].model} hears it, and this is "
            f"{encoder.info.identity}; choose that model with --model, or use its clip: --clip {event_id}."
        )
    vectors = unit_norm(np.stack([one.vector for one in mine]).astype(np.float32))
    loudest = max(mine, key=lambda one: one.level_dbfs - one.floor_dbfs)
    seconds = (mine[-1].time - mine[0].time).total_seconds()
    note = ExampleNote(
        f"event {event_id}", round(seconds, 2), round(float(loudest.level_dbfs - loudest.floor_dbfs), 1)
    )
    return Example(note, vectors)
