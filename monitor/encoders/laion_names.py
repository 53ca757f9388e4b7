"""Names of laion-clap's tensors, as transformers' `ClapModel` calls them.

laion-clap keeps query, key and value of an audio block in one matrix; there they are three. What neither
tower needs to embed (classifier heads, masks that follow from the shape, the front end's own matrices) is
left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PREFIX = "module."
"""Left by training on several GPUs."""
_LEFT_OUT = (
    r"audio_branch\.(tscam_conv|head|spectrogram_extractor|logmel_extractor)\.",
    r"audio_branch\..*\.(attn_mask|relative_position_index)$",
    r"(audio|text)_transform\.",
    r"text_branch\.embeddings\.(position_ids|token_type_ids)$",
    r"attn_mask$",
)
_RENAMED = (
    (r"^text_branch\.", "text_model."),
    (r"^audio_branch\.bn0\.", "audio_model.audio_encoder.batch_norm."),
    (r"^audio_branch\.", "audio_model.audio_encoder."),
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
    (r"\.attn\.proj\.", ".attention.output.dense."),
    (r"\.attn\.", ".attention.self."),
    (r"_projection\.0\.", "_projection.linear1."),
    (r"_projection\.2\.", "_projection.linear2."),
)
_PACKED = "attention.self.qkv."


def is_laion(names: Mapping[str, Any]) -> bool:
    """Return whether these are the tensors of a laion-clap model."""
    return any(bare(name).startswith("audio_branch.") for name in names)


def bare(name: str) -> str:
    """Return a name without what training on several GPUs puts before it."""
    return name.removeprefix(_PREFIX)


def renamed(name: str) -> tuple[str, ...]:
    """Return transformers' name of a tensor: three for a packed one, none for one that is left out."""
    name = bare(name)
    if any(re.match(pattern, name) for pattern in _LEFT_OUT):
        return ()
    for pattern, replacement in _RENAMED:
        name = re.sub(pattern, replacement, name)
    if _PACKED not in name:
        return (name,)
    return tuple(name.replace(_PACKED, f"attention.self.{part}.") for part in ("query", "key", "value"))


def to_transformers(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tensors under transformers' names; a packed one is cut into three equal parts."""
    found = {}
    for name, tensor in state.items():
        names = renamed(name)
        rows = len(tensor) // len(names) if len(names) > 1 else 0
        for part, new in enumerate(names):
            found[new] = tensor[part * rows : (part + 1) * rows] if rows else tensor
    return found
