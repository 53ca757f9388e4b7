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

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.corpus.clips import Clip, load
from monitor.corpus.layouts import Corpus
from monitor.errors import ConfigError
from monitor.evaluation.synthesis.plans import PLANS
from monitor.units import mean_power

CLEAN_DB = float("inf")
"""The SNR of a clip without a background."""
MIX_RATE = 48_000
"""Hz; every model's band fits below half of it."""
VERSION = 1
"""Goes up when the same list would give other samples: what was kept of them is then made again."""
_SILENT_POWER = 1e-10
"""-100 dBFS."""
_FAINT_POWER = 1e-6
"""A part of a background fainter than this (-60 dBFS) gives way to the loudest part of its clip."""
HOP_LEN = MIX_RATE // 10
"""Samples at `MIX_RATE`: step of the search for the loudest window."""


class Mixture(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event and the background it is heard in; paths as `Corpus.find` takes them."""

    label: str
    """What is to be recognised, as the data calls it; of several classes the first."""
    event: str
    """Path of the event's clip."""
    event_group: str
    """The recording it was cut from."""
    background: str
    """Empty, like its label and group: there is none, and the event can only be heard clean."""
    background_label: str
    background_group: str
    place: float
    """Where in the background its window begins, 0 to 1 of the range in which it can."""
    labels: tuple[str, ...] = ()
    """Every class the event holds; empty, and not in a list file: only `label`."""

    @property
    def held(self) -> tuple[str, ...]:
        """Every class the event holds, `label` among them."""
        return self.labels or (self.label,)


PLANS[Mixture] = msgspec.json.Decoder(Mixture)


def plan_mixtures(
    clips: Sequence[Clip],
    folds: Sequence[int],
    min_clips: int,
    seed: int,
    subset: Callable[[str], bool] | None = None,
) -> list[Mixture]:
    """Return a mixture per event clip of those folds, of every class with at least `min_clips` usable clips.

    An event for which there is no background goes without: `refuse_missing_backgrounds` is for those who
    need one.

    Parameters
    ----------
    subset
        Takes the name of a group (a recording); only groups for which it is true are used.

    Raises
    ------
    ConfigError
        There is no such class.
    """
    usable = [
        clip
        for clip in clips
        if clip.is_in(folds) and clip.is_audible and (subset is None or subset(clip.group))
    ]
    events = [clip for clip in usable if clip.kind == "event"]
    counts = Counter(name for clip in events for name in clip.held)
    events = [clip for clip in events if any(counts[name] >= min_clips for name in clip.held)]
    where = f"in folds {', '.join(map(str, folds))}"
    if all(clip.kind != "event" for clip in clips):
        raise ConfigError("There is no event in the data; give --data with some, and this as --backgrounds.")
    if not events:
        raise ConfigError(f"No class of events has {min_clips} usable clips {where}; lower --min-clips.")
    recordings: dict[str, list[Clip]] = {}
    for clip in sorted(usable, key=lambda clip: clip.path):
        if clip.kind == "background":
            recordings.setdefault(clip.group, []).append(clip)
    return [_mixture(event, recordings, seed) for event in sorted(events, key=lambda clip: clip.path)]


def refuse_missing_backgrounds(
    mixtures: Sequence[Mixture], snrs_db: Sequence[float], methods: Sequence[str] = ()
) -> None:
    """Refuse mixtures without a background where one is needed: at any SNR but clean, and by some methods.

    Raises
    ------
    ConfigError
        The first that needs one, and what to do.
    """
    lacking = [one for one in mixtures if not one.background]
    needs = [f"--snr {snr_db:g}" for snr_db in snrs_db if snr_db != CLEAN_DB]
    needs += [f"the method {name!r}" for name in methods]
    if lacking and needs:
        kind = f" of another kind than {lacking[0].label!r}" if len(lacking) < len(mixtures) else ""
        raise ConfigError(
            f"There is no usable background{kind} in what is heard, and {needs[0]} needs one; "
            "--backgrounds takes others."
        )


def windows_at(
    mixture: Mixture, corpus: Corpus, snrs_db: Sequence[float], sample_rate: int, window_len: int
) -> NDArray[np.float32]:
    """Return the mixture at each SNR, float32 (n_snrs, window_len) at `sample_rate`."""
    import soxr

    length = round(window_len * MIX_RATE / sample_rate)
    event = loudest_window(load(corpus.find(mixture.event), MIX_RATE), length, HOP_LEN)
    noisy = any(snr_db != CLEAN_DB for snr_db in snrs_db)
    background = _background(mixture, corpus, length) if noisy else np.zeros(length, np.float32)
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


def part_from(samples: NDArray[np.float32], length: int, start: int) -> NDArray[np.float32]:
    """Return the window of a background from `start`, or the last there is; a shorter one is repeated."""
    if len(samples) < length:
        samples = np.resize(samples, length)
    start = min(start, len(samples) - length)
    part = samples[start : start + length]
    return part if mean_power(part) >= _FAINT_POWER else loudest_window(samples, length, HOP_LEN)


def mix(event: NDArray[np.float32], background: NDArray[np.float32], snr_db: float) -> NDArray[np.float32]:
    """Return the event with a background at a ratio of mean powers, scaled as a whole if it would clip."""
    wanted = mean_power(event) / 10.0 ** (snr_db / 10.0)
    gain = np.sqrt(wanted / max(mean_power(background), 1e-12))
    mixture = event + background * np.float32(gain)
    return np.asarray(mixture / max(1.0, float(np.abs(mixture).max())), np.float32)


def _background(mixture: Mixture, corpus: Corpus, length: int) -> NDArray[np.float32]:
    samples = load(corpus.find(mixture.background), MIX_RATE)
    part = part_from(samples, length, int(mixture.place * max(1, len(samples) - length + 1)))
    if mean_power(part) < _SILENT_POWER:
        raise ConfigError(
            f"The background {corpus.find(mixture.background)} is silent, so nothing can be mixed with it; "
            "take it out of the data."
        )
    return part


def generator_for(named: str) -> np.random.Generator:
    """Return the generator that belongs to a name: the same for it in every list."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(named.encode()).digest()[:8], "little"))


def _mixture(event: Clip, recordings: dict[str, list[Clip]], seed: int) -> Mixture:
    """Draw the background: every recording is equally likely, but none of the event's own kind or group."""
    rng = generator_for(f"{seed} {event.path}")
    others = {
        group: found
        for group, clips in recordings.items()
        if group != event.group and (found := [clip for clip in clips if clip.label not in event.held])
    }
    if not others:
        return Mixture(event.label, event.path, event.group, "", "", "", 0.0, event.labels)
    clips = others[sorted(others)[int(rng.integers(len(others)))]]
    chosen = clips[int(rng.integers(len(clips)))]
    place = round(float(rng.random()), 6)
    return Mixture(
        event.label, event.path, event.group, chosen.path, chosen.label, chosen.group, place, event.labels
    )
