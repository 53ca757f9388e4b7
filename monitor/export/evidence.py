"""A tagger's evidence laid over names: where a sound lies in the space of the words of the model in the box.

Each class's logit, less its typical value, is the evidence for it; softened, it is the weight of its name's
point, and the sum of these points is the sound's. A sound of no class so lies between the names near it, and
any typed word has its place among them. The names' points are the ones the box keeps in its audio tower; its
text tower puts words among them.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from monitor.errors import ModelError
from monitor.export.mobilenet import CLASSES

OFFSET, POWER = 8.0, 0.75
"""Evidence at which a class weighs half, in log-odds, and what posteriors are raised to.

Chosen on validation recordings (tools/train/teacher_recipes.py); within a point from 7 to 10 and from .5 to
1.
"""
TYPICAL_WIDTH = 0.4
"""Of the tagger whose typical logits are kept: mn04_as."""
_TYPICAL = "typical_logits.txt"
_NAMES = "names"


class Evidence(nn.Module):
    """Logits (n, CLASSES) -> points (n, d), unit norm."""

    prior: Tensor
    names: Tensor

    def __init__(self, names: Tensor, prior: Tensor) -> None:
        """Lay over `names`, (CLASSES, d), unit norm, what is more than `prior`, (CLASSES,)."""
        super().__init__()
        self.register_buffer("names", names)
        self.register_buffer("prior", prior)

    def forward(self, logits: Tensor) -> Tensor:
        """Place a batch."""
        weights = torch.sigmoid(logits - self.prior - OFFSET) ** POWER
        return functional.normalize(weights @ self.names, dim=1)


def typical_logits() -> Tensor:
    """Return what a class's logit is on ordinary sound that is mostly not of it, float32 (CLASSES,).

    Means of mn04_as over 3,776 windows of 2 s of backgrounds, speech and music, of folds 1 to 3
    (tools/train/typical_logits.py). With them 41.1 % of 401 validation clips of 62 classes are named
    rightly, mean of clean and 20 to 0 dB; with one value for all classes 36.9: speech and music are heard
    in everything.
    """
    lines = files("monitor.export").joinpath(_TYPICAL).read_text("utf-8").split()
    return torch.tensor([float(line) for line in lines])


def names_of(audio_tower: bytes) -> Tensor:
    """Return the points of AudioSet's names, (CLASSES, d), unit norm, that the box's graph keeps.

    Raises
    ------
    ModelError
        It keeps none.
    """
    for stored in onnx.load_from_string(audio_tower).graph.initializer:
        if _NAMES in stored.name and list(stored.dims[:1]) == [CLASSES]:
            points = torch.from_numpy(numpy_helper.to_array(stored).astype(np.float32))
            return functional.normalize(points, dim=1)
    raise ModelError("The audio tower keeps no names of AudioSet's classes; valid: the one in the box.")
