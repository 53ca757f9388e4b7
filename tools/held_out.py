"""Windows to set and to judge a model by: drawn from the training clips, and from the validation clips."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from corpus import WINDOW_LEN, Audio, Clip, loudest_window, mix
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SNRS_DB = (None, 10.0, 0.0)
DRAWS = 3
"""Backgrounds for each event and ratio."""
CALIBRATION = 300
"""Windows."""
FAINT_DB = -55.0
"""Fainter clips are not used."""


@dataclass(frozen=True)
class Trial:
    """Validation events, clean and mixed, and the class of each."""

    windows: list[Floats]
    """For each of SNRS_DB, DRAWS times all events, (DRAWS x n, WINDOW_LEN); the clean ones once."""
    classes: list[str]
    truth: NDArray[np.int64]
    """(n,), indices into `classes`."""
    groups: NDArray[np.int64]
    """(n,), the recording of each event."""

    def hits(self, points: list[Floats], texts: Floats) -> Floats:
        """Say how often each event is named right in each condition: (n, len(SNRS_DB)), 0 to 1."""
        named = [(part @ texts.T).argmax(axis=1).reshape(-1, len(self.truth)) for part in points]
        return np.stack([(part == self.truth).mean(axis=0) for part in named], axis=1).astype(np.float32)


def usable(clips: list[Clip], split: str, kind: str) -> list[Clip]:
    """List the clips of a split and kind that are not faint."""
    return [clip for clip in clips if clip.split == split and clip.kind == kind and clip.rms_db > FAINT_DB]


def cut(samples: Floats, rng: np.random.Generator) -> Floats:
    """Cut a window anywhere; a shorter clip is repeated."""
    full = np.resize(samples, max(WINDOW_LEN, len(samples)))
    start = int(rng.integers(0, len(full) - WINDOW_LEN + 1))
    return full[start : start + WINDOW_LEN]


def calibration_windows(clips: list[Clip], audio: Audio, seed: int) -> Floats:
    """Draw training events, half of them in training backgrounds at 0 to 20 dB."""
    rng = np.random.default_rng(seed)
    events, beds = usable(clips, "train", "event"), usable(clips, "train", "background")
    found = []
    for at in range(CALIBRATION):
        window = loudest_window(audio.clip(events[rng.integers(len(events))].row))
        if at % 2:
            bed = cut(audio.clip(beds[rng.integers(len(beds))].row), rng)
            window = mix(window, bed, float(rng.uniform(0, 20)))
        found.append(window)
    return np.stack(found)


def make_trial(clips: list[Clip], audio: Audio, seed: int) -> Trial:
    """Mix the validation events of classes with at least two such clips."""
    rng = np.random.default_rng(seed)
    counts = Counter(clip.canonical for clip in usable(clips, "validation", "event"))
    events = [clip for clip in usable(clips, "validation", "event") if counts[clip.canonical] >= 2]
    beds = usable(clips, "validation", "background")
    loudest = [loudest_window(audio.clip(clip.row)) for clip in events]
    windows = []
    for snr_db in SNRS_DB:
        if snr_db is None:
            windows.append(np.stack(loudest))
            continue
        picks = [cut(audio.clip(beds[rng.integers(len(beds))].row), rng) for _ in range(DRAWS * len(events))]
        windows.append(
            np.stack([mix(event, bed, snr_db) for event, bed in zip(loudest * DRAWS, picks, strict=True)])
        )
    classes = sorted({clip.canonical for clip in events})
    truth = np.array([classes.index(clip.canonical) for clip in events])
    groups = np.unique([clip.group for clip in events], return_inverse=True)[1]
    return Trial(windows, classes, truth, groups)
