"""Reads published taggers: EfficientAT's MobileNets. Tensors are read, never code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from monitor.encoders.weights import load_pickle, named_tensors
from monitor.errors import ModelError
from monitor.export.mobilenet import MobileNet
from monitor.models.store import sha256_of

_OTHER_FRONT_END = re.compile(r"_(hop|mels)_\d+")
"""In the names of files whose networks hear another spectrogram, which does not show in their tensors."""


@dataclass(frozen=True)
class Tagger:
    """What was read."""

    name: str
    """Of the file, without the path."""
    sha256: str
    network: MobileNet

    @property
    def source(self) -> str:
        """What an entry says of where the model comes from."""
        return f"EfficientAT {self.name} ({self.network.label}), sha256 {self.sha256}"


def is_tagger(tensors: Mapping[str, Tensor]) -> bool:
    """Return whether tensors are called as an EfficientAT network's are."""
    return "features.0.0.weight" in tensors


def read_tagger(path: Path, tensors: Mapping[str, Tensor] | None = None) -> Tagger:
    """Read a checkpoint, whose tensors may be read already.

    Raises
    ------
    ModelError
        It cannot be read, holds more than weights, or is no MobileNet of EfficientAT.
    """
    if found := _OTHER_FRONT_END.search(path.name):
        raise ModelError(
            f"{path.name} was trained with another front end ({found[0][1:]}); valid: an EfficientAT "
            "MobileNet for 128 bands and a hop of 10 ms, mn01_as to mn40_as."
        )
    if tensors is None:
        tensors = named_tensors(load_pickle(path))
    return Tagger(path.name, sha256_of(path), MobileNet(tensors))
