"""Mixtures of which both the clean sound and the room are known: what a network for rooms learns from.

A room is a recording that goes on: a background, or any other long one. Sounds and rooms are training
recordings of `index.csv`; a trial on the validation recordings tells what was learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from corpus import is_validation
from numpy.typing import NDArray
from tqdm import tqdm

from monitor.encoders import Encoder
from monitor.evaluation.clips import Clip, load, read_index
from monitor.evaluation.hearing import Ears
from monitor.evaluation.layouts import read_data
from monitor.evaluation.material import Wanted, gather
from monitor.evaluation.mixtures import CLEAN_DB, loudest_window, mix, plan_mixtures
from monitor.scoring.prompts import name_to_words
from monitor.units import mean_power, unit_norm

Floats = NDArray[np.float32]

FOLDS = (1, 2, 3)
SNRS_DB = (-8.0, 22.0)
"""Range the ratios of the lessons are drawn from."""
TRIAL_SNRS_DB = (CLEAN_DB, 20.0, 10.0, 6.0, 3.0, 0.0, -5.0)
MIXTURES_PER_SOUND = 4
MOST_WINDOWS = 20
"""Of one recording, as a room."""
MOST_HEARD = 8
"""Other windows that tell of a room; often it is fewer, as when listening has just begun."""
LONG_S = 6.0
"""A recording of this length can be a room, whatever it is of."""
BACKGROUND_SHARE = 0.75
"""Of the mixtures are in recordings of backgrounds."""
SILENT_POWER = 1e-7


@dataclass(frozen=True)
class Lessons:
    """Embeddings of n mixtures, float32 (n, d)."""

    heard: Floats
    """Unit norm."""
    rooms: Floats
    """Means, not scaled, of other windows of each mixture's room."""
    clean: Floats
    """What the sound is without the room, unit norm."""


@dataclass(frozen=True)
class Trial:
    """Validation events in validation backgrounds, as `monitor eval noise` mixes them."""

    heard: Floats
    """float32 (n_snrs, n, d), at TRIAL_SNRS_DB."""
    rooms: Floats
    """float32 (n, d), means of five other windows."""
    words: Floats
    """The classes, float32 (k, d)."""
    truth: NDArray[np.int64]
    """(n,), indices into `words`."""
    groups: int
    """Recordings the n events were cut from."""

    def top1(self, points: Floats) -> float:
        """Return how many of n points are nearest to the right class, in percent."""
        return float(100 * ((points @ self.words.T).argmax(axis=1) == self.truth).mean())


@dataclass(frozen=True)
class Room:
    """Windows of one recording and their embeddings (k, d)."""

    group: str
    is_background: bool
    windows: NDArray[np.float16]
    points: Floats

    def without(self, window: int, rng: np.random.Generator) -> Floats:
        """Return the mean embedding of one to `MOST_HEARD` other windows."""
        others = np.delete(np.arange(len(self.points)), window)
        return self.points[rng.permutation(others)[: rng.integers(1, MOST_HEARD + 1)]].mean(axis=0)


def make_lessons(encoder: Encoder, data: Path, count: int, seed: int) -> Lessons:
    """Mix training sounds into training rooms and let a model hear them."""
    clips = [
        clip
        for clip in read_index(data / "index.csv")
        if clip.is_in(FOLDS) and clip.is_audible and not is_validation(clip.group)
    ]
    rng = np.random.default_rng(seed)
    rooms = hear_rooms(encoder, clips, data)
    print(f"{len(rooms)} rooms, {sum(room.is_background for room in rooms)} of them backgrounds")
    sounds = draw_sounds([clip for clip in clips if clip.kind != "background"], count, rng)
    found: list[Lessons] = []
    for clip in tqdm(sounds, desc="mix and embed", unit="sound"):
        sound = cut(load(data / clip.path, encoder.sample_rate), encoder.window_len, rng)
        found.append(teach(encoder, sound, [room for room in rooms if room.group != clip.group], rng))
    return join(found)


def hear_rooms(encoder: Encoder, clips: Sequence[Clip], data: Path) -> list[Room]:
    """Return every recording that can be a room: two windows or more that are not silent."""
    recordings: dict[str, list[Clip]] = {}
    for clip in sorted(clips, key=lambda clip: clip.path):
        if clip.kind == "background" or (clip.duration_s or 0) >= LONG_S:
            recordings.setdefault(clip.group, []).append(clip)
    rooms = []
    for group, parts in tqdm(recordings.items(), desc="rooms", unit="recording"):
        windows = [
            window
            for clip in parts
            for window in split(load(data / clip.path, encoder.sample_rate), encoder.window_len)
        ][:MOST_WINDOWS]
        if len(windows) >= 2:
            points = np.concatenate([encoder.embed_audio(window[np.newaxis]) for window in windows])
            is_background = any(clip.kind == "background" for clip in parts)
            rooms.append(Room(group, is_background, np.stack(windows).astype(np.float16), points))
    return rooms


def split(samples: Floats, length: int) -> list[Floats]:
    """Cut a recording into windows, less those that are silent; a shorter one is repeated."""
    if len(samples) < length:
        samples = np.resize(samples, length)
    parts = samples[: len(samples) // length * length].reshape(-1, length)
    return [part for part in parts if mean_power(part) > SILENT_POWER]


def draw_sounds(clips: Sequence[Clip], count: int, rng: np.random.Generator) -> list[Clip]:
    """Draw sounds for `count` mixtures, half of them with every label alike; each file's come together."""
    by_label: dict[str, list[Clip]] = {}
    for clip in clips:
        by_label.setdefault(clip.label, []).append(clip)
    labels = sorted(by_label)
    drawn = []
    for number in range(-(-count // MIXTURES_PER_SOUND)):
        among = by_label[labels[int(rng.integers(len(labels)))]] if number % 2 else clips
        drawn.append(among[int(rng.integers(len(among)))])
    return sorted(drawn, key=lambda clip: clip.path)


def cut(samples: Floats, length: int, rng: np.random.Generator) -> Floats:
    """Cut the loudest window, or any that is not much fainter; a short sound comes early or late in it."""
    loudest = loudest_window(samples, length, length // 20)
    if rng.random() < 0.5:
        return loudest
    if len(samples) <= length:
        spare = (length - len(samples)) // 2
        return np.roll(loudest, rng.integers(-spare, spare + 1))
    start = int(rng.integers(len(samples) - length + 1))
    other = samples[start : start + length]
    return other if mean_power(other) > 0.1 * mean_power(loudest) else loudest


def teach(encoder: Encoder, sound: Floats, rooms: Sequence[Room], rng: np.random.Generator) -> Lessons:
    """Mix one sound into several rooms and embed it, clean and mixed."""
    windows, means = [sound], []
    for _ in range(MIXTURES_PER_SOUND):
        wanted = rng.random() < BACKGROUND_SHARE
        among = [room for room in rooms if room.is_background == wanted] or rooms
        room = among[int(rng.integers(len(among)))]
        at = int(rng.integers(len(room.windows)))
        windows.append(mix(sound, room.windows[at].astype(np.float32), float(rng.uniform(*SNRS_DB))))
        means.append(room.without(at, rng))
    points = encoder.embed_audio(np.stack(windows))
    return Lessons(points[1:], np.stack(means), np.repeat(points[:1], MIXTURES_PER_SOUND, axis=0))


def join(parts: Sequence[Lessons]) -> Lessons:
    """Put lessons one after another."""
    rows = zip(*(asdict(part).values() for part in parts), strict=True)
    return Lessons(*(np.concatenate(row) for row in rows))


def kept_lessons(path: Path, encoder: Encoder, data: Path, count: int, seed: int) -> Lessons:
    """Return the lessons in a file, or make them and write it."""
    if not path.exists():
        np.savez(path, **asdict(make_lessons(encoder, data, count, seed)))
    stored = np.load(path)
    return Lessons(*(stored[name] for name in Lessons.__dataclass_fields__))


def make_trial(encoder: Encoder, data: Path, keep: Path) -> Trial:
    """Let a model hear the validation mixtures; embeddings are kept in `keep`."""
    corpus = read_data(data)
    mixtures = plan_mixtures(corpus.clips, FOLDS, min_clips=4, seed=0, subset=is_validation)
    material = gather(Ears(encoder, keep), corpus, Wanted(mixtures, TRIAL_SNRS_DB, pool=(), seed=0))
    classes = sorted({one.label for one in mixtures})
    return Trial(
        heard=material.windows,
        rooms=material.rooms.mean(axis=1),
        words=embed_words(encoder, [name_to_words(name) for name in classes]),
        truth=np.array([classes.index(one.label) for one in mixtures]),
        groups=len({one.event_group for one in mixtures}),
    )


def embed_words(encoder: Encoder, words: Sequence[str]) -> Floats:
    """Embed words in the model's own prompt, float32 (n, d)."""
    return encoder.embed_text([encoder.template.replace("{}", word) for word in words])


def project_off(points: Floats, rooms: Floats) -> Floats:
    """Return points less their share in the direction of the room: what is done without a network."""
    directions = unit_norm(rooms)
    shares = (points * directions).sum(axis=1, keepdims=True)
    return np.asarray(points - shares * directions, np.float32)
