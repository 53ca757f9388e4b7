"""Own sounds that were taught to a model before it is adapted: they try it, and go on being known after."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.encoders import EncoderInfo
from monitor.learning.trial import LeftOut
from monitor.models.adapter import Adapter
from monitor.storage.own_sounds import load, save, taught_sounds

Vectors = NDArray[np.float32]


def transfer(model: str, before: Adapter | None, after: Adapter) -> list[str]:
    """Keep every own sound of the model in use for the model with a new adapter too; return their labels.

    Parameters
    ----------
    model
        Identity of the model without an adapter.
    before
        The adapter through which it listened; None: none.

    Raises
    ------
    OwnSoundError
        One cannot be written.
    """
    heard_as = model if before is None else before.identity
    transferred = []
    for taught in taught_sounds()[0]:
        if taught.model != heard_as or load(taught.sound.name, after.identity, len(after.down)) is not None:
            continue
        vectors = _through(before, after)(taught.sound.vectors)
        save(replace(taught, model=after.identity, sound=replace(taught.sound, vectors=vectors)))
        transferred.append(taught.label)
    return transferred


def taught_sounds_of(classes: Sequence[str], info: EncoderInfo, in_use: Adapter | None) -> LeftOut | None:
    """Return the examples of classes that were taught to the model in use, without any adapter; None: none.

    Parameters
    ----------
    info
        Of the model without an adapter.
    """
    heard_as = info.identity if in_use is None else in_use.identity
    vectors, sound_of = [], []
    truth: list[list[bool]] = []
    for taught in taught_sounds()[0]:
        sound = taught.sound
        if taught.model != heard_as or sound.name not in classes:
            continue
        vectors.append(sound.vectors if in_use is None else in_use.undo(sound.vectors))
        sound_of.append(sound.example_of + len(truth))
        truth += [[name == sound.name for name in classes]] * sound.examples
    if not vectors:
        return None
    return LeftOut(np.concatenate(vectors), np.concatenate(sound_of), np.array(truth, np.bool_))


def _through(before: Adapter | None, after: Adapter) -> Callable[[Vectors], Vectors]:
    return lambda vectors: after.apply(vectors if before is None else before.undo(vectors))
