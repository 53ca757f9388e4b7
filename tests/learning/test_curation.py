"""Pairs are what is most alike; the domain says which captions there are."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.learning.curation import CurationOptions, Pairs, curate, near_targets
from monitor.units import unit_norm

NOTHING = np.zeros((0, 4), np.float32)
CAPTIONS = np.eye(4, dtype=np.float32)
TARGETS = CAPTIONS[:1]
PLAIN = CurationOptions(domain="general", share=1.0, standardised=False)


def sounds(count: int = 40, seed: int = 0) -> NDArray[np.float32]:
    return unit_norm(np.random.default_rng(seed).normal(size=(count, 4)).astype(np.float32))


def pairs(heard: NDArray[np.float32], options: CurationOptions) -> Pairs:
    return curate(heard, CAPTIONS, TARGETS, options, NOTHING)


def test_each_sound_is_paired_with_its_nearest_caption() -> None:
    found = pairs(CAPTIONS[[2, 0, 3]], PLAIN)
    assert found.captions.tolist() == [2, 0, 3]
    assert found.cosines.tolist() == [1.0, 1.0, 1.0]


def test_targeted_pairs_have_captions_near_a_class_only() -> None:
    captions = unit_norm(np.array([[1, 0, 0, 0], [0.9, 0.4, 0, 0], [0, 0, 1, 0]], np.float32))
    assert near_targets(captions, TARGETS, 0.8).tolist() == [0, 1]
    found = curate(sounds(), captions, TARGETS, CurationOptions(near=0.8, share=1.0), NOTHING)
    assert set(found.captions.tolist()) <= {0, 1}


@given(st.floats(0.05, 1.0), st.integers(0, 100))
def test_the_share_that_is_kept_is_the_most_alike(share: float, seed: int) -> None:
    heard = sounds(seed=seed)
    found = pairs(heard, CurationOptions(domain="general", share=share, standardised=False))
    assert len(found.sounds) == max(1, round(share * len(heard)))
    dropped = np.setdiff1d(np.arange(len(heard)), found.sounds)
    if len(dropped):
        assert found.cosines.min() >= (heard[dropped] @ CAPTIONS.T).max(axis=1).max()


def test_pairs_below_a_cosine_are_left_out() -> None:
    found = pairs(sounds(), CurationOptions(domain="general", share=1.0, standardised=False, min_cosine=0.8))
    assert 0 < len(found.sounds) < 40
    assert found.cosines.min() >= 0.8


def test_a_caption_that_fits_all_sound_takes_it_all_only_where_nothing_is_standardised() -> None:
    everywhere = unit_norm(sounds() + 3.0 * CAPTIONS[3])
    plain, weighed = (
        curate(everywhere, CAPTIONS, TARGETS, CurationOptions(domain="general", standardised=one), everywhere)
        for one in (False, True)
    )
    assert set(plain.captions.tolist()) == {3}
    assert len(set(weighed.captions.tolist())) > 2


def test_a_caption_has_no_more_sounds_than_it_may() -> None:
    found = pairs(sounds(), CurationOptions(domain="general", share=1.0, most_per_caption=3))
    assert np.bincount(found.captions).max() == 3


def test_where_no_caption_is_near_there_are_no_pairs() -> None:
    assert not len(pairs(sounds(), CurationOptions(near=1.1)).sounds)
