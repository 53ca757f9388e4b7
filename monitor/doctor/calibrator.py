"""Listens to a source until it brings the tone of a sound calibrator."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from monitor.config.settings import Config
from monitor.errors import SourceError, SourceLost
from monitor.sources import Source
from monitor.sources.capture import Capture
from monitor.stream.calibrator_tone import Tone, ToneFinder
from monitor.stream.ring import Ring

LIMIT_S = 30.0
"""A calibrator that is not heard within it is not there."""
_RATE = 16_000
_RING_S = 10
_STEP_S = 0.1
_FIRST_SOUND_S = 5.0
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
    required = msgspec.structs.replace(config.capture, require=True)
    ring = Ring(_RING_S * _RATE)
    capture = Capture(source, ring, _RATE, required, wait=not source.live)
    try:
        capture.start()
        tone = _found(source, ring, capture, say)
    finally:
        capture.stop()
    if tone.clipped:
        raise SourceError(
            f"The tone of {tone.frequency_hz:.0f} Hz from {source.name} is clipped, at full scale; "
            "lower the gain of the microphone, or set the calibrator to 94 dB, and run this again."
        )
    return tone


def _found(source: Source, ring: Ring, capture: Capture, say: Callable[[str], None]) -> Tone:
    finder, said = ToneFinder(_RATE), ""
    began_s = time.monotonic()
    deadline_s = began_s + LIMIT_S + _FIRST_SOUND_S
    heard_s = 0.0
    while not ring.ended and not (source.live and heard_s >= LIMIT_S) and time.monotonic() < deadline_s:
        now = "1 kHz is heard; hold it still" if finder.hears else _HOLD
        if now != said and source.live:
            say(now)
            said = now
        span = ring.read(_RATE, _STEP_S)
        if span is None:
            if capture.status.state == "lost":
                raise SourceLost(capture.status.reason or f"{source.name} went away.")
            continue
        heard_s += len(span.samples) / _RATE
        if not source.live:
            deadline_s = time.monotonic() + LIMIT_S
        if (tone := finder.push(span)) is not None:
            return tone
    raise capture.error or SourceError(_none_found(source, finder, heard_s))


def _none_found(source: Source, finder: ToneFinder, heard_s: float) -> str:
    there = finder.strongest
    heard = "silence" if there is None else f"{there.level_dbfs:.0f} dBFS at {there.frequency_hz:.0f} Hz"
    return (
        f"No steady tone of 1 kHz was found in {heard_s:.0f} s of {source.name} (the last that stood out: "
        f"{heard}); switch the calibrator on, hold it tight on the microphone, and run this again."
    )
