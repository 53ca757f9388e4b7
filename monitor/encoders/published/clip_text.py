"""CLIP's text tower (A. Radford et al., 2021), in OpenAI's names of tensors and in transformers'."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn

from monitor.encoders.published.fitting import Tensors, below, count, fit, shape

_HEAD = 64
"""Channels of one attention head; the number of heads shows in no shape."""
_END = 49_407
"""`<|endoftext|>`, where a text's embedding is read off; ids beyond the vocabulary of a test are none."""
_LAYER = "text_model.encoder.layers."
_RENAMED = (
    (r"^token_embedding\.", "text_model.embeddings.token_embedding."),
    (r"^positional_embedding$", "text_model.embeddings.position_embedding.weight"),
    (r"^ln_final\.", "text_model.final_layer_norm."),
    (r"^transformer\.resblocks\.", _LAYER),
    (r"\.attn\.out_proj\.", ".self_attn.out_proj."),
    (r"\.ln_1\.", ".layer_norm1."),
    (r"\.ln_2\.", ".layer_norm2."),
    (r"\.mlp\.c_fc\.", ".mlp.fc1."),
    (r"\.mlp\.c_proj\.", ".mlp.fc2."),
)
_OPENAI = ("token_embedding.", "positional_embedding", "ln_final.", "transformer.", "text_projection")
_PACKED = ".attn.in_proj_"


class ClipText(nn.Module):
    """Token ids, int64 (n, t), to float32 (n, dim)."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor) -> Tensor:
        """Return what the last token, the end of the text, has become."""
        found: Tensor = self.network(input_ids=ids).text_embeds
        return found


def text_tower(tensors: Tensors) -> ClipText:
    """Return the text tower of tensors in either kind of names; others, as of images, are passed over.

    Raises
    ------
    ModelError
        A tensor is missing or has another shape.
    """
    if "token_embedding.weight" in tensors:
        own = _renamed({name: one for name, one in tensors.items() if name.startswith(_OPENAI)})
    else:
        own = {f"text_model.{name}": one for name, one in below(tensors, "text_model.").items()}
        own |= {f"text_projection.{name}": one for name, one in below(tensors, "text_projection.").items()}
    return ClipText(fit(_network(own), own, "text tower of CLIP"))


def _network(tensors: Tensors) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    vocabulary, width = shape(tensors, "text_model.embeddings.token_embedding.weight")
    config: Any = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=shape(tensors, f"{_LAYER}0.mlp.fc1.weight")[0],
        num_hidden_layers=count(tensors, rf"{re.escape(_LAYER)}(\d+)\."),
        num_attention_heads=max(1, width // _HEAD),
        max_position_embeddings=shape(tensors, "text_model.embeddings.position_embedding.weight")[0],
        projection_dim=shape(tensors, "text_projection.weight")[0],
        hidden_act="quick_gelu",
        eos_token_id=_END,
    )
    return CLIPTextModelWithProjection(config)


def _renamed(tensors: Tensors) -> dict[str, Tensor]:
    """Return OpenAI's tensors under transformers' names: packed ones cut into three, the last one turned."""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        new = name
        for pattern, replacement in _RENAMED:
            new = re.sub(pattern, replacement, new)
        if name == "text_projection":
            found["text_projection.weight"] = tensor.T.contiguous()
        elif _PACKED in new:
            start, _, kind = new.partition(_PACKED)
            for part, rows in zip("qkv", torch.chunk(tensor, 3), strict=True):
                found[f"{start}.self_attn.{part}_proj.{kind}"] = rows
        else:
            found[new] = tensor
    return found
