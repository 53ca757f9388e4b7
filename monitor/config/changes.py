"""What differs between two configurations, and what of it a run can take while it goes on. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from monitor.config.fleet import wiring
from monitor.config.settings import Config

RETUNED = frozenset({"detector", "prompts", "calibration", "scorer", "drift", "fleet"})
"""Sections that say what is heard, and from which score on."""
REOPENED = {"notify": "notify", "mqtt": "mqtt", "history": "history", "metrics": "metrics"}
"""Sections that say where it goes -> the sink that is opened again."""
AT_ONCE = frozenset({"diary"})
"""Sections that are looked at whenever they count."""
_NOT_RETUNED = frozenset({"detector.loud_sound_db", "detector.loud_sound_every_s"})


class Changes(msgspec.Struct, frozen=True):
    """What differs, by the names of settings, ``detector.urgent``."""

    taken: tuple[str, ...]
    """What a run takes while it goes on."""
    left: tuple[str, ...]
    """What needs a restart."""

    @property
    def sections(self) -> frozenset[str]:
        """Sections of what is taken."""
        return frozenset(name.partition(".")[0] for name in self.taken)


def changes(before: Config, after: Config) -> Changes:
    """Return what differs."""
    names = [
        f"{section}.{key}"
        for section in Config.__struct_fields__
        for key in getattr(after, section).__struct_fields__
        if getattr(getattr(before, section), key) != getattr(getattr(after, section), key)
    ]
    taken = RETUNED | REOPENED.keys() | AT_ONCE
    if wiring(before) != wiring(after):
        taken -= {"fleet"}
    left = [one for one in names if one.partition(".")[0] not in taken or one in _NOT_RETUNED]
    return Changes(tuple(one for one in names if one not in left), tuple(left))


def merged(before: Config, after: Config, left: Sequence[str]) -> Config:
    """Return `after`, but with the settings that are `left` as they were `before`."""
    result = after
    for name in left:
        section, _, key = name.partition(".")
        kept = msgspec.structs.replace(
            getattr(result, section), **{key: getattr(getattr(before, section), key)}
        )
        result = msgspec.structs.replace(result, **{section: kept})
    return result
