"""How values of the command line are read: numbers, shares, ranges, lists. Each refuses with one sentence."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from monitor.config.limits import FALSE_ALARMS_PER_HOUR, Range

_MOST_STEPS = 200
"""Numbers in one range."""
_BILLION = 1e9
_MINUTES = {"m": 1.0, "h": 60.0, "d": 1440.0, "w": 10_080.0}
_HOURS = {"": 1.0, "h": 1.0, "hour": 1.0, "d": 24.0, "day": 24.0, "week": 168.0}


def number(text: str) -> float:
    """Read a number."""
    value = _float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number; a list is written as 10,0")
    return value


def positive(text: str) -> float:
    """Read a number above 0, of seconds for example."""
    value = _float(text)
    if not 0.0 < value < _BILLION:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0, up to a billion")
    return value


def amount(text: str) -> float:
    """Read how much, at least nothing."""
    value = number(text)
    if value < 0.0:
        raise argparse.ArgumentTypeError(f"{text!r} is below 0")
    return value


def share(text: str) -> float:
    """Read a share of one, less than all."""
    value = number(text)
    if not 0.0 <= value < 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share such as 0.01")
    return value


def count(text: str) -> int:
    """Read how many, at least one."""
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return value


def count_up_to(most: int) -> Callable[[str], int]:
    """Return what reads how many, at least one and at most so many."""

    def read(text: str) -> int:
        value = count(text)
        if value > most:
            raise argparse.ArgumentTypeError(f"{text!r} is out of range; valid: 1 to {most}")
        return value

    return read


def within(bounds: Range) -> Callable[[str], float]:
    """Return what reads a number that lies within `bounds`."""

    def read(text: str) -> float:
        value = number(text)
        if not bounds.holds(value):
            raise argparse.ArgumentTypeError(f"{text!r} is out of range; valid: {bounds}")
        return value

    return read


def per_hour(text: str) -> float:
    """Read false alarms per hour: `2`, `0.5/h`, `12/day` or `1/week`."""
    rate, _, per = text.replace(" ", "").partition("/")
    value = _float(rate) / _HOURS.get(per, math.nan)
    if not FALSE_ALARMS_PER_HOUR.holds(value):
        wrong = "is no number of false alarms" if math.isnan(value) else "is too few or too many"
        raise argparse.ArgumentTypeError(
            f"{text!r} {wrong}; valid: {FALSE_ALARMS_PER_HOUR} an hour; write 0.5/h, 12/day or 1/week"
        )
    return value


def point_in_time(text: str) -> datetime:
    """Read a time: so long ago (`90m`, `24h`, `7d`), or a day of the reader's, with or without a time."""
    try:
        if ago := re.fullmatch(r"(\d{1,6}(?:\.\d+)?)\s*([mhdw])", text.strip()):
            return datetime.now().astimezone() - timedelta(minutes=float(ago[1]) * _MINUTES[ago[2]])
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; write 24h, 7d, 2026-11-30, or '2026-11-30 08:00'"
        ) from None


def names(text: str) -> tuple[str, ...]:
    """Read names of classes."""
    found = tuple(name for part in text.split(",") if (name := part.strip()))
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} names no class; write siren,baby_cry")
    return found


def numbers(text: str) -> tuple[float, ...]:
    """Read numbers and ranges, first:last:step: `10,0`, `0:1.5:.1`."""
    return tuple(dict.fromkeys(value for part in text.split(",") for value in _range(part)))


def snrs(text: str) -> tuple[float, ...]:
    """Read decibels and ranges of them; `clean` is without a background."""
    parts = ((math.inf,) if part == "clean" else _range(part) for part in text.split(","))
    return tuple(dict.fromkeys(value for part in parts for value in part))


def whole(text: str) -> tuple[int, ...]:
    """Read a list of whole numbers."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of whole numbers such as 3,4") from None


def fold_sets(text: str) -> tuple[tuple[int, ...], ...]:
    """Read folds, by themselves or together: `4,6`, `1+2+3`."""
    return tuple(whole(part.replace("+", ",")) for part in text.split(","))


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _range(text: str) -> tuple[float, ...]:
    if ":" not in text:
        return (number(text),)
    ends = [number(part) for part in text.split(":")]
    first, last, step = ends if len(ends) == 3 else (0.0, 0.0, 0.0)
    if not step > 0.0 or not 0.0 <= (last - first) / step <= _MOST_STEPS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a range of at most {_MOST_STEPS} steps such as -5:20:1, first:last:step"
        )
    return tuple(round(first + at * step, 6) for at in range(int((last - first) / step + 1e-6) + 1))
