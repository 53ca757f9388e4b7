"""What the streams lie on: a background of one recording at a level, and choice that wastes no recording."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from monitor.corpus.clips import Clip, load
from monitor.corpus.layouts import Corpus
from monitor.evaluation.synthesis.plans import Piece, StreamPlan, render
from monitor.units import dbfs_to_power, mean_power, seconds_to_len

CROSS_FADE_S = 0.5
"""Overlap of the parts of a background."""
PEAK = 0.98
"""A mixture that would exceed this is scaled down as a whole, which leaves its SNR."""


class EvenSampler:
    """Seeded random choice that uses everything of a kind once before anything twice."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self._bags: dict[str, list[str]] = {}

    def next(self, kind: str, options: Sequence[str]) -> str:
        """Return the next of `options`, which are always the same for a kind."""
        bag = self._bags.setdefault(kind, [])
        if not bag:
            bag.extend(options[at] for at in self.rng.permutation(len(options)))
        return bag.pop()


def lay_background(
    bare: StreamPlan, clips: Sequence[Clip], corpus: Corpus, rng: np.random.Generator
) -> StreamPlan:
    """Return a plan filled with one recording, its clips cross-faded and repeated as needed."""
    length, sample_rate = bare.length, bare.sample_rate
    fade = seconds_to_len(CROSS_FADE_S, sample_rate)
    first = int(rng.integers(len(clips)))
    pieces: list[Piece] = []
    at = 0
    while at < length:
        clip = clips[(first + len(pieces)) % len(clips)]
        available = len(load(corpus.find(clip.path), sample_rate))
        skip = 0 if pieces else int(rng.integers((available + 1) // 2))
        part = min(available - skip, length - at)
        overlap = min(fade, part // 2)
        pieces.append(
            Piece(
                role="background",
                label=clip.label,
                path=clip.path,
                start=skip,
                length=part,
                at=at,
                gain=1.0,
                fade_in=overlap if pieces else 0,
                fade_out=overlap if at + part < length else 0,
                group=clip.group,
            )
        )
        at += part - pieces[-1].fade_out
    return replace(bare, pieces=tuple(pieces))


def at_level(plan: StreamPlan, corpus: Corpus, level_dbfs: float) -> StreamPlan:
    """Return the plan with all gains changed so that its RMS level is `level_dbfs`."""
    power = max(mean_power(render(plan, corpus)), 1e-12)
    return _scaled(plan, math.sqrt(dbfs_to_power(level_dbfs) / power))


def within_full_scale(plan: StreamPlan, corpus: Corpus) -> StreamPlan:
    """Return the plan scaled down as a whole if it would exceed `PEAK`."""
    return _scaled(plan, min(1.0, PEAK / max(float(np.abs(render(plan, corpus)).max()), 1e-12)))


def _scaled(plan: StreamPlan, factor: float) -> StreamPlan:
    return replace(plan, pieces=tuple(replace(piece, gain=piece.gain * factor) for piece in plan.pieces))
