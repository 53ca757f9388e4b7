"""The joint space: sentence embeddings of the text teacher, whitened so that sound names spread out."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

DIM = 256
RIDGE = 0.3
"""Added to each variance before whitening, in units of the mean variance."""


@dataclass(frozen=True)
class JointSpace:
    """An affine map from the text teacher's space, then unit norm."""

    mean: NDArray[np.float32]
    """(384,) mean embedding of the AudioSet names."""
    projection: NDArray[np.float32]
    """(384, DIM) whitening."""
    names: NDArray[np.float32]
    """(527, DIM) unit-norm embeddings of the AudioSet names, in the order of the audio teacher's outputs."""

    def project(self, sentences: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map (n, 384) teacher embeddings to (n, DIM), unit norm."""
        mapped = (sentences - self.mean) @ self.projection
        return np.asarray(mapped / np.linalg.norm(mapped, axis=1, keepdims=True), np.float32)

    def save(self, path: Path) -> None:
        """Write to one .npz."""
        np.savez(path, mean=self.mean, projection=self.projection, names=self.names)

    @staticmethod
    def load(path: Path) -> JointSpace:
        """Read what `save` wrote."""
        stored = np.load(path)
        return JointSpace(stored["mean"], stored["projection"], stored["names"])


class TextTeacher:
    """all-MiniLM-L6-v2, run locally; a distillation target, never shipped."""

    def __init__(self, folder: Path) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(folder), device="cpu")

    def embed(self, texts: list[str], progress: bool = False, exact: bool = False) -> NDArray[np.float32]:
        """Embed texts, lower-cased: (n, 384) unit norm; in bfloat16 unless `exact`."""
        with torch.autocast("cpu", torch.bfloat16, enabled=not exact):
            found = self._model.encode(
                [text.lower() for text in texts],
                batch_size=256,
                show_progress_bar=progress,
                convert_to_tensor=True,
            )
        return np.asarray(torch.nn.functional.normalize(found.float(), dim=1).numpy(), np.float32)


def audioset_names(teacher: Path) -> list[str]:
    """List the 527 AudioSet display names in the order of the audio teacher's outputs."""
    with (teacher / "class_labels_indices.csv").open(newline="") as file:
        return [line["display_name"] for line in csv.DictReader(file)]


def fit(names: NDArray[np.float32]) -> JointSpace:
    """Fit the whitening on (527, 384) embeddings of the AudioSet names."""
    mean = names.mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov((names - mean).T))
    variances, axes = variances[::-1], axes[:, ::-1]
    projection = (axes / np.sqrt(variances + RIDGE * variances.mean()))[:, :DIM].astype(np.float32)
    space = JointSpace(mean, projection, np.empty((0, DIM), np.float32))
    return JointSpace(mean, projection, space.project(names))
