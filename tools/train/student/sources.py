"""The sound a student learns from: which clips, and all of them decoded once into one file.

Folds 1-3 only. Two kinds of clip are held out to choose by: every clip of some sources (`HELD_SOURCES`),
which say how the student hears sources it never met, and the recordings that `corpus.is_validation` names, on
which the words are chosen later. Folds 4 and 6 are only reported.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray
from tqdm import tqdm

from tools.train.corpus import Clip, is_validation, loudest_start, loudest_window, mix, read_clip, read_index

RATE = 32_000
"""Hz, as the teacher hears."""
FAINT_DB = -55.0
"""Fainter clips are not used."""
HELD_SOURCES = frozenset(
    """
    advtrains app_sounds homedecor librosa_examples lineage_tones max_audio noisekun openclonk opensfx
    scratch14 soundpulse
    """.split()  # noqa: SIM905
)
"""Sources nothing is learnt from: animals, people, doors, telephones, alarms, trains, rain, wind, music."""
SETS = ("validation", "fold4", "fold6")
"""What the student is measured on: sources held out of folds 1-3, to choose by; and the folds to report."""
_LEARNING_FOLDS = frozenset({1, 2, 3})


def is_held_out(clip: Clip) -> bool:
    """Say whether a clip of folds 1-3 is kept from learning."""
    return clip.source in HELD_SOURCES or is_validation(clip.group)


def is_labelled(clip: Clip) -> bool:
    """Say whether a clip's class says what it is."""
    return not clip.canonical.startswith("unlabelled")


def learning_clips(clips: Iterable[Clip]) -> list[Clip]:
    """List what may be learnt from."""
    return [
        clip
        for clip in clips
        if clip.fold in _LEARNING_FOLDS and not is_held_out(clip) and clip.rms_db > FAINT_DB
    ]


def measuring_clips(clips: Iterable[Clip], name: str) -> list[Clip]:
    """List the clips of one of SETS."""
    if name == "validation":
        chosen = (c for c in clips if c.fold in _LEARNING_FOLDS and c.source in HELD_SOURCES)
    else:
        chosen = (clip for clip in clips if clip.fold == int(name.removeprefix("fold")))
    return [clip for clip in chosen if clip.rms_db > FAINT_DB]


def held_clips(clips: Iterable[Clip], kind: str) -> list[Clip]:
    """List the clips of folds 1-3, of one kind, that nothing is learnt from."""
    held = (clip for clip in clips if clip.fold in _LEARNING_FOLDS and is_held_out(clip))
    return [clip for clip in held if clip.kind == kind and clip.rms_db > FAINT_DB]


@dataclass(frozen=True)
class Sound:
    """The clips to learn from, end to end."""

    clips: list[Clip]
    samples: NDArray[np.int16]
    """(total,) at RATE, full scale 32767; mapped from disk."""
    starts: NDArray[np.int64]
    """(n_clips + 1,) first sample of each clip; the last entry is the total."""

    def clip(self, at: int) -> NDArray[np.int16]:
        """Return clip `at` whole: (n,)."""
        return self.samples[self.starts[at] : self.starts[at + 1]]


def load_sound(data: Path, work: Path) -> Sound:
    """Return the learning clips, decoded once into `work`."""
    clips = learning_clips(read_index(data))
    sound, index = work / "sound.i16", work / "sound.json"
    if not index.exists():
        starts, total = [0], 0
        with sound.with_suffix(".unfinished").open("wb") as file:
            for clip in tqdm(clips, desc="decode", unit="clip"):
                samples = read_clip(data / clip.path, RATE)
                file.write(np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes())
                total += len(samples)
                starts.append(total)
        sound.with_suffix(".unfinished").replace(sound)
        index.write_text(json.dumps({"rows": [clip.row for clip in clips], "starts": starts}))
    stored = json.loads(index.read_text())
    if stored["rows"] != [clip.row for clip in clips]:
        raise SystemExit(
            f"{sound} was made from other clips; valid: those of {data}; delete {index} to decode again"
        )
    return Sound(clips, np.memmap(sound, np.int16, mode="r"), np.array(stored["starts"]))


def length_s(path: Path) -> float:
    """Return the length of a sound file in seconds."""
    return float(sf.info(path).duration)


def loudest_windows(
    data: Path, clips: list[Clip], window_len: int, wide_len: int | None = None
) -> NDArray[np.float32]:
    """Cut the loudest window of each clip, or so many samples round it: (n, wide_len or window_len) at RATE.

    A shorter clip lies amid silence.
    """
    windows = []
    for clip in tqdm(clips, desc="decode", unit="clip"):
        samples = read_clip(data / clip.path, RATE)
        if wide_len is not None and len(samples) > wide_len:
            start = loudest_start(samples, window_len, RATE // 10) - (wide_len - window_len) // 2
            start = min(max(0, start), len(samples) - wide_len)
            windows.append(samples[start : start + wide_len])
        else:
            windows.append(loudest_window(samples, wide_len or window_len, RATE // 10))
    return np.stack(windows)


def in_backgrounds(
    windows: NDArray[np.float32], backgrounds: NDArray[np.float32], snr_db: float, seed: int
) -> NDArray[np.float32]:
    """Put a background, drawn from (m, samples), behind each of (n, samples)."""
    drawn = np.random.default_rng(seed).integers(len(backgrounds), size=len(windows))
    return np.stack([mix(one, backgrounds[at], snr_db) for one, at in zip(windows, drawn, strict=True)])
