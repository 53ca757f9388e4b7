"""The methods: what each of them must be, whatever the embeddings."""

from __future__ import annotations

from itertools import product
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.errors import ConfigError
from monitor.evaluation.methods.methods import (
    BackgroundKind,
    Method,
    Settings,
    Vectors,
    Words,
    parse_method,
    repetitions,
    score,
    text_guided,
)
from monitor.evaluation.methods.window_batch import MethodInput
from monitor.scoring.prototypes import drift_directions
from monitor.units import unit_norm

seeds = st.integers(0, 10_000)
NAMES = ("dog", "siren", "rain", "bell")
QUICK = ("text", "tgap", "few-shot", "class-means")
BACKGROUNDS = get_args(BackgroundKind)


def draw(seed: int, *shape: int) -> Vectors:
    return unit_norm(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def words_of(seed: int) -> Words:
    return Words(draw(seed, 4, 16), draw(seed + 1, 3, 16), draw(seed + 2, 4, 5, 16), NAMES)


def material_of(seed: int, mixtures: int = 6) -> MethodInput:
    labels = tuple((name,) for name in (*NAMES, "music") for _ in range(6))
    return MethodInput(
        windows=draw(seed + 3, 2, mixtures, 16),
        backgrounds=draw(seed + 4, mixtures, 3, 16),
        pool=draw(seed + 5, len(labels), 16),
        pool_labels=labels,
    )


def plain(given: MethodInput, words: Words) -> Vectors:
    return np.asarray(given.windows @ words.classes.T)


every_quick_method = st.builds(Method, st.sampled_from(QUICK), st.sampled_from(BACKGROUNDS), st.booleans())
every_setting = st.builds(Settings, k=st.integers(1, 40), shots=st.integers(1, 9))


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("zero-shot", Method()),
        ("drift", Method(drift=True)),
        ("tgap", Method("tgap")),
        ("audio-background", Method(background="audio")),
        ("tgap+text-background", Method("tgap", "text")),
        ("drift + auto + few-shot", Method("few-shot", "auto", drift=True)),
        ("mlp+auto", Method("mlp", "auto")),
    ],
)
def test_a_method_is_read_in_any_order(text: str, method: Method) -> None:
    assert parse_method(text) == method


@pytest.mark.parametrize(
    "text",
    [
        "",
        "magic",
        "zero-shot+drift",
        "tgap+mlp",
        "auto+audio-background",
        "drift+drift",
        "drift-scene",
        "tgap+tgap",
        "auto+",
        "text",
    ],
)
def test_what_is_no_method_is_answered_with_what_is(text: str) -> None:
    with pytest.raises(
        ConfigError, match=r"zero-shot.*tgap.*mlp.*text-background.*auto, and drift\."
    ) as refused:
        parse_method(text)

    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "background", "drift"), list(product((*QUICK, "mlp"), BACKGROUNDS, (False, True)))
)
def test_a_method_is_read_from_its_own_name(kind: str, background: str, *, drift: bool) -> None:
    method = Method(kind, background, drift)  # type: ignore[arg-type]

    assert parse_method(method.name) == method


def elsewhere(given: MethodInput) -> MethodInput:
    """Return the same mixtures in other backgrounds."""
    return replace(given, backgrounds=np.roll(-given.backgrounds, 1, axis=0))


@given(every_quick_method, seeds)
def test_another_background_changes_the_scores_of_those_methods_alone_that_need_one(
    method: Method, seed: int
) -> None:
    given, words = material_of(seed), words_of(seed)

    here, there = (score(method, one, words, Settings()) for one in (given, elsewhere(given)))

    assert method.needs_background or np.array_equal(here, there)
    if method.background == "audio":
        assert not np.array_equal(here, there)


@given(every_quick_method, every_setting, seeds)
def test_every_method_gives_a_finite_score_per_mixture_and_class(
    method: Method, settings: Settings, seed: int
) -> None:
    found = score(method, material_of(seed), words_of(seed), settings)

    assert found.shape == (2, 6, 4)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


@given(every_quick_method, every_setting, seeds)
def test_a_mixture_is_scored_without_regard_to_the_others(
    method: Method, settings: Settings, seed: int
) -> None:
    given, words = material_of(seed), words_of(seed)
    order = np.random.default_rng(seed).permutation(6)[:4]
    fewer = replace(given, windows=given.windows[:, order], backgrounds=given.backgrounds[order])

    found = score(method, fewer, words, settings)

    assert found == pytest.approx(score(method, given, words, settings)[:, order], abs=1e-5)


@given(seeds)
def test_zero_shot_is_the_cosine_to_the_words(seed: int) -> None:
    given, words = material_of(seed), words_of(seed)

    assert score(Method(), given, words, Settings()) == pytest.approx(plain(given, words), abs=1e-6)


@given(seeds, st.sampled_from(["text", "audio"]))
def test_no_share_of_the_background_and_no_weight_on_the_bonus_change_nothing(
    seed: int, background: str
) -> None:
    given, words = material_of(seed), words_of(seed)
    nothing = Settings(tau_text=0.0, tau_audio=0.0, beta=0.0)

    found = score(parse_method(f"{background}-background+drift"), given, words, nothing)

    assert np.array_equal(found, score(Method(), given, words, Settings()))


@given(seeds)
def test_the_backgrounds_profile_is_taken_off_by_its_share(seed: int) -> None:
    given, words = material_of(seed), words_of(seed)
    backgrounds = unit_norm(given.backgrounds.mean(axis=1))
    spoken = unit_norm(words.background.mean(axis=0))
    settings = Settings(tau_text=0.3, tau_audio=0.6)

    audio = score(Method(background="audio"), given, words, settings)
    text = score(Method(background="text"), given, words, settings)

    assert audio == pytest.approx(plain(given, words) - 0.6 * backgrounds @ words.classes.T, abs=1e-5)
    assert text == pytest.approx(plain(given, words) - 0.3 * spoken @ words.classes.T, abs=1e-5)


@given(seeds)
def test_a_background_unlike_the_sound_takes_nothing_off_with_auto(seed: int) -> None:
    given, words = material_of(seed), words_of(seed)
    background = unit_norm(given.backgrounds.mean(axis=1))
    sounds = given.windows[0] - (given.windows[0] * background).sum(axis=1, keepdims=True) * background
    apart = replace(given, windows=sounds[np.newaxis])

    found = score(Method(background="auto"), apart, words, Settings())

    assert found == pytest.approx(plain(apart, words), abs=1e-5)


def steady(given: MethodInput) -> MethodInput:
    """Return mixtures in backgrounds that always sound the same, and are a little like the sounds."""
    backgrounds = np.repeat(
        unit_norm(given.backgrounds[:, :1] + 2.0 * given.windows[0][:, np.newaxis]), 5, axis=1
    )
    return replace(given, windows=given.windows[:1], backgrounds=backgrounds)


@given(seeds)
def test_auto_leaves_no_likeness_to_a_background_that_always_sounds_the_same(seed: int) -> None:
    given = steady(material_of(seed, mixtures=4))
    words = Words(given.backgrounds[:, 0], draw(seed, 2, 16), draw(seed, 4, 2, 16), NAMES)

    found = score(Method(background="auto"), given, words, Settings())

    assert np.diagonal(found, axis1=1, axis2=2) == pytest.approx(np.zeros((1, 4)), abs=1e-5)


def test_auto_takes_less_off_in_a_background_whose_windows_differ() -> None:
    given, words = steady(material_of(1)), words_of(1)
    vague = replace(given, backgrounds=np.float32(0.5) * given.backgrounds)

    taken, taken_of_vague = (
        plain(one, words) - score(Method(background="auto"), one, words, Settings()) for one in (given, vague)
    )

    assert taken_of_vague == pytest.approx(0.25 * taken, abs=1e-6)


@given(seeds)
def test_the_bonus_is_the_weighted_cosine_to_the_drift(seed: int) -> None:
    given, words = material_of(seed), words_of(seed)

    found = score(Method(drift=True), given, words, Settings(beta=0.4)) - plain(given, words)

    towards = drift_directions(words.classes, words.noisy.reshape(-1, 16))
    assert found == pytest.approx(0.4 * given.windows @ towards.T, abs=1e-5)


@given(every_setting)
def test_no_phrases_are_no_background_and_no_bonus(settings: Settings) -> None:
    given, words = material_of(1), words_of(1)
    silent = replace(words, background=words.background[:0], noisy=words.noisy[:, :0])

    found = score(Method(background="text", drift=True), given, silent, settings)

    assert np.array_equal(found, score(Method(), given, words, settings))


def test_a_prototype_of_clips_is_the_mean_of_those_nearest_to_the_words() -> None:
    classes = np.eye(4, dtype=np.float32)[:1]
    pool = unit_norm(np.array([[1, 0.1, 0, 0], [0, 1, 0, 0], [1, -0.1, 0, 0], [-1, 0, 0, 0]], np.float32))

    assert text_guided(pool, classes, 2) == pytest.approx(classes)
    assert text_guided(pool, classes, 99) == pytest.approx(unit_norm(pool.mean(axis=0))[np.newaxis])


def test_labels_that_say_what_is_heard_beat_words_that_do_not() -> None:
    given, words = material_of(1), words_of(1)
    centres = draw(7, 4, 16)
    pool = unit_norm(np.repeat(centres, 6, axis=0) + 0.1 * draw(8, 24, 16))
    labels = tuple((name,) for name in NAMES for _ in range(6))
    known = MethodInput(centres[np.newaxis], given.backgrounds[:4], pool, labels)

    for kind in ("few-shot", "class-means"):
        found = score(Method(kind), known, words, Settings())
        assert found[0].argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_the_networks_probabilities_are_a_profile_like_any_other() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed; it comes with the extra 'eval'")
    given, words = material_of(1), words_of(1)

    found = score(Method("mlp"), given, words, Settings())

    assert found.sum(axis=2) == pytest.approx(np.ones((2, 6)), abs=1e-5)
    assert np.isfinite(score(Method("mlp", "auto", drift=True), given, words, Settings())).all()


@pytest.mark.parametrize("kind", ["tgap", "few-shot", "class-means", "mlp"])
def test_no_clips_are_nothing_to_learn_from(kind: str) -> None:
    given = material_of(1)
    empty = replace(given, pool=given.pool[:0], pool_labels=())

    with pytest.raises(ConfigError, match=f"'{kind}' learns from clips.*--pool-folds"):
        score(Method(kind), empty, words_of(1), Settings())  # type: ignore[arg-type]


def test_only_few_shot_is_a_mean_over_draws() -> None:
    settings = Settings(seed=3)

    assert repetitions(Method("class-means"), settings) == [settings]
    several = repetitions(Method("few-shot"), settings)
    assert [one.seed for one in several] == list(range(3, 13))
    first, second = (score(Method("few-shot"), material_of(1), words_of(1), one) for one in several[:2])
    assert not np.array_equal(first, second)
