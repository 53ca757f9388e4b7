"""Plans of streams: the pieces a mixture is made of, enough for anyone to build it again from the clips.

``render(plan, root)`` gives the same samples wherever the clips lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError
from monitor.evaluation.clips import load
from monitor.evaluation.metrics import Reference


class Piece(msgspec.Struct, frozen=True):
    """A part of a clip and its place in a stream; lengths in samples at the plan's rate."""

    role: str
    """`background`, `event` or `distractor`."""
    label: str
    path: str
    start: int
    """First sample of the clip, after resampling."""
    length: int
    at: int
    """Sample of the stream it begins at."""
    gain: float
    """Factor on the samples of the clip."""
    fade_in: int
    fade_out: int


class StreamPlan(msgspec.Struct, frozen=True):
    """Everything needed to build a stream again."""

    name: str
    sample_rate: int
    length: int
    """Samples."""
    snr_db: float
    pieces: tuple[Piece, ...]

    @property
    def references(self) -> tuple[Reference, ...]:
        """The sounds to find, in order of onset."""
        events = sorted((piece for piece in self.pieces if piece.role == "event"), key=lambda piece: piece.at)
        rate = self.sample_rate
        return tuple(Reference(one.label, one.at / rate, (one.at + one.length) / rate) for one in events)


def render(plan: StreamPlan, root: Path) -> NDArray[np.float32]:
    """Return the samples of a plan, float32 (n,), read-only."""
    mixture = np.zeros(plan.length, np.float32)
    for piece in plan.pieces:
        samples = load(root / piece.path, plan.sample_rate)[piece.start : piece.start + piece.length]
        mixture[piece.at : piece.at + piece.length] += _faded(samples, piece) * np.float32(piece.gain)
    mixture.flags.writeable = False
    return mixture


def write_plans(path: Path, plans: Sequence[StreamPlan]) -> None:
    """Write plans as JSON, one per line."""
    path.write_bytes(b"".join(msgspec.json.encode(plan) + b"\n" for plan in plans))


def read_plans(path: Path) -> list[StreamPlan]:
    """Return the plans in a file made by `write_plans`.

    Raises
    ------
    ConfigError
        The file is missing or is not a list of plans.
    """
    try:
        return [msgspec.json.decode(line, type=StreamPlan) for line in path.read_bytes().splitlines()]
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(f"Cannot read stream plans from {path}: {error}; build them again.") from None


def _faded(samples: NDArray[np.float32], piece: Piece) -> NDArray[np.float32]:
    """Return samples with equal-power fades at both ends."""
    envelope = np.ones(len(samples), np.float32)
    if piece.fade_in:
        envelope[: piece.fade_in] *= _rise(piece.fade_in)
    if piece.fade_out:
        envelope[-piece.fade_out :] *= _rise(piece.fade_out)[::-1]
    return samples * envelope


def _rise(length: int) -> NDArray[np.float32]:
    return np.sin(np.pi / 2.0 * (np.arange(length) + 0.5) / length).astype(np.float32)
