"""What network a set of tensors belongs to, read from names and shapes alone (transformers' names)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from monitor.errors import ModelError

Shapes = Mapping[str, tuple[int, ...]]

WINDOW = 8
"""Side of an attention window, in patches."""
PATCH = 4
"""Side of a patch, in columns and bands."""
BANDS = 64
"""Mel bands of every published CLAP."""
_ROBERTA_HEAD = 64
"""Width of one attention head of RoBERTa; the number of heads shows in no shape."""
_ENCODER = "audio_model.audio_encoder."
_TEXT = "text_model."


@dataclass(frozen=True)
class Architecture:
    """The sizes of a CLAP model."""

    width: int
    """Channels of a patch: 96 is HTSAT-tiny, 128 is HTSAT-base, 256 is HTSAT-large."""
    depths: tuple[int, ...]
    """Blocks of each stage of the audio tower."""
    heads: tuple[int, ...]
    """Attention heads of each stage."""
    fused: bool
    """Whether there are layers for sound longer than ten seconds."""
    dim: int
    """Dimensions of the joint space."""
    text_width: int
    text_depth: int
    text_heads: int
    text_inner: int
    """Width between the two layers of a text block."""
    vocabulary: int
    positions: int
    """Rows of the text tower's position table."""
    token_types: int

    @property
    def audio_width(self) -> int:
        """Channels of the audio tower's last stage."""
        return self.width << (len(self.depths) - 1)

    @property
    def label(self) -> str:
        """A short description."""
        size = {96: "HTSAT-tiny", 128: "HTSAT-base", 256: "HTSAT-large"}.get(
            self.width, f"HTSAT-{self.width}"
        )
        return f"{size}, {'fused' if self.fused else 'unfused'}"


def read_architecture(shapes: Shapes) -> Architecture:
    """Read the sizes from the shapes of the tensors.

    Raises
    ------
    ModelError
        A tensor is missing, or the network is not HTSAT with RoBERTa as the published CLAP models are.
    """
    depths = _depths(shapes)
    patch = _shape(shapes, f"{_ENCODER}patch_embed.proj.weight", 4)
    tables = [
        _shape(shapes, f"{_ENCODER}layers.{stage}.blocks.0.attention.self.relative_position_bias_table", 2)
        for stage in range(len(depths))
    ]
    _expect("channels and side of a patch", patch[1:], (1, PATCH, PATCH))
    _expect("mel bands", _shape(shapes, f"{_ENCODER}batch_norm.weight", 1), (BANDS,))
    _expect("attention windows", {math.isqrt(rows) for rows, _ in tables}, {2 * WINDOW - 1})
    words = _shape(shapes, f"{_TEXT}embeddings.word_embeddings.weight", 2)
    found = Architecture(
        width=patch[0],
        depths=depths,
        heads=tuple(heads for _, heads in tables),
        fused=any(name.startswith(f"{_ENCODER}patch_embed.mel_conv2d.") for name in shapes),
        dim=_shape(shapes, "audio_projection.linear2.weight", 2)[0],
        text_width=words[1],
        text_depth=_count(shapes, rf"{re.escape(_TEXT)}encoder\.layer\.(\d+)\."),
        text_heads=max(1, words[1] // _ROBERTA_HEAD),
        text_inner=_shape(shapes, f"{_TEXT}encoder.layer.0.intermediate.dense.weight", 2)[0],
        vocabulary=words[0],
        positions=_shape(shapes, f"{_TEXT}embeddings.position_embeddings.weight", 2)[0],
        token_types=_shape(shapes, f"{_TEXT}embeddings.token_type_embeddings.weight", 2)[0],
    )
    _expect("stages of the audio tower", len(depths), 4)
    _expect(
        "inputs of the audio projection",
        _shape(shapes, "audio_projection.linear1.weight", 2)[1],
        found.audio_width,
    )
    return found


def _depths(shapes: Shapes) -> tuple[int, ...]:
    stages = _count(shapes, rf"{re.escape(_ENCODER)}layers\.(\d+)\.")
    if not stages:
        raise ModelError(
            "The checkpoint has no HTSAT audio tower; valid: laion-clap or transformers CLAP with "
            "HTSAT-tiny, -base or -large."
        )
    return tuple(
        _count(shapes, rf"{re.escape(_ENCODER)}layers\.{stage}\.blocks\.(\d+)\.") for stage in range(stages)
    )


def _count(shapes: Shapes, pattern: str) -> int:
    matches = (re.match(pattern, name) for name in shapes)
    return max((int(match[1]) + 1 for match in matches if match), default=0)


def _shape(shapes: Shapes, name: str, rank: int) -> tuple[int, ...]:
    found = shapes.get(name)
    if found is None or len(found) != rank:
        raise ModelError(
            f"The checkpoint has no tensor {name} of {rank} dimensions; valid: laion-clap or transformers "
            "CLAP with an HTSAT audio tower and a RoBERTa text tower."
        )
    return found


def _expect(what: str, found: object, valid: object) -> None:
    if found != valid:
        raise ModelError(f"The checkpoint cannot be exported: {what} {found}, valid: {valid}.")
