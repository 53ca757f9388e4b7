"""What the methods work on: mixtures, backgrounds and a pool of unlabelled clips, embedded by a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.corpus.clips import Clip, load
from monitor.corpus.layouts import Corpus
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.evaluation.methods.embedding_store import EmbeddingStore, WindowBatch
from monitor.evaluation.synthesis.mixtures import (
    CLEAN_DB,
    HOP_LEN,
    MIX_RATE,
    VERSION,
    Mixture,
    loudest_window,
    part_from,
    windows_at,
)
from monitor.evaluation.synthesis.other_windows import BACKGROUND_WINDOWS, Background, Backgrounds, Part
from monitor.progress import progress


class MethodInput(msgspec.Struct, frozen=True):
    """Embeddings, unit norm."""

    windows: NDArray[np.float32]
    """The n mixtures at each SNR, float32 (n_snrs, n, d)."""
    backgrounds: NDArray[np.float32]
    """`BACKGROUND_WINDOWS` other windows of the background's recording, float32 (n, b, d); zeros where a
    mixture has no background.
    """
    pool: NDArray[np.float32]
    """The loudest window of each clip of the pool, float32 (m, d)."""
    pool_labels: tuple[tuple[str, ...], ...]
    """Classes each of them holds."""
    overlapping: int = 0
    """Backgrounds that overlap what is in the mixture, as the recording has nothing else."""


class Wanted(msgspec.Struct, frozen=True):
    """What is to be heard."""

    mixtures: Sequence[Mixture]
    snrs_db: Sequence[float]
    pool: Sequence[Clip]
    seed: int
    """Of the backgrounds."""
    around: bool = True
    """Whether other windows of the backgrounds are wanted."""


def choose_pool(
    corpus: Corpus,
    folds: Sequence[int],
    mixtures: Sequence[Mixture],
    subset: Callable[[str], bool] | None = None,
) -> list[Clip]:
    """Return the clips to learn from: all kinds, of those folds, none of a recording that is in a mixture.

    Parameters
    ----------
    folds
        Empty: all in which no event of a mixture lies and that are not kept to report on; with `subset` those
        in which one does.
    subset
        Takes the name of a group; those for which it is true are tested on and not learnt from.

    Raises
    ------
    ConfigError
        There is none, or it is of a fold that is tested on.
    """
    heard = _folds_of(corpus, mixtures)
    kept = () if subset is not None else corpus.reported
    others = [fold for fold in corpus.folds if (fold in heard) == (subset is not None) and fold not in kept]
    taken = folds or others
    both = sorted(heard.intersection(taken))
    if both and subset is None:
        raise ConfigError(
            f"The pool folds hold fold {', '.join(map(str, both))}, which is tested on: that would be tuning "
            "on what is reported; name other --pool-folds."
        )
    recordings = {one.event_group for one in mixtures} | {one.background_group for one in mixtures}
    found = [
        clip
        for clip in corpus.clips
        if clip.fold in taken
        and clip.is_audible
        and clip.group not in recordings
        and not (subset is not None and subset(clip.group))
    ]
    if not found:
        where = f"in folds {', '.join(map(str, taken))}" if taken else "in any other fold"
        raise ConfigError(f"There is no usable clip for the pool {where}; name other --pool-folds.")
    return sorted(found, key=lambda clip: clip.path)


def gather(store: EmbeddingStore, corpus: Corpus, wanted: Wanted) -> MethodInput:
    """Let a model hear everything that is wanted, or remember it."""
    encoder, mixtures, pool = store.encoder, wanted.mixtures, wanted.pool
    choice = Backgrounds(corpus, wanted.seed, encoder.window_len / encoder.sample_rate)
    batches = _Batches(encoder, corpus)
    by_background = sorted(range(len(mixtures)), key=lambda at: mixtures[at].background)  # decodes each once
    with_one = [at for at in by_background if wanted.around and mixtures[at].background]
    backgrounds = {at: choice.of(mixtures[at]) for at in with_one}
    around = np.zeros((len(mixtures), BACKGROUND_WINDOWS, encoder.dim), np.float32)
    with progress(f"{encoder.info.name}: embedding", len(mixtures) + len(backgrounds) + len(pool)) as advance:
        heard = store.embed([batches.mixture(mixtures[at], wanted.snrs_db) for at in by_background], advance)
        found = store.embed([batches.background(background) for background in backgrounds.values()], advance)
        learnt = store.embed([batches.clip(clip) for clip in pool], advance)
    around[list(backgrounds)] = found.reshape(len(backgrounds), BACKGROUND_WINDOWS, encoder.dim)
    windows = heard.reshape(len(mixtures), len(wanted.snrs_db), encoder.dim)[np.argsort(by_background)]
    return MethodInput(
        windows=np.ascontiguousarray(windows.swapaxes(0, 1)),
        backgrounds=around,
        pool=learnt,
        pool_labels=tuple(clip.held for clip in pool),
        overlapping=sum(not background.apart for background in backgrounds.values()),
    )


class _Batches:
    """Says how the windows of one model are made, and what they depend on."""

    def __init__(self, encoder: Encoder, corpus: Corpus) -> None:
        self._corpus = corpus
        self._rate = encoder.sample_rate
        self._window_len = encoder.window_len
        self._length = round(encoder.window_len * MIX_RATE / encoder.sample_rate)
        self._stamps: dict[str, str] = {}

    def mixture(self, mixture: Mixture, snrs_db: Sequence[float]) -> WindowBatch:
        """Return a mixture at each SNR."""
        event = self._stamp(mixture.event)
        background = f"{self._stamp(mixture.background)} {mixture.place}"

        def render(which: Sequence[int]) -> NDArray[np.float32]:
            asked = [snrs_db[at] for at in which]
            return windows_at(mixture, self._corpus, asked, self._rate, self._window_len)

        keys = (
            f"{VERSION} event {event}" + ("" if snr_db == CLEAN_DB else f" {snr_db} {background}")
            for snr_db in snrs_db
        )
        return WindowBatch(tuple(keys), render)

    def background(self, background: Background) -> WindowBatch:
        """Return the windows of a background."""

        def render(which: Sequence[int]) -> NDArray[np.float32]:
            return np.stack([self._part(background.parts[at]) for at in which])

        keys = (f"{VERSION} part {self._stamp(part.path)} {part.start_s}" for part in background.parts)
        return WindowBatch(tuple(keys), render)

    def clip(self, clip: Clip) -> WindowBatch:
        """Return the loudest window of a clip."""

        def render(which: Sequence[int]) -> NDArray[np.float32]:
            samples = loudest_window(load(self._corpus.find(clip.path), MIX_RATE), self._length, HOP_LEN)
            return np.stack([self._at_rate(samples) for _ in which])

        return WindowBatch((f"{VERSION} event {self._stamp(clip.path)}",), render)

    def _part(self, part: Part) -> NDArray[np.float32]:
        samples = load(self._corpus.find(part.path), MIX_RATE)
        return self._at_rate(part_from(samples, self._length, round(part.start_s * MIX_RATE)))

    def _at_rate(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        import soxr

        resampled = np.asarray(soxr.resample(samples, MIX_RATE, self._rate), np.float32)[: self._window_len]
        return np.pad(resampled, (0, self._window_len - len(resampled)))

    def _stamp(self, path: str) -> str:
        """Return a file and what tells that it was changed; one that is not there is an error when heard."""
        if path not in self._stamps:
            file = self._corpus.find(path).resolve()
            try:
                state = file.stat()
                self._stamps[path] = f"{file} {state.st_size} {state.st_mtime_ns}"
            except OSError:
                self._stamps[path] = str(file)
        return self._stamps[path]


def _folds_of(corpus: Corpus, mixtures: Sequence[Mixture]) -> set[int]:
    events = {one.event for one in mixtures}
    return {clip.fold for clip in corpus.clips if clip.fold is not None and clip.path in events}
