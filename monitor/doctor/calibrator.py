"""Listens to a source until it brings the tone of a sound calibrator."""

from __future__ import annotations

import time
from collections.abc import Callable

from monitor.config.settings import Config
from monitor.errors import SourceError
from monitor.sources import Source
from monitor.sources.opened import FIRST_SOUND_S, RATE, OpenedSource, opened
from monitor.stream.calibrator_tone import Tone, ToneFinder

LIMIT_S = 30.0
"""A calibrator that is not heard within it is not there."""
_HOLD = "Hold the calibrator on the microphone"


def hear_calibrator(source: Source, config: Config, say: Callable[[str], None]) -> Tone:
    """Listen until there is a steady tone of 1 kHz: live for `LIMIT_S`, a file to its end.

    Parameters
    ----------
    say
        Told what happens.

    Raises
    ------
    SourceError
        There is none, it is clipped, or the source cannot be heard.
    """
    with opened(source, config.capture) as reading:
        tone = _found(source, reading, say)
    if tone.clipped:
        raise SourceError(
            f"The tone of {tone.frequency_hz:.0f} Hz from {source.name} is clipped, at full scale; "
            "lower the gain of the microphone, or set the calibrator to 94 dB, and run this again."
        )
    return tone


def _found(source: Source, reading: OpenedSource, say: Callable[[str], None]) -> Tone:
    finder, said = ToneFinder(RATE), ""
    began_s = time.monotonic()
    deadline_s = began_s + LIMIT_S + FIRST_SOUND_S
    heard_s = 0.0
    while not reading.ended and not (source.live and heard_s >= LIMIT_S) and time.monotonic() < deadline_s:
        now = "1 kHz is heard; hold it still" if finder.hears else _HOLD
        if now != said and source.live:
            say(now)
            said = now
        span = reading.read()
        if span is None:
            continue
        heard_s += len(span.samples) / RATE
        if not source.live:
            deadline_s = time.monotonic() + LIMIT_S
        if (tone := finder.push(span)) is not None:
            return tone
    raise reading.error or SourceError(_none_found(source, finder, heard_s))


def _none_found(source: Source, finder: ToneFinder, heard_s: float) -> str:
    there = finder.strongest
    heard = "silence" if there is None else f"{there.level_dbfs:.0f} dBFS at {there.frequency_hz:.0f} Hz"
    return (
        f"No steady tone of 1 kHz was found in {heard_s:.0f} s of {source.name} (the last that stood out: "
        f"{heard}); switch the calibrator on, hold it tight on the microphone, and run this again."
    )
