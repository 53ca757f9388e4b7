"""Sound to adapt to, as a model hears it: out of the memory of a place, or out of recordings.

Labels are never looked at here. Every window knows which stretch of sound it is of, a recording or ten
minutes of the memory, so that what is left out for a trial is not heard in training.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.corpus.clips import Clip, load
from monitor.corpus.layouts import Corpus
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.models.adapter import Adapter
from monitor.storage.moments import MomentStore
from monitor.units import unit_norm

Advance = Callable[[], None]
_FAINT = 1e-3
"""A window whose peak is below -60 dBFS holds nothing to hear."""
_STRETCH_S = 600.0
_LEFT_OUT = 5
"""Every fifth stretch, by lot, is left out of training."""
_LEAST_WINDOWS = 50


class SoundDescription(msgspec.Struct, frozen=True):
    """What was listened to, without saying where it lies."""

    kind: str
    """`memory`, or how the recordings are laid out."""
    windows: int
    stretches: int
    """Recordings; of the memory, stretches of ten minutes."""
    seconds: float
    first: datetime | None = None
    """Of the memory."""
    last: datetime | None = None


class HeardSound(msgspec.Struct, frozen=True):
    """n windows of sound."""

    vectors: NDArray[np.float32]
    """float32 (n, d), unit norm, without any adapter."""
    stretch_of: NDArray[np.intp]
    """(n,), the stretch of each window, from 0."""
    starts: NDArray[np.intp]
    """(n,), first sample of each window in its recording, at the model's rate; of the memory 0."""
    left_out: NDArray[np.bool_]
    """(n,), which are of stretches that are left out of training."""
    clips: tuple[Clip, ...]
    """Per stretch the recording it is of; empty: the memory."""
    description: SoundDescription


def hear_recordings(
    encoder: Encoder, corpus: Corpus, folds: Sequence[int], advance: Advance = lambda: None
) -> HeardSound:
    """Hear every window of the recordings of some folds, one behind the other; of all without `folds`.

    Parameters
    ----------
    advance
        Called after each recording of `recordings_of`.

    Raises
    ------
    ConfigError
        There is too little sound, or a recording cannot be read.
    """
    clips = recordings_of(corpus, folds)
    vectors: list[NDArray[np.float32]] = []
    stretch_of: list[int] = []
    starts: list[int] = []
    for at, clip in enumerate(clips):
        samples = load(corpus.find(clip.path), encoder.sample_rate)
        for start in range(0, max(1, len(samples) - encoder.window_len + 1), encoder.window_len):
            window = window_from(samples, start, encoder.window_len)
            if np.abs(window).max() > _FAINT:
                vectors.append(encoder.embed_audio(window[np.newaxis])[0])
                stretch_of.append(at)
                starts.append(start)
        advance()
    _refuse_little(len(vectors), "in these recordings")
    seconds = len(vectors) * encoder.window_len / encoder.sample_rate
    left_out = np.array([_by_lot(clip.group) for clip in clips])
    stretches = np.array(stretch_of, np.intp)
    return HeardSound(
        vectors=np.array(vectors, np.float32),
        stretch_of=stretches,
        starts=np.array(starts, np.intp),
        left_out=left_out[stretches],
        clips=tuple(clips),
        description=SoundDescription(corpus.layout, len(vectors), len(clips), seconds),
    )


def recordings_of(corpus: Corpus, folds: Sequence[int]) -> list[Clip]:
    """Return the recordings that `hear_recordings` hears, in order."""
    chosen = [clip for clip in corpus.clips if clip.is_audible and (not folds or clip.is_in(folds))]
    return sorted(chosen, key=lambda clip: clip.path)


def remember(moments: MomentStore, model: str, adapters: Sequence[Adapter], hop_s: float) -> HeardSound:
    """Return what is remembered of all sources by one model.

    Parameters
    ----------
    model
        Its identity without an adapter.
    adapters
        Through which it may have listened: what they did is undone.
    hop_s
        Seconds of sound that each moment stands for.

    Raises
    ------
    ConfigError
        There is too little.
    """
    vectors, times, sources = [], [], []
    for identity, adapter in ((model, None), *((one.identity, one) for one in adapters)):
        for batch in moments.batches(identity):
            found = unit_norm(batch.vectors.astype(np.float32))
            vectors.append(found if adapter is None else adapter.undo(found))
            times.extend(batch.times.tolist())
            sources.extend(batch.source_ids)
    _refuse_little(len(times), "in the memory; `[memory] keep = all` remembers more")
    stretches = [f"{source} {int(time // _STRETCH_S)}" for source, time in zip(sources, times, strict=True)]
    names = sorted(set(stretches))
    number = {name: at for at, name in enumerate(names)}
    return HeardSound(
        vectors=np.concatenate(vectors),
        stretch_of=np.array([number[one] for one in stretches], np.intp),
        starts=np.zeros(len(times), np.intp),
        left_out=np.array([_by_lot(one) for one in stretches]),
        clips=(),
        description=SoundDescription(
            "memory", len(times), len(names), len(times) * hop_s, _utc(min(times)), _utc(max(times))
        ),
    )


def window_at(encoder: Encoder, corpus: Corpus, sound: HeardSound, row: int) -> NDArray[np.float32]:
    """Return the sound of a window of recordings again, float32 (window_len,)."""
    clip = sound.clips[sound.stretch_of[row]]
    samples = load(corpus.find(clip.path), encoder.sample_rate)
    return window_from(samples, int(sound.starts[row]), encoder.window_len)


def window_from(samples: NDArray[np.float32], start: int, length: int) -> NDArray[np.float32]:
    """Return `length` samples from `start` on; a shorter sound lies before silence."""
    window = samples[start : start + length]
    return np.pad(window, (0, length - len(window))) if len(window) < length else window


def _by_lot(stretch: str) -> bool:
    """Say whether a stretch is left out of training; the same each time."""
    return hashlib.sha256(stretch.encode(errors="surrogatepass")).digest()[0] % _LEFT_OUT == 0


def _refuse_little(count: int, where: str) -> None:
    if count < _LEAST_WINDOWS:
        raise ConfigError(
            f"There are {count} windows with sound {where}, and {_LEAST_WINDOWS} or more are needed."
        )


def _utc(time_s: float) -> datetime:
    return datetime.fromtimestamp(time_s, UTC)
