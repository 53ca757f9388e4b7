"""A row of the memory and the moment it stands for: what of it is encrypted, and what it is bound to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import MomentsError
from monitor.records import Moment
from monitor.storage.database import utc
from monitor.storage.moments.sealing import Seal
from monitor.text import clean

_MOST_SCORES = 32


class MomentBatch(msgspec.Struct, frozen=True):
    """Moments of one model as arrays, oldest first."""

    vectors: NDArray[np.float16]
    """float16 (n, d), unit norm but for the rounding."""
    times: NDArray[np.float64]
    """(n,), seconds since 1970, UTC."""
    levels_dbfs: NDArray[np.float32]
    """(n,)."""
    floors_dbfs: NDArray[np.float32]
    """(n,)."""
    scores: list[dict[str, float]]
    """Per moment its score per class."""
    source_ids: list[str]
    event_ids: list[str]
    """Empty: of no event."""
    classes: list[str]
    """Of those events."""


class _Content(msgspec.Struct, array_like=True):
    """What of a row is encrypted."""

    vector: bytes
    level_dbfs: float
    floor_dbfs: float
    scores: dict[str, float]


_DECODER = msgspec.msgpack.Decoder(_Content)
_ENCODER = msgspec.msgpack.Encoder()


def row_of(moment: Moment, seal: Seal | None) -> tuple[Any, ...]:
    """Return model, source, time, event and class in plain text, and the content, encrypted with a key."""
    best = sorted(moment.scores.items(), key=lambda one: -one[1])[:_MOST_SCORES]
    scores = {name: round(value, 4) for name, value in best}
    vector = np.asarray(moment.vector, np.float16).tobytes()
    content = _ENCODER.encode(_Content(vector, moment.level_dbfs, moment.floor_dbfs, scores))
    plain = (
        moment.model, moment.source_id, moment.time.timestamp(), moment.event_id, moment.class_,
    )  # fmt: skip
    return (*plain, content if seal is None else seal.close(content, about(plain)))


def moment_of(row: Sequence[Any], seal: Seal | None, path: Path) -> Moment:
    """Return the moment that a row of the file at `path` stands for.

    Raises
    ------
    MomentsError
        It is damaged, or was changed.
    """
    *plain, content = row
    opened = content if seal is None else seal.open(content, about(plain))
    try:
        found = None if opened is None else _DECODER.decode(opened)
        vector = np.frombuffer(b"" if found is None else found.vector, np.float16)
    except (msgspec.MsgspecError, ValueError):
        raise damaged(path) from None
    if found is None or not len(vector) or not np.isfinite(vector).all():
        raise damaged(path)
    model, source_id, time, event_id, class_ = plain
    scores = {clean(name): score for name, score in found.scores.items()}
    return Moment(
        source_id, model, utc(time), vector, scores, found.level_dbfs, found.floor_dbfs, event_id,
        class_,
    )  # fmt: skip


def damaged(path: Path) -> MomentsError:
    """Return what to say of a row that makes no sense."""
    return MomentsError(
        f"A moment in {path} is damaged or was changed; forget it: "
        "monitor memory forget --since T, or --event ID."
    )


def about(plain: Sequence[Any]) -> bytes:
    """Return what a row says of itself in plain text, so that no two rows say the same by accident."""
    return _ENCODER.encode(list(plain))


def batch_of(moments: Sequence[Moment]) -> MomentBatch:
    """Return moments of one model as arrays."""
    return MomentBatch(
        vectors=np.stack([one.vector for one in moments]),
        times=np.array([one.time.timestamp() for one in moments]),
        levels_dbfs=np.array([one.level_dbfs for one in moments], np.float32),
        floors_dbfs=np.array([one.floor_dbfs for one in moments], np.float32),
        scores=[one.scores for one in moments],
        source_ids=[one.source_id for one in moments],
        event_ids=[one.event_id for one in moments],
        classes=[one.class_ for one in moments],
    )
