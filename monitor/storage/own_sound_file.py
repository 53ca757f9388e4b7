"""A sound that the user has taught, as a file that can be kept, given away and read without trust.

It is a NumPy archive of plain numbers and one JSON text; the sound of the examples may be in it as FLAC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.bus.codec import decode_with, encode_json
from monitor.errors import WireError
from monitor.files.arrays import pack_arrays, unpack_all
from monitor.names import class_id, is_label
from monitor.records import Instant, OwnSound, Tally
from monitor.text import clean
from monitor.units import unit_norm

VERSION = 1
MOST_EXAMPLES = 10
MOST_BYTES = 64 << 20
"""Far more than ten examples and their sound have; a larger file is nobody's own sound, and not read."""
SOUND = ".flac"
_LONGEST = 300
_TYPES = {"about": np.uint8, "vectors": np.float16, "example_of": np.int16}


class ExampleNote(msgspec.Struct, frozen=True):
    """Where one example comes from, and how it was."""

    origin: str
    """In words for the user: `microphone USB`, `kettle.wav`, `event 3f-kettle-2`."""
    seconds: float
    """How long the sound lasts; 0: not known."""
    snr_db: float | None = None
    """Over the background; None: not known."""
    remarks: tuple[str, ...] = ()
    """What spoke against it, where it was taken all the same."""


class Quality(msgspec.Struct, frozen=True):
    """How well it is found, as it was tried when it was taught."""

    found: Tally
    """Of the examples, each left out once: those that the others find."""
    by_words: Tally
    """Of the same: those that its words alone find."""
    false_alarms_per_hour: float | None
    """Expected on ordinary sound; None: the model has none to try."""
    doubt: str = ""
    """Why it should not have been kept, where the user insisted."""


class TaughtSound(msgspec.Struct, frozen=True):
    """One class that was taught, as it is kept."""

    label: str
    """What the user calls it, in any script."""
    sound: OwnSound
    model: str
    """Identity of the model whose embeddings these are."""
    taught: Instant
    examples: tuple[ExampleNote, ...]
    """In the order of `OwnSound.example_of`."""
    quality: Quality | None = None


class _About(msgspec.Struct, frozen=True):
    """What a file says beside the embeddings."""

    version: int
    name: str
    label: str
    words: str
    model: str
    taught: Instant
    examples: tuple[ExampleNote, ...]
    quality: Quality | None = None


_ABOUT = msgspec.json.Decoder(_About)


def pack(taught: TaughtSound, audio: Sequence[bytes] = ()) -> bytes:
    """Return a taught sound as a file, with the sound of its examples if that is given."""
    sound = taught.sound
    about = _About(
        version=VERSION, name=sound.name, label=taught.label, words=sound.words, model=taught.model,
        taught=taught.taught, examples=taught.examples, quality=taught.quality,
    )  # fmt: skip
    arrays: dict[str, NDArray[np.generic]] = {
        "about": np.frombuffer(encode_json(about), np.uint8),
        "vectors": sound.vectors.astype(np.float16),
        "example_of": sound.example_of.astype(np.int16),
    }
    return pack_arrays(arrays, {f"{number}{SOUND}": one for number, one in enumerate(audio, 1)})


def unpack(content: bytes) -> tuple[TaughtSound, list[bytes]]:
    """Return the taught sound in a file, and the sound of its examples as FLAC files, if it has that.

    Raises
    ------
    ValueError
        It holds no taught sound, or none that makes sense; the text is a clause that says why.
    """
    arrays, others = unpack_all(content, MOST_BYTES)
    wrong = [name for name, kind in _TYPES.items() if name not in arrays or arrays[name].dtype != kind]
    if wrong:
        raise ValueError(f"it is no taught sound ({', '.join(wrong)})")
    try:
        about = decode_with(_ABOUT, arrays["about"].tobytes())
    except WireError:
        raise ValueError("what it says of itself is damaged") from None
    if about.version != VERSION:
        raise ValueError(f"it is of version {about.version}, and this program reads {VERSION}")
    sound = _sound(about, arrays)
    taught = TaughtSound(about.label, sound, about.model, about.taught, about.examples, about.quality)
    return taught, _audio(others, len(about.examples))


def _sound(about: _About, arrays: Mapping[str, NDArray[Any]]) -> OwnSound:
    """Return the record, if its parts fit one another."""
    vectors, example_of = arrays["vectors"], arrays["example_of"]
    if vectors.ndim != 2 or vectors.shape[:1] != example_of.shape:
        raise ValueError("its embeddings and examples do not fit one another")
    unit = unit_norm(vectors.astype(np.float32))
    if not np.isfinite(vectors).all() or not np.allclose(np.linalg.norm(unit, axis=1), 1.0, atol=1e-3):
        raise ValueError("its embeddings are not those of any sound")
    count = len(about.examples)
    if not 1 <= count <= MOST_EXAMPLES or set(example_of.tolist()) != set(range(count)):
        raise ValueError(f"it has no embedding of each of 1 to {MOST_EXAMPLES} examples")
    if example_of.min() < 0 or example_of.max() >= count:
        raise ValueError("it has embeddings of examples that are not in it")
    if not is_label(about.label) or class_id(about.label) != about.name or not _is_wording(about.words):
        raise ValueError("its name is none that a class can have")
    return OwnSound(about.name, about.words, unit, example_of.astype(np.intp))


def _is_wording(words: str) -> bool:
    return 0 < len(words) <= _LONGEST and clean(words) == words and not set('="') & set(words)


def _audio(others: Mapping[str, bytes], count: int) -> list[bytes]:
    """Return the FLAC files among the files beside the arrays: one for each example, or none."""
    named = [others.get(f"{number}{SOUND}", b"") for number in range(1, count + 1)]
    return named if all(one.startswith(b"fLaC") for one in named) else []
