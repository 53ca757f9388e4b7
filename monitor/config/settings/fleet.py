"""`[fleet]`: many sources in one run, in groups that share settings."""

from __future__ import annotations

from typing import Annotated

import msgspec

from monitor.config import limits
from monitor.config.settings.base import Channel, Threshold

SOURCE_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
SourceName = Annotated[str, msgspec.Meta(pattern=SOURCE_NAME)]
"""Part of every topic and of the names of what is stored."""


class GroupConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What sources have in common; anything left out is as in the rest of the configuration."""

    classes: tuple[str, ...] = ()
    """Listened for here; empty: what the group says, else `[prompts] classes`."""
    urgent: tuple[str, ...] | None = None
    """Which of them are urgent here; left out: as `[detector]` has it."""
    muted: tuple[str, ...] | None = None
    """Which are muted here from the start; left out: as `[detector]` has it."""
    thresholds: dict[str, Threshold] = {}
    """Onset thresholds that are set by hand here, by class: `{ siren = 0.9 }`."""
    false_alarms_per_hour: (
        Annotated[float, msgspec.Meta(ge=0, le=limits.FALSE_ALARMS_PER_HOUR.high)] | None
    ) = None
    """Allowed of each source, all its classes together; left out: as `[calibration]` has it."""
    channel: Channel | None = None
    """Which channel is heard; left out: as `[capture]` has it."""


class FleetSource(GroupConfig, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One source, called NAME in topics and files; what it says itself wins over its group."""

    source: str = ""
    """What is heard, written as for `--source`: `mic:X`, `rtsp://…`, a file's path, `demo`."""
    label: str = ""
    """What people read: where it stands; empty: NAME."""
    group: str = ""
    """Whose settings it shares: a `[fleet.groups.NAME]`."""


class FleetConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Many sources in one run, heard where neither `--mic` nor `--source` is given (docs/sources.md)."""

    sources: dict[SourceName, FleetSource] = {}
    """What is heard: a table `[fleet.sources.NAME]` each."""
    groups: dict[SourceName, GroupConfig] = {}
    """What several of them have in common: a table `[fleet.groups.NAME]` each."""
