"""Mixtures of single sounds: the same for everyone, at the SNR they state."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from monitor.corpus.clips import Clip
from monitor.corpus.layouts import Corpus
from monitor.errors import ConfigError
from monitor.evaluation.synthesis.mixtures import (
    CLEAN_DB,
    Mixture,
    loudest_window,
    mix,
    plan_mixtures,
    refuse_missing_backgrounds,
    windows_at,
)
from monitor.evaluation.synthesis.plans import read_plans, write_plans
from monitor.units import mean_power
from tests.evaluation.corpus import RATE, TONES_HZ, write_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def clips(corpus: Corpus) -> list[Clip]:
    return corpus.clips


@pytest.fixture(scope="module")
def mixtures(clips: list[Clip]) -> list[Mixture]:
    return plan_mixtures(clips, (4,), min_clips=2, seed=0)


def test_every_usable_event_of_the_folds_is_heard_once(mixtures: list[Mixture]) -> None:
    assert sorted(one.event for one in mixtures) == sorted(
        f"{label}{take}_fold4.wav" for label in TONES_HZ for take in range(2)
    )
    assert {one.background_label for one in mixtures} == {"street"}


def test_the_list_depends_on_index_and_seed_alone(clips: list[Clip], mixtures: list[Mixture]) -> None:
    assert plan_mixtures(clips[::-1], (4,), min_clips=2, seed=0) == mixtures
    assert plan_mixtures(clips, (4,), min_clips=2, seed=1) != mixtures


def test_fewer_classes_are_heard_in_the_same_backgrounds(clips: list[Clip], mixtures: list[Mixture]) -> None:
    fewer = [clip for clip in clips if clip.label != "crow"]

    assert plan_mixtures(fewer, (4,), 2, 0) == [one for one in mixtures if one.label != "crow"]


def test_an_event_is_never_mixed_with_its_own_kind_or_recording(clips: list[Clip]) -> None:
    named = [
        Clip(
            c.path,
            "siren" if c.group == "street0_4" else c.label,
            c.kind,
            c.fold,
            c.group,
            c.duration_s,
            c.rms_db,
        )
        for c in clips
    ]

    for one in plan_mixtures(named, (4,), 2, 0):
        assert one.label != one.background_label
        assert one.event_group != one.background_group


def test_only_the_groups_asked_for_are_used(clips: list[Clip]) -> None:
    chosen = plan_mixtures(clips, (4,), 1, 0, subset=lambda group: "0" in group)

    assert {one.event for one in chosen} == {f"{label}0_fold4.wav" for label in TONES_HZ}
    assert {one.background_group for one in chosen} == {"street0_4"}


def test_classes_of_too_few_clips_are_refused(clips: list[Clip]) -> None:
    with pytest.raises(ConfigError, match="No class of events has 3 usable clips in folds 4; lower --min"):
        plan_mixtures(clips, (4,), 3, 0)


def test_without_backgrounds_the_same_events_are_heard_clean(
    corpus: Corpus, clips: list[Clip], mixtures: list[Mixture]
) -> None:
    bare = plan_mixtures([clip for clip in clips if clip.kind != "background"], (4,), 2, 0)

    assert [one.event for one in bare] == [one.event for one in mixtures]
    assert {(one.background, one.background_label, one.background_group) for one in bare} == {("", "", "")}
    for one, other in zip(bare, mixtures, strict=True):
        clean, same = (windows_at(of, corpus, (CLEAN_DB,), RATE, RATE) for of in (one, other))
        assert np.array_equal(clean, same)
    with pytest.raises(ConfigError, match="Cannot read the sound file"):
        windows_at(bare[0], corpus, (CLEAN_DB, 0.0), RATE, RATE)


def test_a_missing_background_is_refused_where_one_is_needed(
    clips: list[Clip], mixtures: list[Mixture]
) -> None:
    bare = plan_mixtures([clip for clip in clips if clip.kind != "background"], (4,), 2, 0)

    refuse_missing_backgrounds(bare, (CLEAN_DB,))
    refuse_missing_backgrounds(mixtures, (CLEAN_DB, 0.0), ["auto"])
    with pytest.raises(
        ConfigError, match="no usable background in what is heard, and --snr -5 needs one; --back"
    ):
        refuse_missing_backgrounds(bare, (CLEAN_DB, -5.0), ["auto"])
    with pytest.raises(ConfigError, match="and the method 'auto' needs one; --backgrounds takes others"):
        refuse_missing_backgrounds(bare, (CLEAN_DB,), ["auto", "audio-background"])


def test_an_event_with_only_its_own_kind_around_has_no_background(clips: list[Clip]) -> None:
    crows = [replace(clip, label="crow") if clip.kind == "background" else clip for clip in clips]
    found = plan_mixtures(crows, (4,), 2, 0)

    assert {one.label for one in found if not one.background} == {"crow"}
    assert {one.label for one in found if one.background} == {"siren", "dog_bark"}
    with pytest.raises(
        ConfigError, match="no usable background of another kind than 'crow' in what is heard"
    ):
        refuse_missing_backgrounds(found, (0.0,))


@pytest.mark.parametrize("snr_db", [20.0, 3.0, -5.0])
def test_the_ratio_of_mean_powers_is_the_snr(snr_db: float) -> None:
    rng = np.random.default_rng(0)
    event, background = (0.05 * rng.standard_normal((2, 4000))).astype(np.float32)

    noise = mix(event, background, snr_db) - event

    assert 10 * np.log10(mean_power(event) / mean_power(noise)) == pytest.approx(snr_db, abs=0.01)


def test_a_mixture_that_would_clip_is_scaled_as_a_whole() -> None:
    event = np.full(100, 0.9, np.float32)

    mixture = mix(event, np.full(100, 0.1, np.float32), 0.0)

    assert np.abs(mixture).max() == pytest.approx(1.0)


def test_the_loudest_window_is_taken_and_a_short_clip_lies_amid_silence() -> None:
    samples = np.zeros(1000, np.float32)
    samples[600:700] = 1.0

    assert loudest_window(samples, 200, 50).sum() == 100.0
    assert loudest_window(samples[600:700], 200, 50).tolist() == [0.0] * 50 + [1.0] * 100 + [0.0] * 50


def test_a_mixture_is_the_same_sound_for_models_of_other_rates(
    corpus: Corpus, mixtures: list[Mixture]
) -> None:
    fast = windows_at(mixtures[0], corpus, (CLEAN_DB, 0.0), RATE, RATE)
    slow = windows_at(mixtures[0], corpus, (CLEAN_DB, 0.0), RATE // 2, RATE // 2)

    assert fast.shape == (2, RATE)
    assert slow.shape == (2, RATE // 2)
    inner = slice(200, -200)
    assert np.abs(fast[0, ::2] - slow[0])[inner].max() < 1e-3
    spectra = [np.abs(np.fft.rfft(one[1]))[50:3000] * (RATE / len(one[1])) for one in (fast, slow)]
    assert np.linalg.norm(spectra[0] - spectra[1]) < 0.1 * np.linalg.norm(spectra[0])


def test_a_background_shorter_than_the_window_is_repeated(corpus: Corpus, mixtures: list[Mixture]) -> None:
    long = windows_at(mixtures[0], corpus, (0.0,), RATE, 15 * RATE)

    tenths = np.square(long[0]).reshape(-1, RATE // 10)
    assert np.all(tenths.mean(axis=1) > 0.0)


def test_a_written_list_is_read_again_and_another_file_refused(
    tmp_path: Path, mixtures: list[Mixture]
) -> None:
    path = tmp_path / "mixtures.jsonl"
    write_plans(path, mixtures)

    assert read_plans(path, Mixture) == mixtures
    path.write_text("")
    with pytest.raises(ConfigError, match="no plan in"):
        read_plans(path, Mixture)
