"""References that learn from labels."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.evaluation.methods.bounds import Vectors, class_means, few_shot, mlp, with_words, without_clips
from monitor.units import unit_norm

NAMES = ("dog", "siren", "rain")
needs_sklearn = "scikit-learn is not installed; it comes with the extra 'eval'"


def near(centres: Vectors, count: int, seed: int = 0) -> Vectors:
    """Return `count` vectors near each centre, those of one centre together."""
    rng = np.random.default_rng(seed)
    spread = rng.standard_normal((len(centres), count, centres.shape[1])).astype(np.float32)
    return unit_norm((centres[:, np.newaxis] + 0.1 * spread).reshape(-1, centres.shape[1]))


def labels_of(names: tuple[str, ...], count: int) -> list[tuple[str, ...]]:
    return [(name,) for name in names for _ in range(count)]


CENTRES = np.eye(32, dtype=np.float32)[:3]


def test_a_class_mean_is_the_direction_of_the_clips_that_hold_the_class() -> None:
    pool = np.eye(4, dtype=np.float32)
    labels = [("dog",), ("dog", "siren"), ("music",), ()]

    found = class_means(pool, labels, NAMES)

    half = np.sqrt(0.5)
    assert found == pytest.approx(np.array([[half, half, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]))


def test_a_class_without_a_clip_falls_back_to_its_words() -> None:
    pool, labels = near(CENTRES[:2], 4), labels_of(("dog", "music"), 4)
    words = unit_norm(CENTRES + 0.2)

    found = class_means(*with_words(pool, labels, NAMES, words), NAMES)

    assert without_clips(labels, NAMES) == ("siren", "rain")
    assert found[1:] == pytest.approx(words[1:])
    assert found[0] == pytest.approx(unit_norm(pool[:4].mean(axis=0)))


def test_a_pool_with_every_class_is_left_as_it_is() -> None:
    pool, labels = near(CENTRES, 2), labels_of(NAMES, 2)

    found, named = with_words(pool, labels, NAMES, CENTRES)

    assert np.array_equal(found, pool)
    assert named == labels


@given(st.integers(0, 1000), st.integers(1, 6))
def test_few_shot_prototypes_rest_on_so_many_clips_of_each_class(seed: int, shots: int) -> None:
    count = 4
    pool = np.eye(12, dtype=np.float32)

    found = few_shot(pool, labels_of(NAMES, count), NAMES, shots, seed)

    assert ((found > 0.0).sum(axis=1) == min(shots, count)).all()
    for row, own in zip(found, np.split(np.arange(12), 3), strict=True):
        assert set(np.flatnonzero(row)) <= set(own)
    assert np.array_equal(found, few_shot(pool, labels_of(NAMES, count), NAMES, shots, seed))


def test_all_shots_are_the_class_mean_and_another_seed_draws_others() -> None:
    pool, labels = near(CENTRES, 30), labels_of(NAMES, 30)

    assert few_shot(pool, labels, NAMES, 99, 0) == pytest.approx(class_means(pool, labels, NAMES), abs=1e-6)
    assert not np.array_equal(few_shot(pool, labels, NAMES, 3, 0), few_shot(pool, labels, NAMES, 3, 1))


def test_the_network_learns_classes_of_one_label() -> None:
    pytest.importorskip("sklearn", reason=needs_sklearn)
    pool, labels = near(CENTRES, 60), labels_of(NAMES, 60)
    unlisted = near(np.eye(32, dtype=np.float32)[5:6], 20)

    profile = mlp(np.concatenate([pool, unlisted]), [*labels, *[("music",)] * 20], NAMES, seed=0)
    found = profile(near(CENTRES, 5, seed=1))

    assert found.dtype == np.float32
    assert found.argmax(axis=1).tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert found.sum(axis=1) == pytest.approx(np.ones(15), abs=1e-5)


def test_the_network_learns_classes_that_sound_together() -> None:
    pytest.importorskip("sklearn", reason=needs_sklearn)
    both = unit_norm(CENTRES[:1] + CENTRES[1:2])
    pool = near(np.concatenate([CENTRES, both]), 60)
    labels = [*labels_of(NAMES, 60), *[("dog", "siren")] * 60]

    found = mlp(pool, labels, NAMES, seed=0)(np.concatenate([CENTRES, both]))

    assert (found > 0.5).tolist() == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
        [True, True, False],
    ]


def test_the_network_is_the_same_for_the_same_seed() -> None:
    pytest.importorskip("sklearn", reason=needs_sklearn)
    pool, labels = near(CENTRES, 5), labels_of(NAMES, 5)

    assert np.array_equal(mlp(pool, labels, NAMES, 3)(pool), mlp(pool, labels, NAMES, 3)(pool))


def test_a_single_class_is_nothing_to_learn() -> None:
    with pytest.raises(ConfigError, match="two classes or more"):
        mlp(near(CENTRES[:1], 3), labels_of(("dog",), 3), ("dog",), 0)


def test_missing_scikit_learn_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.neural_network", None)

    with pytest.raises(ConfigError, match=r"needs scikit-learn.*-m pip install .*\[eval\]"):
        mlp(near(CENTRES, 3), labels_of(NAMES, 3), NAMES, 0)
