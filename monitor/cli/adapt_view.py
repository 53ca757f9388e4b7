"""What was adapted, as lines and tables for people."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.console import drawing
from monitor.learning.adapter_versions import AdapterVersion, AdapterVersions
from monitor.learning.heard_sound import SoundDescription
from monitor.learning.trial import ClassFigures, Verdict

NOTHING = (
    "Nothing was tried yet; `monitor adapt memory` or `monitor adapt recordings DIR` adapts the model to the "
    "sound of a place."
)
_HOUR_S, _MINUTE_S = 3600.0, 60.0


def verdict_lines(version: AdapterVersion) -> list[str]:
    """Return what one version is of, and what came of its trial."""
    return [
        f"Learnt from {_sound(version.sound)}: {version.pairs} pairs with {version.captions} captions.",
        *trial_lines(version.verdict),
    ]


def trial_lines(verdict: Verdict) -> list[str]:
    """Return a table of what a version was tried on, and whether it is kept."""
    return [_table(verdict), *_alarm_lines(verdict), verdict.reason]


def history_lines(versions: AdapterVersions) -> list[str]:
    """Return all versions, oldest first, and which listens."""
    if not versions.all:
        return [NOTHING]
    used = versions.in_use
    lines = [line for one in versions.all for line in _version_lines(one, is_used=one is used)]
    return [*lines, "" if used is not None else "The model listens as it is."]


def _version_lines(version: AdapterVersion, is_used: bool) -> Iterator[str]:
    state = "in use" if is_used else "kept, not in use" if version.can_be_used else "not kept"
    if version.rolled_back is not None:
        state = f"put aside {version.rolled_back.astimezone():%Y-%m-%d %H:%M}"
    yield f"{version.number}  {version.made.astimezone():%Y-%m-%d %H:%M}  {state}  ({version.fingerprint})"
    yield f"   {_sound(version.sound)}; {version.pairs} pairs; for {', '.join(version.listened_for)}"
    yield f"   {version.verdict.reason}"


def _sound(sound: SoundDescription) -> str:
    lasts = (
        f"{sound.seconds / _HOUR_S:.1f} h"
        if sound.seconds >= _HOUR_S
        else f"{sound.seconds / _MINUTE_S:.0f} min"
    )
    if sound.first is None or sound.last is None:
        return f"{lasts} of {sound.kind}, {sound.stretches} files"
    first, last = (time.astimezone() for time in (sound.first, sound.last))
    return f"{lasts} of the memory, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"


def _table(verdict: Verdict) -> str:
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, header_style="dim")
    grid.add_column("class")
    for name in ("left-out sounds", "found before", "after", "false alarms/h before", "after"):
        grid.add_column(name, justify="right")
    for one in verdict.classes:
        grid.add_row(*_cells(one))
    return drawing([grid], piped_width=120).rstrip("\n")


def _cells(one: ClassFigures) -> tuple[str, ...]:
    found = tuple(map(str, one.found)) if one.sounds else ("", "")
    rates = one.false_alarms_per_hour
    hourly = ("", "") if rates is None else tuple(f"{rate:.2f}" for rate in rates)
    return one.name, str(one.sounds), *found, *hourly


def _alarm_lines(verdict: Verdict) -> Iterator[str]:
    """Yield a line for each alarm made by code that is heard otherwise than before."""
    for alarm in verdict.alarms:
        if alarm.found is not None and alarm.found[0] != alarm.found[1]:
            yield f"{alarm.name}: {'found' if alarm.found[1] else 'not found'} now, made by code"
