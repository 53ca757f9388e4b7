"""What laion-clap would fetch, and how texts are given to it."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

from tests.tools.load import load_tool

laion = load_tool("tools.benchmark.laion_model")


def test_texts_are_padded_to_the_length_of_its_own_tokenizer_and_masked() -> None:
    ids, mask = laion.pad(np.array([[0, 713, 2], [0, 31414, 2]], np.int64))
    assert ids.shape == mask.shape == (2, laion.LAION_TOKENS)
    np.testing.assert_array_equal(ids[:, :3], [[0, 713, 2], [0, 31414, 2]])
    assert (ids[:, 3:] == laion.PADDING_ID).all()
    np.testing.assert_array_equal(mask.sum(axis=1), [3, 3])


def test_only_tensors_that_the_model_has_are_handed_over_and_prefixes_go() -> None:
    state = {"module.a": 1, "b": 2, "text_branch.embeddings.position_ids": 3}
    assert laion.known_to(state, {"a": 0, "b": 0}) == {"a": 1, "b": 2}


def test_a_module_that_is_stood_in_for_can_be_imported_with_its_names() -> None:
    names = ("stood_in_for", "stood_in_for.ops", "stood_in_for.ops.misc")
    try:
        for name in names:
            laion.stand_in(name, ("FrozenBatchNorm2d",) if name.endswith("misc") else ())
        misc = importlib.import_module("stood_in_for.ops.misc")
        assert isinstance(misc.FrozenBatchNorm2d, type)
        with pytest.raises(AttributeError):
            _ = misc.something_else
    finally:
        for name in names:
            sys.modules.pop(name, None)
