"""Plays a sound file on the default loudspeaker, by the process that alone loads PortAudio."""

from __future__ import annotations

from pathlib import Path

from monitor.errors import SourceError
from monitor.sources.capture_messages import Over
from monitor.sources.capture_process import CaptureProcess
from monitor.sources.microphone import OPEN_LIMIT_S


def play(path: Path) -> float:
    """Play a file to its end and return its seconds.

    Raises
    ------
    SourceError
        It is no sound file, or there is nothing to play it on.
    """
    import soundfile

    try:
        length_s = float(soundfile.info(path).duration)
    except (OSError, soundfile.LibsndfileError):
        raise SourceError(f"{path} cannot be read as sound.") from None
    process = CaptureProcess("play", str(path))
    try:
        return process.answer(Over, length_s + OPEN_LIMIT_S).heard_s
    finally:
        process.end()
