"""The log-mel spectrogram of a sliding window, brought up to date instead of drawn again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.encoders.log_mel import FFT_LEN, HOP_LEN, log_mel

Floats = NDArray[np.float32]


def update_picture(before: Floats, sound: Floats, hop: int) -> Floats:
    """Bring the picture of a window up to date after `hop` new samples, whole frames of them.

    Frames are centred and the ends reflected, so two frames at each end are not those of the stream and are
    drawn again: at the front of the window from its own reflection, and the last two of the picture before.
    """
    edge = -(-FFT_LEN // 2 // HOP_LEN)  # frames that see a reflection, at each end
    fresh = hop // HOP_LEN + edge
    margin = edge * HOP_LEN  # whole frames that hold what the first fresh frame sees before its middle
    tail = log_mel(sound[None, -(fresh - 1) * HOP_LEN - margin :], "slaney")[0]
    head = log_mel(sound[None, : 3 * margin], "slaney")[0]
    return np.concatenate([head[:edge], before[hop // HOP_LEN + edge : -edge], tail[-fresh:]])
