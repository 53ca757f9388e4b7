"""From takes to what a model makes of them: the windows in which an example is heard, embedded."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.encoders import Encoder
from monitor.learning.takes import Take
from monitor.records import ClassPrompt, OwnSound
from monitor.storage.own_sound_file import ExampleNote

_STEP = 8
"""Steps from window to window in the length of one."""
_LEAST_SHARE = 0.5
"""Of the sound, or of the window where that is shorter, that a window must hold to be one of the example."""
_MOST_WINDOWS = 16
"""Of one example, spread over a long one."""


class Example(msgspec.Struct, frozen=True):
    """One example, as a model hears it."""

    note: ExampleNote
    vectors: NDArray[np.float32]
    """float32 (n, d), unit norm: its windows."""
    take: Take | None = None
    """Its sound; None: only the embeddings are known."""


def hear_take(take: Take, encoder: Encoder) -> Example:
    """Return a take as the model hears it."""
    windows = windows_of(take, encoder.window_len)
    vectors = np.concatenate([encoder.embed_audio(window[np.newaxis]) for window in windows])
    note = ExampleNote(
        take.origin, round(take.seconds, 2), None if take.snr_db is None else round(take.snr_db, 1)
    )
    return Example(note, vectors, take)


def windows_of(take: Take, window_len: int) -> NDArray[np.float32]:
    """Return the windows in which much of the sound is heard, float32 (n, window_len), n from 1 to 16.

    They begin every eighth of a window and hold what is around the sound too, as in a stream; zeros stand for
    what was not recorded.
    """
    step = max(1, window_len // _STEP)
    pad = max(0, window_len - len(take.samples))
    samples = np.pad(take.samples, (pad // 2, pad - pad // 2))
    start, stop = take.start + pad // 2, take.stop + pad // 2
    least = _LEAST_SHARE * min(stop - start, window_len)
    first = (start - window_len) // step
    begins = np.arange(first * step, stop, step)
    begins = begins[(begins >= 0) & (begins + window_len <= len(samples))]
    held = np.minimum(begins + window_len, stop) - np.maximum(begins, start)
    begins = begins[held >= least]
    if not len(begins):
        begins = np.array([min(max(0, (start + stop - window_len) // 2), len(samples) - window_len)])
    if len(begins) > _MOST_WINDOWS:
        begins = begins[np.linspace(0, len(begins) - 1, _MOST_WINDOWS).round().astype(int)]
    return np.stack([samples[begin : begin + window_len] for begin in begins])


def own_sound(prompt: ClassPrompt, examples: Sequence[Example]) -> OwnSound:
    """Return what examples make of a class."""
    return OwnSound(
        name=prompt.name,
        words=prompt.wording,
        vectors=np.concatenate([one.vectors for one in examples]),
        example_of=np.repeat(np.arange(len(examples)), [len(one.vectors) for one in examples]),
    )


def without(sound: OwnSound, example: int) -> OwnSound:
    """Return an own sound without one of its examples."""
    kept = sound.example_of != example
    others = sound.example_of[kept]
    return msgspec.structs.replace(
        sound,
        vectors=sound.vectors[kept],
        example_of=others - (others > example),
    )
