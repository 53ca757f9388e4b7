"""Plans of streams: the pieces a mixture is made of, enough for anyone to build it again from the clips.

``render(plan, corpus)`` gives the same samples wherever the clips lie. A path is below the root of the data
(`--data`); with `backgrounds:` before it, below the root of the other backgrounds (`--backgrounds`). A list
is heard again with the same data and, where it names such paths, the same backgrounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.bus.codec import decode_with
from monitor.corpus.clips import load
from monitor.corpus.layouts import Corpus
from monitor.errors import ConfigError, WireError
from monitor.evaluation.metrics.event_metrics import Reference
from monitor.files.reading import read_stored

Plan = TypeVar("Plan", bound=msgspec.Struct)


class Piece(msgspec.Struct, frozen=True):
    """A part of a clip and its place in a stream; lengths in samples at the plan's rate."""

    role: str
    """`background`, `event`, `distractor`, or `overlay`: speech or music over a background."""
    label: str
    path: str
    """As `Corpus.find` takes it."""
    start: int
    """First sample of the clip, after resampling."""
    length: int
    at: int
    """Sample of the stream it begins at."""
    gain: float
    """Factor on the samples of the clip."""
    fade_in: int
    fade_out: int
    group: str = ""
    """The recording the clip was cut from."""


class StreamPlan(msgspec.Struct, frozen=True):
    """Everything needed to build a stream again."""

    name: str
    sample_rate: int
    length: int
    """Samples."""
    snr_db: float | None
    """None: there is nothing to find."""
    pieces: tuple[Piece, ...]
    unlabelled: tuple[Reference, ...] = ()
    """Sounds that are in its pieces though nobody labelled them."""

    @property
    def references(self) -> tuple[Reference, ...]:
        """The sounds to find, in order of onset."""
        events = sorted((piece for piece in self.pieces if piece.role == "event"), key=lambda piece: piece.at)
        rate = self.sample_rate
        return tuple(
            Reference(one.label, one.at / rate, (one.at + one.length) / rate, one.group) for one in events
        )

    @property
    def background(self) -> str:
        """The recording it lies on."""
        return next((piece.group for piece in self.pieces if piece.role == "background"), "")


def at_rate(plan: StreamPlan, sample_rate: int) -> StreamPlan:
    """Return the plan for another sample rate: the same sounds at the same times."""
    if sample_rate == plan.sample_rate:
        return plan

    def to_len(length: int) -> int:
        return length * sample_rate // plan.sample_rate

    pieces = tuple(
        replace(
            piece,
            start=to_len(piece.start),
            length=to_len(piece.length),
            at=to_len(piece.at),
            fade_in=to_len(piece.fade_in),
            fade_out=to_len(piece.fade_out),
        )
        for piece in plan.pieces
    )
    return replace(plan, sample_rate=sample_rate, length=to_len(plan.length), pieces=pieces)


def render(plan: StreamPlan, corpus: Corpus) -> NDArray[np.float32]:
    """Return the samples of a plan, float32 (n,), read-only.

    Raises
    ------
    ConfigError
        A clip is missing, or shorter than the plan says.
    """
    mixture = np.zeros(plan.length, np.float32)
    for piece in plan.pieces:
        samples = load(corpus.find(piece.path), plan.sample_rate)[piece.start : piece.start + piece.length]
        place = mixture[piece.at : piece.at + piece.length]
        if not len(samples) == len(place) == piece.length > 0:
            raise ConfigError(
                f"The plan of {plan.name} does not fit the clip {piece.path}; it was made from other data."
            )
        place += _faded(samples, piece) * np.float32(piece.gain)
    mixture.flags.writeable = False
    return mixture


PLANS: dict[type[msgspec.Struct], msgspec.json.Decoder[Any]] = {StreamPlan: msgspec.json.Decoder(StreamPlan)}
"""What reads each kind of plan; made while modules are loaded, by one thread."""


def write_plans(path: Path, plans: Sequence[msgspec.Struct]) -> None:
    """Write plans of one kind as JSON, one per line."""
    path.write_bytes(b"".join(msgspec.json.encode(plan) + b"\n" for plan in plans))


def read_plans(path: Path, kind: type[Plan]) -> list[Plan]:
    """Return the plans in a file made by `write_plans`.

    Parameters
    ----------
    kind
        `StreamPlan`, or `mixtures.Mixture`.

    Raises
    ------
    ConfigError
        The file is missing or is not a list of such plans.
    """
    try:
        plans = [decode_with(PLANS[kind], line) for line in read_stored(path).splitlines()]
    except (OSError, WireError) as error:
        raise ConfigError(f"Cannot read plans from {path}: {error}; build them again with --out.") from None
    if not plans:
        raise ConfigError(f"There is no plan in {path}; build it again with --out.")
    return plans


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
