from __future__ import annotations

import pytest

from monitor.errors import ModelError
from monitor.export.architecture import read_architecture

Shapes = dict[str, tuple[int, ...]]

BASE_DEPTHS = (2, 2, 12, 2)


def make_shapes(width: int = 96, depths: tuple[int, ...] = (2, 2, 6, 2), fused: bool = False) -> Shapes:
    """Return the shapes of a published model, as far as they tell one from another."""
    audio, text = "audio_model.audio_encoder.", "text_model."
    shapes: Shapes = {
        f"{audio}patch_embed.proj.weight": (width, 1, 4, 4),
        f"{audio}batch_norm.weight": (64,),
        "audio_projection.linear1.weight": (512, 8 * width),
        "audio_projection.linear2.weight": (512, 512),
        f"{text}embeddings.word_embeddings.weight": (50265, 768),
        f"{text}embeddings.position_embeddings.weight": (514, 768),
        f"{text}embeddings.token_type_embeddings.weight": (1, 768),
        f"{text}encoder.layer.0.intermediate.dense.weight": (3072, 768),
        f"{text}encoder.layer.11.intermediate.dense.weight": (3072, 768),
    }
    for stage, depth in enumerate(depths):
        for block in range(depth):
            name = f"{audio}layers.{stage}.blocks.{block}.attention.self.relative_position_bias_table"
            shapes[name] = (225, 4 << stage)
    if fused:
        shapes[f"{audio}patch_embed.mel_conv2d.weight"] = (width, 1, 4, 12)
    return shapes


@pytest.mark.parametrize("fused", [False, True], ids=["unfused", "fused"])
@pytest.mark.parametrize(
    ("width", "depths", "size"),
    [(96, (2, 2, 6, 2), "tiny"), (128, BASE_DEPTHS, "base"), (256, BASE_DEPTHS, "large")],
    ids=["tiny", "base", "large"],
)
def test_size_and_fusion_are_read_off_the_tensors(
    width: int, depths: tuple[int, ...], size: str, fused: bool
) -> None:
    found = read_architecture(make_shapes(width, depths, fused))
    assert (found.width, found.depths, found.heads, found.fused) == (width, depths, (4, 8, 16, 32), fused)
    assert found.label == f"HTSAT-{size}, {'fused' if fused else 'unfused'}"
    assert (found.dim, found.vocabulary, found.text_depth, found.text_heads) == (512, 50265, 12, 12)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"audio_model.audio_encoder.patch_embed.proj.weight": (96, 4, 4, 4)}, "side of a patch"),
        ({"audio_model.audio_encoder.batch_norm.weight": (128,)}, "mel bands"),
        ({"audio_projection.linear1.weight": (512, 700)}, "inputs of the audio projection"),
        ({"audio_projection.linear2.weight": (512,)}, "audio_projection.linear2.weight"),
    ],
    ids=["patches", "bands", "projection", "rank"],
)
def test_another_network_is_refused_in_one_sentence(change: Shapes, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        read_architecture(make_shapes() | change)


def test_a_checkpoint_without_an_audio_tower_is_refused() -> None:
    with pytest.raises(ModelError, match="no HTSAT audio tower"):
        read_architecture({"audio_branch.conv_block1.conv1.weight": (64, 1, 3, 3)})
