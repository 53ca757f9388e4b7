"""Are the times right that events will carry."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterable
from datetime import UTC, datetime

from monitor.doctor.findings import Examined, Finding, attention, fault, ok, unchecked

_WRITTEN = 2026
"""The year of this program; no clock that is set shows an earlier one."""
_ASK = ("timedatectl", "show", "--property=NTPSynchronized", "--value")
_WAIT_S = 4.0


def check_clock(_: Examined) -> Iterable[Finding]:
    """Find whether the clock is set, kept right, and whether seconds can be counted."""
    now = datetime.now(UTC)
    if now.year < _WRITTEN:
        do = "Set it: `sudo timedatectl set-ntp true`, or `sudo date -s '2026-11-30 08:00'`."
        yield fault("clock", f"it says {now:%Y-%m-%d %H:%M} UTC, so it is not set", do)
    else:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC, {now.astimezone():%H:%M %Z} here")
    yield _kept_right(_synchronised())
    yield _counts(time.monotonic(), time.monotonic())


def _kept_right(said: str) -> Finding:
    """Return what `timedatectl` says; an empty text: nothing."""
    if said == "yes":
        return ok("network time", "the clock is kept right over the network (NTP)")
    if said == "no":
        do = "Let it be set over the network: `sudo timedatectl set-ntp true`."
        return attention("network time", "nothing keeps the clock right; times of events will drift", do)
    return unchecked("network time", "this system does not say whether something keeps the clock right")


def _counts(first_s: float, second_s: float) -> Finding:
    info = time.get_clock_info("monotonic")
    if info.monotonic and second_s >= first_s and info.resolution < 0.01:
        return ok("counting seconds", f"{info.implementation}, steps of {info.resolution:g} s")
    do = "Restart the computer; in a virtual machine choose another clock source for it."
    return fault("counting seconds", "the clock that counts seconds goes back, or is too coarse", do)


def _synchronised() -> str:
    if shutil.which(_ASK[0]) is None:
        return ""
    try:
        done = subprocess.run(_ASK, capture_output=True, text=True, timeout=_WAIT_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
