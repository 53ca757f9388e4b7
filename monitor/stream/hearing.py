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
    known: bool = False
    """Whether the reason is known and not only guessed from the level."""


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
    kept_quiet: str | None = None
    """Who lets no sound through, as the sound server has it; None: nobody is known to."""


NOISE_ROSE_DB = 15.0
"""From here on it is told that a background has become louder, and not only how loud it is."""
_NO_SOUND = "no sound arrives: muted, unplugged, gain at zero, or an empty file; unmute it or choose another"
_DEAD = (
    "only the faint noise of an input arrives, and it never varies: muted, unplugged, or the gain far too "
    "low; unmute it, raise the gain, or choose another"
)
_GOOD = Hearing("good", None)


def judge(now: Circumstances, meter: LevelMeter) -> Hearing:
    """Return whether a source with these circumstances, measured by `meter`, can be heard."""
    if now.source not in {"running", "silent", "paused"}:
        return Hearing("deaf", now.reason)
    if now.kept_quiet is not None or meter.silent:
        return _too_quiet(now, meter)
    if now.source == "paused":
        return Hearing("deaf", now.reason)
    if now.muted:
        return Hearing("deaf", "every class is muted; unmute one")
    if now.late:
        return Hearing("deaf", "the program does not keep up and passes sound over; end other programs")
    return _sound(meter)


def _too_quiet(now: Circumstances, meter: LevelMeter) -> Hearing:
    if now.kept_quiet is not None:
        return Hearing("too_quiet", now.kept_quiet, known=True)
    return Hearing("too_quiet", _DEAD if meter.dead else _NO_SOUND)


def _sound(meter: LevelMeter) -> Hearing:
    noise = f"{meter.noise_dbfs:.0f} dBFS"
    if meter.overloaded:
        return Hearing(
            "overloaded",
            "the sound is clipped at full scale; lower the gain, or move the microphone away from the noise",
        )
    if meter.noisy and meter.hums:
        return Hearing(
            "noisy",
            f"hum or rumble at {noise}; mend the wiring, or set highpass_hz = 150 in [capture], or 350 if "
            "that is too little",
        )
    if meter.noisy and meter.risen_db >= NOISE_ROSE_DB:
        return Hearing(
            "noisy",
            f"the background has become {meter.risen_db:.0f} dB louder, {noise}; what is to be heard must be "
            "louder still; move the microphone away from it",
        )
    if meter.noisy:
        return Hearing(
            "noisy",
            f"the background is at {noise}, half of all sounds no louder; move the microphone away from it",
        )
    return _GOOD
