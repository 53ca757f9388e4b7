"""Reproducible streams: real backgrounds with real sounds mixed in at known times and a known SNR.

A stream is planned first and rendered from its plan (`plans.py`). The choice of clips, times and backgrounds
depends on the seed only: the same list at another SNR differs in gains alone, and a longer list begins with
the shorter one.

**SNR** is the RMS level of the active steps of a sound (20 ms steps within `ACTIVE_DB` of its loudest) over
the RMS level of the whole background of its stream, both unweighted, broadband, in dB.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.corpus.clips import Clip, active_span, load
from monitor.corpus.layouts import Corpus
from monitor.errors import ConfigError
from monitor.evaluation.synthesis.plans import Piece, StreamPlan, render
from monitor.evaluation.synthesis.stream_backgrounds import (
    EvenSampler,
    at_level,
    lay_background,
    within_full_scale,
)
from monitor.units import dbfs_to_power, seconds_to_len

ACTIVE_DB = 20.0
"""Steps of a sound this far below its loudest are pauses: they neither count for its level nor bound it."""
BACKGROUND_DBFS = -40.0
"""RMS level of every background."""
FADE_S = 0.01
"""Fade at both ends of a sound."""
LENGTH_S = 60.0
"""How long a stream is, unless said otherwise."""
TAIL_S = 2.0
"""No sound in the last so many seconds: a detection has time to come."""
_Groups = dict[str, dict[str, list[Clip]]]
"""Clips by label, then by recording."""


class StreamSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What streams to build."""

    classes: tuple[str, ...]
    """The sounds to find, as the data calls them."""
    folds: tuple[int, ...]
    n_streams: int
    snr_db: float
    seed: int = 0
    sample_rate: int = 16_000
    """Hz."""
    length_s: float = LENGTH_S
    max_events: int = 2
    """Each stream has 1 to this many sounds of `classes`."""
    distractors: int = 1
    """Other sounds per stream, at the same SNR, that must not be reported as one of `classes`."""
    quiet_s: float = 8.0
    """No sound in the first so many seconds: the monitor learns the background."""
    apart_s: float = 6.0
    """From the end of one sound to the begin of the next, at least."""
    max_sound_s: float = 6.0
    """Longer sounds are cut."""
    min_background_s: float = 10.0
    """Recordings of a background shorter than this are not used."""
    unused: tuple[str, ...] = ()
    """Labels used for nothing, such as classes that are listened for and must not sound."""
    related: tuple[str, ...] = ()
    """Labels that may hold a sound of `classes` under another name; used where one is named beside them."""


class Stream(msgspec.Struct, frozen=True):
    """A mixture and how it was made."""

    plan: StreamPlan
    samples: NDArray[np.float32]
    """float32 (n,), full scale +-1.0, read-only."""


def build_streams(
    corpus: Corpus, spec: StreamSpec, subset: Callable[[str], bool] | None = None
) -> Iterator[Stream]:
    """Yield the streams of `spec`, one at a time; the same arguments give the same samples.

    Parameters
    ----------
    corpus
        All of it; `spec` says what is taken from it.
    subset
        Takes the name of a group (a recording); only groups for which it is true are used.

    Raises
    ------
    ConfigError
        A class or the backgrounds have no usable clip there, or the sounds do not fit into the length.
    """
    _check_fits(spec)
    usable = [
        clip for clip in corpus.clips if is_usable(clip, spec) and (subset is None or subset(clip.group))
    ]
    choice = _Choice(replace(corpus, clips=usable), spec)
    for number in range(spec.n_streams):
        plan = _plan(f"stream_{number:03d}", choice, spec)
        yield Stream(plan, render(plan, corpus))


class _Choice:
    """Random choice that uses everything once before anything twice: labels, then recordings, then clips."""

    def __init__(self, corpus: Corpus, spec: StreamSpec) -> None:
        self.corpus = corpus
        self._sampler = EvenSampler(spec.seed)
        self.rng = self._sampler.rng
        self._sounds: _Groups = {}
        backgrounds: _Groups = {}
        for clip in corpus.clips:
            kind = backgrounds if clip.kind == "background" else self._sounds
            for label in _heard_as(clip, spec.classes):
                kind.setdefault(label, {}).setdefault(clip.group, []).append(clip)
        self._backgrounds = _long_enough(backgrounds, corpus, spec.min_background_s)
        self._classes = list(dict.fromkeys(spec.classes))
        self._others = sorted(set(self._sounds) - set(spec.classes))
        self._refuse_missing(spec)

    def background(self) -> list[Clip]:
        """Return the clips of the next recording of the next kind of background."""
        label = self._sampler.next("backgrounds", sorted(self._backgrounds))
        groups = self._backgrounds[label]
        group = self._sampler.next(f"background {label}", sorted(groups))
        return sorted(groups[group], key=lambda clip: clip.path)

    def event(self) -> Clip:
        """Return a clip of the next class, labelled with it."""
        return self._clip(self._sampler.next("classes", self._classes))

    def distractor(self) -> Clip:
        """Return a clip of the next other label."""
        return self._clip(self._sampler.next("others", self._others))

    def _clip(self, label: str) -> Clip:
        groups = self._sounds[label]
        group = groups[self._sampler.next(f"sound {label}", sorted(groups))]
        return replace(group[int(self.rng.integers(len(group)))], label=label)

    def _refuse_missing(self, spec: StreamSpec) -> None:
        where = f"in folds {', '.join(map(str, spec.folds))}"
        for label in spec.classes:
            if label not in self._sounds:
                known = ", ".join(sorted(self._sounds)) or "none"
                raise ConfigError(f"There is no usable clip of {label!r} {where}; there are: {known}.")
        if not self._backgrounds:
            raise ConfigError(
                f"There is no background of {spec.min_background_s:g} s or more {where}; "
                "--backgrounds takes others."
            )
        if spec.distractors and not self._others:
            raise ConfigError(f"There is no clip of another class {where}; set distractors to 0.")


def _long_enough(backgrounds: _Groups, corpus: Corpus, min_s: float) -> _Groups:
    """Return the recordings of at least `min_s` seconds, their clips together."""
    kept = {
        label: {name: clips for name, clips in groups.items() if corpus.lasts(clips, min_s)}
        for label, groups in backgrounds.items()
    }
    return {label: groups for label, groups in kept.items() if groups}


def _heard_as(clip: Clip, classes: Sequence[str]) -> Sequence[str]:
    """Return the class it is heard as, or its label where it holds none; nothing where it holds several."""
    listed = [name for name in clip.held if name in classes]
    if listed:
        return listed if len(listed) == 1 else ()
    return (clip.label,)


def is_usable(clip: Clip, spec: StreamSpec) -> bool:
    """Say whether a clip may be heard in the streams of `spec`."""
    held = set(clip.held)
    if not clip.is_in(spec.folds) or not clip.is_audible or held & set(spec.unused):
        return False
    if held & set(spec.classes):
        return clip.kind != "background"  # the sound would be there without a reference
    return not held & set(spec.related)


def _check_fits(spec: StreamSpec) -> None:
    count = spec.max_events + spec.distractors
    needed_s = spec.quiet_s + count * spec.max_sound_s + (count - 1) * spec.apart_s + TAIL_S
    if spec.max_events < 1 or needed_s > spec.length_s:
        raise ConfigError(
            f"{count} sounds of up to {spec.max_sound_s:g} s, {spec.apart_s:g} s apart, need {needed_s:g} s; "
            f"a stream has {spec.length_s:g} s. Take fewer or shorter sounds (at least one event)."
        )


def _plan(name: str, choice: _Choice, spec: StreamSpec) -> StreamPlan:
    """Return the plan of the next stream: background, then sounds, then a common gain against clipping."""
    length = seconds_to_len(spec.length_s, spec.sample_rate)
    bare = StreamPlan(name, spec.sample_rate, length, spec.snr_db, ())
    background = lay_background(bare, choice.background(), choice.corpus, choice.rng)
    background = at_level(background, choice.corpus, BACKGROUND_DBFS)
    return within_full_scale(
        replace(background, pieces=(*background.pieces, *_sounds(choice, spec))), choice.corpus
    )


def _sounds(choice: _Choice, spec: StreamSpec) -> list[Piece]:
    """Return the events and distractors of one stream, in random order at random times."""
    rng = choice.rng
    chosen = [("event", choice.event()) for _ in range(int(rng.integers(1, spec.max_events + 1)))]
    chosen += [("distractor", choice.distractor()) for _ in range(spec.distractors)]
    pieces = [
        _sound(role, clip, choice.corpus, spec)
        for role, clip in (chosen[i] for i in rng.permutation(len(chosen)))
    ]
    quiet, apart, end = (
        seconds_to_len(seconds, spec.sample_rate)
        for seconds in (spec.quiet_s, spec.apart_s, spec.length_s - TAIL_S)
    )
    slack = end - quiet - sum(piece.length for piece in pieces) - apart * (len(pieces) - 1)
    placed = []
    at = quiet
    for piece, pause in zip(pieces, np.sort(rng.integers(0, slack + 1, len(pieces))), strict=True):
        placed.append(replace(piece, at=at + int(pause)))
        at += piece.length + apart
    return placed


def _sound(role: str, clip: Clip, corpus: Corpus, spec: StreamSpec) -> Piece:
    """Return the audible part of a clip at the SNR of `spec`, not yet placed."""
    samples = load(corpus.find(clip.path), spec.sample_rate)
    span = active_span(samples, spec.sample_rate, ACTIVE_DB, spec.max_sound_s)
    power = dbfs_to_power(BACKGROUND_DBFS + spec.snr_db)
    fade = seconds_to_len(FADE_S, spec.sample_rate)
    gain = math.sqrt(power / max(span.power, 1e-12))
    length = span.stop - span.start
    return Piece(
        role=role,
        label=clip.label,
        path=clip.path,
        start=span.start,
        length=length,
        at=0,
        gain=gain,
        fade_in=min(fade, length),
        fade_out=min(fade, length),
        group=clip.group,
    )
