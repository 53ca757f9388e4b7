"""Single sounds in backgrounds: which event is heard in which part of which recording, and how it is mixed.

The list says nothing of SNR, sample rate or window length: it is the same at every SNR and for every model.
An event's background depends on its path, the seed and the backgrounds there are, so that a shorter list
of classes is heard in the same backgrounds. A mixture is made at `MIX_RATE` and then brought to a model's
rate, so that models of one window length hear the same waveform.

**SNR** is the mean power of the event's window over that of the background's window, broadband, in dB.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError
from monitor.evaluation.clips import SILENT_DB, Clip, load
from monitor.units import mean_power, seconds_to_len

CLEAN_DB = float("inf")
"""The SNR of a clip without a background."""
MIX_RATE = 48_000
"""Hz; every model's band fits below half of it."""
_HOP_S = 0.1
"""Step of the search for the loudest window."""
_FAINT_POWER = 1e-6
"""A part of a background fainter than this (-60 dBFS) gives way to the loudest part of its clip."""


class Mixture(msgspec.Struct, frozen=True):
    """An event and the background it is heard in."""

    label: str
    """What is to be recognised, as the index calls it."""
    event: str
    """Path of the event's clip below the folder of the index."""
    event_group: str
    """The recording it was cut from."""
    background: str
    background_label: str
    background_group: str
    place: float
    """Where in the background its window begins, 0 to 1 of the range in which it can."""


def plan_mixtures(
    clips: Sequence[Clip],
    folds: Sequence[int],
    min_clips: int,
    seed: int,
    subset: Callable[[str], bool] | None = None,
) -> list[Mixture]:
    """Return a mixture per event clip of those folds, of every class with at least `min_clips` usable clips.

    Parameters
    ----------
    subset
        Takes the name of a group (a recording); only groups for which it is true are used.

    Raises
    ------
    ConfigError
        There is no such class, or no background.
    """
    usable = [
        clip
        for clip in clips
        if clip.fold in folds and clip.rms_db >= SILENT_DB and (subset is None or subset(clip.group))
    ]
    counts = Counter(clip.label for clip in usable if clip.kind == "event")
    events = [clip for clip in usable if clip.kind == "event" and counts[clip.label] >= min_clips]
    where = f"in folds {', '.join(map(str, folds))}"
    if not events:
        raise ConfigError(f"No class of events has {min_clips} usable clips {where}; lower --min-clips.")
    recordings: dict[str, list[Clip]] = {}
    for clip in sorted(usable, key=lambda clip: clip.path):
        if clip.kind == "background":
            recordings.setdefault(clip.group, []).append(clip)
    if not recordings:
        raise ConfigError(f"There is no usable background {where}.")
    return [_mixture(event, recordings, seed) for event in sorted(events, key=lambda clip: clip.path)]


def windows_at(
    mixture: Mixture, root: Path, snrs_db: Sequence[float], sample_rate: int, window_len: int
) -> NDArray[np.float32]:
    """Return the mixture at each SNR, float32 (n_snrs, window_len) at `sample_rate`."""
    import soxr

    length = round(window_len * MIX_RATE / sample_rate)
    event = loudest_window(load(root / mixture.event, MIX_RATE), length, seconds_to_len(_HOP_S, MIX_RATE))
    background = _part(load(root / mixture.background, MIX_RATE), length, mixture.place)
    found = np.zeros((len(snrs_db), window_len), np.float32)
    for row, snr_db in zip(found, snrs_db, strict=True):
        mixed = event if snr_db == CLEAN_DB else mix(event, background, snr_db)
        resampled = soxr.resample(mixed, MIX_RATE, sample_rate)[:window_len]
        row[: len(resampled)] = resampled
    return found


def loudest_window(samples: NDArray[np.float32], length: int, hop_len: int) -> NDArray[np.float32]:
    """Return the window of most energy; a shorter clip is placed in the middle of silence."""
    if len(samples) <= length:
        before = (length - len(samples)) // 2
        return np.pad(samples, (before, length - len(samples) - before))
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    starts = np.arange(0, len(samples) - length + 1, hop_len)
    start = int(starts[np.argmax(energy[starts + length] - energy[starts])])
    return samples[start : start + length]


def mix(event: NDArray[np.float32], background: NDArray[np.float32], snr_db: float) -> NDArray[np.float32]:
    """Return the event with a background at a ratio of mean powers, scaled as a whole if it would clip."""
    wanted = mean_power(event) / 10.0 ** (snr_db / 10.0)
    gain = np.sqrt(wanted / max(mean_power(background), 1e-12))
    mixture = event + background * np.float32(gain)
    return np.asarray(mixture / max(1.0, float(np.abs(mixture).max())), np.float32)


def _mixture(event: Clip, recordings: dict[str, list[Clip]], seed: int) -> Mixture:
    """Draw the background: every recording is equally likely, but none of the event's own kind or group."""
    digest = hashlib.sha256(f"{seed} {event.path}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    others = {
        group: found
        for group, clips in recordings.items()
        if group != event.group and (found := [clip for clip in clips if clip.label != event.label])
    }
    if not others:
        raise ConfigError(f"There is no background of another kind than {event.label!r}; add one.")
    clips = others[sorted(others)[int(rng.integers(len(others)))]]
    chosen = clips[int(rng.integers(len(clips)))]
    place = round(float(rng.random()), 6)
    return Mixture(event.label, event.path, event.group, chosen.path, chosen.label, chosen.group, place)


def _part(samples: NDArray[np.float32], length: int, place: float) -> NDArray[np.float32]:
    """Return the window of a background that begins at `place`; a shorter one is repeated."""
    if len(samples) < length:
        samples = np.resize(samples, length)
    start = int(place * (len(samples) - length + 1))
    part = samples[start : start + length]
    if mean_power(part) >= _FAINT_POWER:
        return part
    return loudest_window(samples, length, seconds_to_len(_HOP_S, MIX_RATE))
