"""The log-mel spectrograms that a network takes; what two windows of one stretch share is drawn once."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.encoders import kaldi_mel
from monitor.encoders.log_mel import log_mel
from monitor.models.manifest import Filterbank
from monitor.records import Stretch, Window


class _Drawn(msgspec.Struct, frozen=True):
    """The last spectrogram of a stretch."""

    start: int
    """Stream index of its first sample."""
    spectrogram: NDArray[np.float32]


class Spectrograms:
    """Draws for one filterbank; used by one thread.

    Of each stretch that somebody still holds it keeps the last spectrogram, some 100 kB. What may be used
    again follows from the stretch and its sample indices alone; windows whose distance is no whole number of
    frames have none in common.
    """

    def __init__(self, mel: Filterbank) -> None:
        self._mel = mel
        self._last: WeakKeyDictionary[Stretch, _Drawn] = WeakKeyDictionary()

    def draw(self, sounds: NDArray[np.float32], windows: Sequence[Window] = ()) -> NDArray[np.float32]:
        """Return float32 (n, frames, bands).

        Parameters
        ----------
        sounds
            float32 (n, t), full scale +-1.0.
        windows
            The windows that `sounds` are the samples of, if they are; what they have in common with earlier
            ones is not drawn again.
        """
        if self._mel != "kaldi":
            return log_mel(sounds, self._mel)
        if windows:
            drawn = [self._follow(*pair) for pair in zip(sounds, windows, strict=True)]
        else:
            drawn = [kaldi_mel.draw(sound) for sound in sounds]
        return drawn[0][np.newaxis] if len(drawn) == 1 else np.stack(drawn)

    def _follow(self, sound: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
        if window.stretch is None:
            return kaldi_mel.draw(sound)
        spectrogram = _drawn_on(sound, window.start, self._last.get(window.stretch))
        if spectrogram is None:
            spectrogram = kaldi_mel.draw(sound)
        self._last[window.stretch] = _Drawn(window.start, spectrogram)
        return spectrogram


def _drawn_on(sound: NDArray[np.float32], start: int, last: _Drawn | None) -> NDArray[np.float32] | None:
    """Return the spectrogram of a window from the last of its stretch; None: they share no frame."""
    if last is None or len(last.spectrogram) != kaldi_mel.frame_count(len(sound)):
        return None
    frames, rest = divmod(start - last.start, kaldi_mel.HOP)
    return None if rest else kaldi_mel.draw_on(sound, last.spectrogram, frames)
