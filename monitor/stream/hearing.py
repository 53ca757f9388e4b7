"""Whether the monitor can hear: a state of its own beside running, lost, paused and ended. Pure.

`deaf`: nothing is listened to at all. `too_quiet`: no sound arrives. `overloaded`: what arrives is clipped.
`noisy`: the background is so loud that a listed class would have to be louder than it usually is. The worst
is told, with a reason and what to do about it.
"""

from __future__ import annotations

import msgspec

from monitor.records import HearingState, SourceState
from monitor.stream.level import LevelMeter


class Hearing(msgspec.Struct, frozen=True):
    """Whether the monitor can hear."""

    state: HearingState
    reason: str | None
    """Why it is not `good`, and what to do, in words for the user."""


class Circumstances(msgspec.Struct, frozen=True):
    """What keeps a monitor from hearing whatever the sound is like."""

    source: SourceState
    """What the source does; `running` and `silent` are told apart by the meter."""
    reason: str | None
    """Why the source does not run."""
    late: bool
    """Whether sound has just been passed over for want of time."""
    muted: bool
    """Whether every listed class is muted."""


_GOOD = Hearing("good", None)


def judge(now: Circumstances, meter: LevelMeter) -> Hearing:
    """Return whether a source with these circumstances, measured by `meter`, can be heard."""
    if now.source not in {"running", "silent", "paused"}:
        return Hearing("deaf", now.reason)
    if meter.silent:
        return Hearing(
            "too_quiet",
            "no sound arrives: muted, unplugged, gain at zero, or an empty file; unmute it or choose another",
        )
    if now.source == "paused":
        return Hearing("deaf", now.reason)
    if now.muted:
        return Hearing("deaf", "every class is muted; unmute one")
    if now.late:
        return Hearing("deaf", "the program does not keep up and passes sound over; end other programs")
    return _sound(meter)


def _sound(meter: LevelMeter) -> Hearing:
    floor = f"{meter.floor_dbfs:.0f} dBFS"
    if meter.overloaded:
        return Hearing(
            "overloaded",
            "the sound is clipped at full scale; lower the gain, or move the microphone away from the noise",
        )
    if meter.noisy and meter.hums:
        return Hearing(
            "noisy",
            f"hum or rumble at {floor}; mend the wiring, or set highpass_hz = 150 in [capture], or 350 if "
            "that is too little",
        )
    if meter.noisy:
        return Hearing(
            "noisy",
            f"the background is at {floor}, half of all sounds no louder; move the microphone away from it",
        )
    return _GOOD
