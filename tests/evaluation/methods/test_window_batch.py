"""What the methods work on: mixtures, backgrounds and a pool that is not tested on."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from monitor.corpus.layouts import Corpus
from monitor.errors import ConfigError
from monitor.evaluation.methods.embedding_store import EmbeddingStore
from monitor.evaluation.methods.window_batch import MethodInput, Wanted, choose_pool, gather
from monitor.evaluation.synthesis.mixtures import CLEAN_DB, Mixture, plan_mixtures, windows_at
from monitor.evaluation.synthesis.other_windows import BACKGROUND_WINDOWS
from tests.evaluation.corpus import TONES_HZ, write_corpus
from tests.evaluation.methods.test_embedding_store import Counting
from tests.fakes import FakeEncoder

SNRS_DB = (CLEAN_DB, 0.0)
NOISE = len(TONES_HZ)
"""Axis of the fake encoder for all that is no tone."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def mixtures(corpus: Corpus) -> list[Mixture]:
    return plan_mixtures(corpus.clips, (4,), min_clips=2, seed=0)


def wanted(corpus: Corpus, mixtures: list[Mixture]) -> Wanted:
    return Wanted(mixtures, SNRS_DB, choose_pool(corpus, (), mixtures), seed=0)


@pytest.fixture(scope="module")
def given(corpus: Corpus, mixtures: list[Mixture]) -> MethodInput:
    return gather(EmbeddingStore(FakeEncoder(TONES_HZ), None), corpus, wanted(corpus, mixtures))


def test_a_mixture_is_heard_at_every_snr_as_it_would_be_alone(
    corpus: Corpus, mixtures: list[Mixture], given: MethodInput
) -> None:
    encoder = FakeEncoder(TONES_HZ)

    assert given.windows.shape == (2, len(mixtures), encoder.dim)
    for at, one in enumerate(mixtures):
        windows = windows_at(one, corpus, SNRS_DB, encoder.sample_rate, encoder.window_len)
        assert np.abs(given.windows[:, at] - encoder.embed_audio(windows)).max() < 1e-6


def test_backgrounds_sound_like_the_background_and_the_pool_like_its_clips(given: MethodInput) -> None:
    assert given.backgrounds.shape[1] == BACKGROUND_WINDOWS
    assert (given.backgrounds.argmax(axis=2) == NOISE).all()
    assert given.overlapping == 0
    for heard, labels in zip(given.pool.argmax(axis=1), given.pool_labels, strict=True):
        assert labels == ([*TONES_HZ, "street"][heard],)
    assert len(given.pool) == 9


def test_a_mixture_without_a_background_has_no_background(corpus: Corpus, mixtures: list[Mixture]) -> None:
    bare = [replace(one, background="", background_label="", background_group="") for one in mixtures[:2]]
    clean = Wanted([*bare, *mixtures[2:]], (CLEAN_DB,), (), seed=0)
    store = EmbeddingStore(FakeEncoder(TONES_HZ), None)

    found, usual = gather(store, corpus, clean), gather(store, corpus, replace(clean, mixtures=mixtures))

    assert not found.backgrounds[:2].any()
    assert np.array_equal(found.backgrounds[2:], usual.backgrounds[2:])
    assert np.array_equal(found.windows, usual.windows)
    assert not gather(store, corpus, replace(clean, mixtures=bare)).backgrounds.any()


def test_the_order_of_the_list_changes_nothing(
    corpus: Corpus, mixtures: list[Mixture], given: MethodInput
) -> None:
    turned = gather(EmbeddingStore(FakeEncoder(TONES_HZ), None), corpus, wanted(corpus, mixtures[::-1]))

    assert (turned.windows[:, ::-1] == given.windows).all()
    assert (turned.backgrounds[::-1] == given.backgrounds).all()


def test_a_second_time_nothing_is_heard_but_what_changed(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path)
    mixtures = plan_mixtures(corpus.clips, (4,), min_clips=2, seed=0)
    asked = wanted(corpus, mixtures)
    encoder = Counting()
    store = EmbeddingStore(encoder, tmp_path / "kept.sqlite3")
    first = gather(store, corpus, asked)
    count = sum(encoder.sizes)
    again = gather(store, corpus, asked)
    assert sum(encoder.sizes) == count
    assert (again.windows == first.windows).all()

    gather(store, corpus, replace(asked, snrs_db=(CLEAN_DB, 0.0, 10.0)))
    assert sum(encoder.sizes) == count + len(mixtures)

    os.utime(corpus.find(mixtures[0].event), (1.0, 1.0))
    gather(store, corpus, asked)
    assert sum(encoder.sizes) == count + len(mixtures) + len(SNRS_DB)


def test_the_pool_is_of_the_folds_that_are_not_tested_on(corpus: Corpus, mixtures: list[Mixture]) -> None:
    assert {clip.fold for clip in choose_pool(corpus, (), mixtures)} == {3}
    assert all(clip.is_audible for clip in choose_pool(corpus, (3,), mixtures))


def test_a_pool_that_is_tested_on_is_refused(corpus: Corpus, mixtures: list[Mixture]) -> None:
    with pytest.raises(ConfigError, match="fold 4, which is tested on: that would be tuning on what is rep"):
        choose_pool(corpus, (3, 4), mixtures)


def test_an_empty_pool_is_refused(corpus: Corpus, mixtures: list[Mixture]) -> None:
    with pytest.raises(ConfigError, match="no usable clip for the pool in folds 7; name other --pool-folds"):
        choose_pool(corpus, (7,), mixtures)
    alone = replace(corpus, clips=[clip for clip in corpus.clips if clip.fold == 4])
    with pytest.raises(ConfigError, match="in any other fold"):
        choose_pool(alone, (), mixtures)


def test_of_a_part_of_a_fold_the_rest_is_the_pool(corpus: Corpus) -> None:
    def subset(group: str) -> bool:
        return "0" in group

    mixtures = plan_mixtures(corpus.clips, (4,), 1, 0, subset)
    pool = choose_pool(corpus, (), mixtures, subset)

    assert {clip.fold for clip in pool} == {4}
    assert not any(subset(clip.group) for clip in pool)


def test_no_recording_of_a_mixture_is_in_the_pool(corpus: Corpus, mixtures: list[Mixture]) -> None:
    leaky = [
        replace(clip, group=mixtures[0].event_group) if clip.path == "siren0_fold3.wav" else clip
        for clip in corpus.clips
    ]

    assert "siren0_fold3.wav" not in [
        one.path for one in choose_pool(replace(corpus, clips=leaky), (), mixtures)
    ]


def test_a_clip_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path)
    mixtures = plan_mixtures(corpus.clips, (4,), min_clips=2, seed=0)
    corpus.find(mixtures[0].event).unlink()

    with pytest.raises(ConfigError, match="Cannot read the sound file"):
        gather(EmbeddingStore(FakeEncoder(TONES_HZ), None), corpus, wanted(corpus, mixtures))


def test_embeddings_are_float32_of_unit_length(given: MethodInput) -> None:
    for part in (given.windows, given.backgrounds, given.pool):
        assert part.dtype == np.float32
        assert np.linalg.norm(part, axis=-1) == pytest.approx(np.ones(part.shape[:-1]), abs=1e-5)
