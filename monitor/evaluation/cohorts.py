"""Build the cohort of a model: ordinary sound, heard by it, from an index of clips or any recordings.

Of an index one half is what is ordinary, backgrounds, speech and music; the other half are events of every
kind, the alarms too, for each is a sound that some other word may be taken for. The more there is of a kind
the more is taken, by the root of it, and every recording before any is taken twice. Of recordings nobody
named, all parts are as good; then an hour of them is an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.config.limits import COHORT_SOUNDS
from monitor.corpus.clips import Clip, duration_of, load
from monitor.corpus.layouts import RECORDINGS, Corpus
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.names import as_words
from monitor.records import Cohort

MOST = 3000
"""Sounds of a cohort, unless told."""
NAMED_PER_HOUR = 2500.0
"""So many sounds of a cohort of labelled clips are as hard as an hour: on streams of recordings that it did
not hold false alarms then came within a factor of two of 5 and of 20 an hour (docs/eval/scale.md)."""
_FAINT = 1e-3
"""A window whose peak is below -60 dBFS holds nothing to hear."""


class CohortPlan(msgspec.Struct, frozen=True):
    """Which sounds are taken."""

    folds: tuple[int, ...]
    most: int = MOST
    sounds_per_hour: float | None = None
    """As `Cohort` has it; None: of labelled clips `NAMED_PER_HOUR`, of others as many as fill an hour."""
    seed: int = 0


def without_unreadable(corpus: Corpus, tell: Callable[[str], None]) -> Corpus:
    """Return a corpus with what is no sound left out of a folder of recordings, and told of.

    A table of clips is taken at its word: there a file that cannot be read is a fault.
    """
    if corpus.layout != RECORDINGS:
        return corpus
    clips = []
    for clip in corpus.clips:
        try:
            clips.append(replace(clip, duration_s=duration_of(corpus.find(clip.path))))
        except ConfigError:
            tell(f"{corpus.find(clip.path)} is no sound that can be read; it is left out.")
    return replace(corpus, clips=clips)


def most_windows(corpus: Corpus, encoder: Encoder) -> int:
    """Return how many windows of a model there are in a corpus; `MOST` where it says nothing of lengths."""
    window_s = encoder.window_len / encoder.sample_rate
    lengths = [clip.duration_s for clip in corpus.clips if clip.duration_s]
    return sum(max(1, int(one // window_s)) for one in lengths) if len(lengths) == len(corpus.clips) else MOST


class _Place(msgspec.Struct, frozen=True):
    """A window of a clip."""

    clip: Clip
    start: int
    """First sample; negative where a short clip lies amid silence."""


def build_cohort(
    encoder: Encoder,
    corpus: Corpus,
    plan: CohortPlan,
    subset: Callable[[str], bool] | None,
    advance: Callable[[], None],
) -> Cohort:
    """Hear ordinary sound with a model.

    Parameters
    ----------
    subset
        Takes the name of a recording's group; only groups for which it is true are used.
    advance
        Called once for each sound, at most `plan.most` times.

    Raises
    ------
    ConfigError
        There is too little sound.
    """
    window_s = encoder.window_len / encoder.sample_rate
    if most_windows(corpus, encoder) < COHORT_SOUNDS.low:
        minutes = sum(clip.duration_s or 0.0 for clip in corpus.clips) / 60.0
        raise ConfigError(
            f"These recordings last {minutes:.1f} minutes, and a cohort needs {COHORT_SOUNDS.low} windows of "
            f"{window_s:g} s, {COHORT_SOUNDS.low * window_s / 60.0:.0f} minutes; give more, best some hours "
            "of ordinary days."
        )
    rng = np.random.default_rng(plan.seed)
    folds = plan.folds or corpus.folds
    clips = [one for one in corpus.clips if one.is_in(folds) and one.is_audible]
    clips = [one for one in clips if subset is None or subset(one.group)]
    named = any(clip.kind == "event" for clip in corpus.clips)
    labels = tuple(sorted({clip.label for clip in clips})) if named else ()
    places = _places(clips, named, corpus, encoder, rng)
    vectors: list[NDArray[np.float32]] = []
    kinds: list[int] = []
    while chosen := list(islice(places, plan.most - len(vectors))):
        for place in sorted(chosen, key=lambda one: (one.clip.path, one.start)):  # each clip is read once
            window = _window(place, corpus, encoder)
            if np.abs(window).max() > _FAINT:
                vectors.append(encoder.embed_audio(window[np.newaxis])[0])
                kinds.append(labels.index(place.clip.label) if labels else -1)
                advance()
    if len(vectors) < COHORT_SOUNDS.low:
        raise ConfigError(
            f"There are {len(vectors)} windows with sound in these recordings, and a cohort needs "
            f"{COHORT_SOUNDS.low} or more; give longer recordings."
        )
    return Cohort(
        vectors=np.array(vectors, np.float32),
        kinds=tuple(as_words(label) for label in labels),
        kind_of=np.array(kinds, np.intp),
        sounds_per_hour=plan.sounds_per_hour or (NAMED_PER_HOUR if named else 3600.0 / window_s),
    )


def _places(
    clips: Sequence[Clip], named: bool, corpus: Corpus, encoder: Encoder, rng: np.random.Generator
) -> Iterator[_Place]:
    """Yield windows in an order of which any beginning is a fair choice."""
    by_label: dict[str, list[Clip]] = {}
    for clip in clips:
        by_label.setdefault(clip.label if named else "", []).append(clip)
    orders = {label: _order(own, corpus, encoder, rng) for label, own in sorted(by_label.items())}
    shares = _shares(by_label)
    taken = dict.fromkeys(orders, 0)
    while orders:
        label = min(orders, key=lambda one: (taken[one] + 1) / shares[one])
        place = next(orders[label], None)
        if place is None:
            del orders[label]
        else:
            taken[label] += 1
            yield place


def _shares(by_label: Mapping[str, Sequence[Clip]]) -> dict[str, float]:
    """Return how much is taken of each label: events, and what is ordinary, half of all each."""
    shares = {label: len(own) ** 0.5 for label, own in by_label.items()}
    ordinary = {label for label, own in by_label.items() if own[0].kind != "event"}
    for half in (ordinary, set(shares) - ordinary):
        whole = sum(shares[label] for label in half)
        shares |= {label: shares[label] / whole for label in half}
    return shares


def _order(
    clips: Sequence[Clip], corpus: Corpus, encoder: Encoder, rng: np.random.Generator
) -> Iterator[_Place]:
    """Yield every window of some clips once: one of each recording, then another of each."""
    by_group: dict[str, list[_Place]] = {}
    length, rate = encoder.window_len, encoder.sample_rate
    for clip in clips:
        samples = (
            round(clip.duration_s * rate) if clip.duration_s else len(load(corpus.find(clip.path), rate))
        )
        last = samples - length
        starts = [int(rng.integers(last, 1))] if last <= 0 else list(range(0, last + 1, length))
        by_group.setdefault(clip.group, []).extend(_Place(clip, start) for start in starts)
    rows = [[own[at] for at in rng.permutation(len(own))] for _, own in sorted(by_group.items())]
    for depth in range(max(map(len, rows))):
        yield from (rows[at][depth] for at in rng.permutation(len(rows)) if depth < len(rows[at]))


def _window(place: _Place, corpus: Corpus, encoder: Encoder) -> NDArray[np.float32]:
    """Return float32 (window_len,); what the clip does not fill is silence."""
    samples = load(corpus.find(place.clip.path), encoder.sample_rate)
    window = np.zeros(encoder.window_len, np.float32)
    part = samples[max(place.start, 0) :][: encoder.window_len - max(-place.start, 0)]
    window[max(-place.start, 0) :][: len(part)] = part
    return window
