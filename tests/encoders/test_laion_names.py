from __future__ import annotations

import numpy as np
import pytest

from monitor.encoders.laion_names import is_laion, renamed, to_transformers

BLOCK = "audio_model.audio_encoder.layers.2.blocks.5."


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("logit_scale_a", "logit_scale_a"),
        ("audio_projection.0.weight", "audio_projection.linear1.weight"),
        ("text_projection.2.bias", "text_projection.linear2.bias"),
        ("text_branch.pooler.dense.weight", "text_model.pooler.dense.weight"),
        (
            "text_branch.encoder.layer.11.attention.self.query.weight",
            "text_model.encoder.layer.11.attention.self.query.weight",
        ),
        (
            "text_branch.encoder.layer.0.attention.output.LayerNorm.bias",
            "text_model.encoder.layer.0.attention.output.LayerNorm.bias",
        ),
        ("audio_branch.bn0.running_var", "audio_model.audio_encoder.batch_norm.running_var"),
        ("audio_branch.norm.weight", "audio_model.audio_encoder.norm.weight"),
        ("audio_branch.patch_embed.proj.weight", "audio_model.audio_encoder.patch_embed.proj.weight"),
        (
            "audio_branch.patch_embed.fusion_model.local_att.0.weight",
            "audio_model.audio_encoder.patch_embed.fusion_model.local_att.0.weight",
        ),
        (
            "audio_branch.layers.0.downsample.reduction.weight",
            "audio_model.audio_encoder.layers.0.downsample.reduction.weight",
        ),
        ("audio_branch.layers.2.blocks.5.norm1.weight", f"{BLOCK}layernorm_before.weight"),
        ("audio_branch.layers.2.blocks.5.norm2.bias", f"{BLOCK}layernorm_after.bias"),
        ("audio_branch.layers.2.blocks.5.mlp.fc1.weight", f"{BLOCK}intermediate.dense.weight"),
        ("audio_branch.layers.2.blocks.5.mlp.fc2.weight", f"{BLOCK}output.dense.weight"),
        ("audio_branch.layers.2.blocks.5.attn.proj.bias", f"{BLOCK}attention.output.dense.bias"),
        (
            "audio_branch.layers.2.blocks.5.attn.relative_position_bias_table",
            f"{BLOCK}attention.self.relative_position_bias_table",
        ),
    ],
)
def test_a_tensor_gets_the_name_that_transformers_gives_it(theirs: str, ours: str) -> None:
    assert renamed(theirs) == (ours,)
    assert renamed("module." + theirs) == (ours,)


@pytest.mark.parametrize(
    "name",
    [
        "audio_branch.tscam_conv.weight",
        "audio_branch.head.bias",
        "audio_branch.spectrogram_extractor.stft.conv_real.weight",
        "audio_branch.logmel_extractor.melW",
        "audio_branch.layers.0.blocks.1.attn_mask",
        "audio_branch.layers.0.blocks.0.attn.relative_position_index",
        "text_branch.embeddings.position_ids",
        "text_transform.sequential.0.weight",
        "module.audio_transform.sequential.3.bias",
    ],
)
def test_what_no_embedding_needs_is_left_out(name: str) -> None:
    assert renamed(name) == ()


def test_a_packed_matrix_is_cut_into_query_key_and_value() -> None:
    packed = np.arange(12).reshape(6, 2)
    found = to_transformers({"module.audio_branch.layers.0.blocks.0.attn.qkv.weight": packed})
    own = "audio_model.audio_encoder.layers.0.blocks.0.attention.self."
    assert list(found) == [f"{own}{part}.weight" for part in ("query", "key", "value")]
    assert np.array_equal(np.concatenate(list(found.values())), packed)


def test_a_checkpoint_is_known_by_its_names() -> None:
    assert is_laion({"module.audio_branch.bn0.weight": 0})
    assert is_laion({"audio_branch.bn0.weight": 0})
    assert not is_laion({"audio_model.audio_encoder.batch_norm.weight": 0})
