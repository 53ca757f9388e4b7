"""Streams without anything to find: backgrounds of many levels, and speech and music over them now and then.

Each lies on the next recording of a background, from another place, at its own level and under other sounds,
so that hours of them differ though there is less than an hour of recordings. No clip of them is of a listed
class, nor of a label that may hold one; what a background holds without saying so counts as a false alarm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from msgspec.structs import replace

from monitor.corpus.clips import Clip, load
from monitor.corpus.layouts import Corpus
from monitor.errors import ConfigError
from monitor.evaluation.synthesis.plans import Piece, StreamPlan, render
from monitor.evaluation.synthesis.stream_backgrounds import (
    EvenSampler,
    at_level,
    lay_background,
    within_full_scale,
)
from monitor.evaluation.synthesis.streams import LENGTH_S, Stream, StreamSpec, is_usable
from monitor.units import dbfs_to_power, mean_power, seconds_to_len

LEVELS_DBFS = (-55.0, -25.0)
"""RMS level of a background, evenly spread."""
OVER_DB = (-5.0, 15.0)
"""Level of speech or music over the background's, evenly spread."""
MAX_OVERLAYS = 3
"""Each stream has 0 to this many pieces of speech or music."""
OVERLAY_S = (3.0, 15.0)
"""How long they last, as far as the clip does."""
FADE_S = 0.25


def build_negatives(
    corpus: Corpus,
    spec: StreamSpec,
    hours: float,
    subset: Callable[[str], bool] | None = None,
) -> Iterator[Stream]:
    """Yield streams of `spec.length_s` seconds, at least `hours` together, always the same ones.

    Raises
    ------
    ConfigError
        There is no background of sufficient length.
    """
    usable = [
        clip for clip in corpus.clips if is_usable(clip, spec) and (subset is None or subset(clip.group))
    ]
    backgrounds = _by_group([clip for clip in usable if clip.kind == "background"])
    backgrounds = {name: own for name, own in backgrounds.items() if corpus.lasts(own, spec.min_background_s)}
    if not backgrounds:
        raise ConfigError(
            f"There is no background of {spec.min_background_s:g} s or more in folds "
            f"{', '.join(map(str, spec.folds))} that holds no listed class; --backgrounds takes others."
        )
    over = _by_group(
        [
            clip
            for clip in usable
            if clip.kind in {"speech", "music"} and not set(clip.held) & set(spec.classes)
        ]
    )
    sampler = EvenSampler(spec.seed)
    length = seconds_to_len(spec.length_s, spec.sample_rate)
    for number in range(count_negatives(hours, spec.length_s)):
        recording = backgrounds[sampler.next("backgrounds", sorted(backgrounds))]
        bare = StreamPlan(f"negative_{number:03d}", spec.sample_rate, length, None, ())
        background = lay_background(bare, recording, corpus, sampler.rng)
        level_dbfs = float(sampler.rng.uniform(*LEVELS_DBFS))
        background = at_level(background, corpus, level_dbfs)
        overlays = _overlays(over, sampler, corpus, level_dbfs, background)
        plan = within_full_scale(replace(background, pieces=(*background.pieces, *overlays)), corpus)
        yield Stream(plan, render(plan, corpus))


def count_negatives(hours: float, length_s: float = LENGTH_S) -> int:
    """Return how many streams of `length_s` seconds make at least so many hours."""
    return math.ceil(round(hours * 3600.0 / length_s, 6))


def _overlays(
    over: dict[str, list[Clip]],
    sampler: EvenSampler,
    corpus: Corpus,
    level_dbfs: float,
    background: StreamPlan,
) -> list[Piece]:
    count = int(sampler.rng.integers(MAX_OVERLAYS + 1)) if over else 0
    return [
        _overlay(over[sampler.next("overlays", sorted(over))], sampler.rng, corpus, level_dbfs, background)
        for _ in range(count)
    ]


def _overlay(
    clips: Sequence[Clip], rng: np.random.Generator, corpus: Corpus, level_dbfs: float, background: StreamPlan
) -> Piece:
    """Return a part of a clip, somewhere in the stream, at its own level over the background."""
    clip = clips[int(rng.integers(len(clips)))]
    samples = load(corpus.find(clip.path), background.sample_rate)
    length = min(
        seconds_to_len(float(rng.uniform(*OVERLAY_S)), background.sample_rate),
        len(samples),
        background.length,
    )
    start = int(rng.integers(len(samples) - length + 1))
    wanted = dbfs_to_power(level_dbfs + float(rng.uniform(*OVER_DB)))
    fade = min(seconds_to_len(FADE_S, background.sample_rate), length // 2)
    return Piece(
        role="overlay",
        label=clip.label,
        path=clip.path,
        start=start,
        length=length,
        at=int(rng.integers(background.length - length + 1)),
        gain=math.sqrt(wanted / max(mean_power(samples[start : start + length]), 1e-9)),
        fade_in=fade,
        fade_out=fade,
        group=clip.group,
    )


def _by_group(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    found: dict[str, list[Clip]] = {}
    for clip in sorted(clips, key=lambda clip: clip.path):
        found.setdefault(clip.group, []).append(clip)
    return found
