"""The ways of the CLAP benchmark, without their networks: sounds to try, and what laion-clap would fetch."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

from monitor.encoders.log_mel import log_mel
from tests.tools.load import load_tool

variants = load_tool("tools.benchmark.clap_variants")


def test_texts_are_padded_to_the_length_of_its_own_tokenizer_and_masked() -> None:
    ids, mask = variants.pad(np.array([[0, 713, 2], [0, 31414, 2]], np.int64))
    assert ids.shape == mask.shape == (2, variants.LAION_TOKENS)
    np.testing.assert_array_equal(ids[:, :3], [[0, 713, 2], [0, 31414, 2]])
    assert (ids[:, 3:] == variants.PADDING_ID).all()
    np.testing.assert_array_equal(mask.sum(axis=1), [3, 3])


def test_only_tensors_that_the_model_has_are_handed_over_and_prefixes_go() -> None:
    state = {"module.a": 1, "b": 2, "text_branch.embeddings.position_ids": 3}
    assert variants.known_to(state, {"a": 0, "b": 0}) == {"a": 1, "b": 2}


def test_a_module_that_is_stood_in_for_can_be_imported_with_its_names() -> None:
    names = ("stood_in_for", "stood_in_for.ops", "stood_in_for.ops.misc")
    try:
        for name in names:
            variants.stand_in(name, ("FrozenBatchNorm2d",) if name.endswith("misc") else ())
        misc = importlib.import_module("stood_in_for.ops.misc")
        assert isinstance(misc.FrozenBatchNorm2d, type)
        with pytest.raises(AttributeError):
            _ = misc.something_else
    finally:
        for name in names:
            sys.modules.pop(name, None)


def test_code_made_sounds_differ_and_stay_within_full_scale() -> None:
    made = variants.make_sounds(12)
    assert made.shape == (12, variants.WINDOW_LEN)
    peaks = np.abs(made).max(axis=1)
    assert (peaks < 1).all()
    assert (peaks > 1e-3).all()
    pictures = log_mel(made, "slaney").reshape(12, -1)
    apart = np.abs(pictures[:, None] - pictures[None]).mean(axis=2)
    assert apart[~np.eye(12, dtype=bool)].min() > 1  # dB
    np.testing.assert_array_equal(made, variants.make_sounds(12))
