"""What the encoder makes of the windows that are due, checked: nothing that is no embedding goes further.

One that gains nothing by batches is given each window alone: its values do not depend on the neighbours.

An encoder may raise, or give values that are not numbers, no direction, or another shape. Of such a window
there is no embedding, and a reason in words; the others of its batch are embedded alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.encoders.encoder import Encoder, embed_windows
from monitor.records import Embedding, Window

_NORM_WITHIN = 0.1
"""By how much the length of an embedding may differ from 1."""
_LONGEST_REASON = 200


class Answer(msgspec.Struct, frozen=True):
    """The embeddings of a batch, as far as there are any."""

    embeddings: list[Embedding | None]
    """One per window; None where the encoder failed."""
    wrong: str | None = None
    """Why there is one None or more, part of a sentence."""
    error: BaseException | None = None
    """What was raised, if anything."""


def answer(encoder: Encoder, windows: Sequence[Window], monotonic: Callable[[], float]) -> Answer:
    """Return the embeddings of `windows`, made in one batch if that gains. Never raises for the encoder."""
    if len(windows) > 1 and not encoder.info.batches:
        return _one_by_one(encoder, windows, monotonic)
    begun = monotonic()
    try:
        vectors = np.asarray(embed_windows(encoder, windows), np.float32)
        _check_shape(vectors, (len(windows), encoder.dim))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it must not end the stream
        if len(windows) > 1:
            return _one_by_one(encoder, windows, monotonic)
        return Answer([None], _in_words(error), error)
    took_s = (monotonic() - begun) / len(windows)
    wrong = [_wrong(vector) for vector in vectors]
    embeddings = [
        None if why else Embedding(vector, took_s) for why, vector in zip(wrong, vectors, strict=True)
    ]
    return Answer(embeddings, next(filter(None, wrong), None))


def nothing(count: int, wrong: str, error: BaseException | None = None) -> Answer:
    """Return that none of `count` windows could be embedded."""
    return Answer([None] * count, wrong, error)


def failure(error: BaseException, count: int) -> Answer:
    """Return that `error` was raised before any of `count` windows could be embedded."""
    return nothing(count, _in_words(error), error)


def _one_by_one(encoder: Encoder, windows: Sequence[Window], monotonic: Callable[[], float]) -> Answer:
    """Embed each window alone; so one that cannot be embedded spoils no other."""
    alone = [answer(encoder, [window], monotonic) for window in windows]
    failed = next((one for one in alone if one.wrong), Answer([]))
    return Answer([one.embeddings[0] for one in alone], failed.wrong, failed.error)


def _check_shape(vectors: NDArray[np.float32], expected: tuple[int, int]) -> None:
    if vectors.shape != expected:
        raise ValueError(f"it gave an array of shape {vectors.shape} instead of {expected}")


def _wrong(vector: NDArray[np.float32]) -> str | None:
    """Return what keeps `vector`, float32 (d,), from being an embedding; None: nothing."""
    if not np.isfinite(vector).all():
        return "it gave values that are not numbers"
    norm = float(np.linalg.norm(vector.astype(np.float64)))
    if abs(norm - 1.0) > _NORM_WITHIN:
        return f"it gave a vector of length {norm:.3g} instead of 1"
    return None


def _in_words(error: BaseException) -> str:
    text = (str(error).splitlines() or [""])[0]
    if isinstance(error, ValueError) and text.startswith("it gave"):
        return text
    return f"{type(error).__name__}{': ' if text else ''}{text}"[:_LONGEST_REASON]
