"""Fine-tune the towers of a CLAP checkpoint on pairs of sound and caption, and write it as one again.

The loss is that of the light adapter (`learning/soft_labels.py`; Wang et al., WASPAA 2023, arXiv 2305.01864):
contrastive, its targets a blend of the identity and of what the model itself thought before. Adam, 1e-4
falling to 1e-8, as published. Norms keep their statistics and nothing is dropped out, so that a few hundred
pairs cannot move what rests on a hundred thousand.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from monitor.encoders.log_mel import Mel, log_mel
from monitor.encoders.stored_encoder import repeat_to
from monitor.errors import ModelError
from monitor.export.checkpoints import Checkpoint, read_checkpoint

_BESIDE = ("tokenizer.json", "preprocessor_config.json")
"""What a checkpoint has that does not change."""


class TowerTraining(msgspec.Struct, frozen=True, kw_only=True):
    """How the towers are trained."""

    epochs: int = 20
    batch: int = 128
    learning_rate: float = 1e-4
    last_learning_rate: float = 1e-8
    softness: float = 0.3
    seed: int = 0
    sound_only: bool = False
    """Whether the text tower stays as it is."""


class TowerPairs(msgspec.Struct, frozen=True):
    """n pairs, and what the model makes of them before."""

    hear: Callable[[int], NDArray[np.float32]]
    """Returns the sound of a pair, float32 (t,), at the model's rate."""
    captions: Sequence[str]
    audio: NDArray[np.float32]
    """float32 (n, d), unit norm."""
    text: NDArray[np.float32]
    """float32 (n, d), unit norm."""
    input_len: int
    """Samples that the audio tower takes; shorter sound is repeated."""


class FineTuned:
    """A checkpoint that was trained, in memory."""

    def __init__(self, model: Any, source: Path, losses: tuple[float, ...]) -> None:
        self.losses = losses
        """Mean of each epoch."""
        self._model = model
        self._source = source

    def write(self, folder: Path) -> None:
        """Write it as a checkpoint that `monitor models export` takes.

        Raises
        ------
        ModelError
            It cannot be written.
        """
        from transformers.utils import logging

        logging.disable_progress_bar()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._model.save_pretrained(folder, safe_serialization=True)
            for name in _BESIDE:
                shutil.copyfile(self._source / name, folder / name)
        except OSError as error:
            raise ModelError(f"Cannot write the checkpoint {folder}: {error.strerror}.") from None


def fine_tune(
    folder: Path, pairs: TowerPairs, options: TowerTraining, advance: Callable[[], None] = lambda: None
) -> FineTuned:
    """Train a checkpoint, a folder as transformers writes it, on `pairs`.

    Parameters
    ----------
    advance
        Called after each batch: `batches(pairs, options)` times an epoch.

    Raises
    ------
    ModelError
        It is no checkpoint that can be trained.
    """
    checkpoint = read_checkpoint(folder)
    if checkpoint.tokenizer is None:
        raise ModelError(
            f"{folder} has no tokenizer.json, and captions cannot be read without; put it there."
        )
    torch.manual_seed(options.seed)
    model = checkpoint.model()
    trained = [tensor for name, tensor in model.named_parameters() if _is_trained(name, options)]
    for tensor in model.parameters():
        tensor.requires_grad_(False)
    for tensor in trained:
        tensor.requires_grad_(True)
    learner = _Learner(model, checkpoint, pairs, options)
    losses = []
    for _ in range(options.epochs):
        order = learner.rng.permutation(len(pairs.captions))
        starts = range(0, len(order), options.batch)
        found = [learner.step(order[start : start + options.batch], advance) for start in starts]
        losses.append(float(np.mean(found)))
    return FineTuned(model, folder, tuple(losses))


def batches(pairs: TowerPairs, options: TowerTraining) -> int:
    """Return the batches of an epoch."""
    return math.ceil(len(pairs.captions) / options.batch)


class _Learner:
    def __init__(self, model: Any, checkpoint: Checkpoint, pairs: TowerPairs, options: TowerTraining) -> None:
        from tokenizers import Tokenizer

        self.rng = np.random.default_rng(options.seed)
        self._model = model
        self._mel: Mel = checkpoint.front_end.mel
        self._pairs = pairs
        self._options = options
        self._tokenizer = Tokenizer.from_file(str(checkpoint.tokenizer))
        self._tokenizer.enable_padding(pad_id=_pad(model), pad_token="<pad>")  # noqa: S106 - no password
        self._tokenizer.enable_truncation(model.config.text_config.max_position_embeddings - 4)
        trained = [tensor for tensor in model.parameters() if tensor.requires_grad]
        self._adam = torch.optim.Adam(trained, lr=options.learning_rate)
        self._steps = options.epochs * batches(pairs, options)
        self._done = 0

    def step(self, rows: NDArray[np.intp], advance: Callable[[], None]) -> float:
        """Learn from some pairs, and return their loss."""
        for group in self._adam.param_groups:
            group["lr"] = self._rate()
        audio, text = self._sounds(rows), self._captions(rows)
        loss = self._loss(audio, text, rows)
        self._adam.zero_grad()
        loss.backward()
        self._adam.step()
        self._done += 1
        advance()
        return float(loss.detach())

    def _rate(self) -> float:
        first, last = self._options.learning_rate, self._options.last_learning_rate
        angle = math.pi * self._done / max(self._steps - 1, 1)
        return last + (first - last) * 0.5 * (1.0 + math.cos(angle))

    def _sounds(self, rows: NDArray[np.intp]) -> Tensor:
        sound = np.concatenate(
            [repeat_to(self._pairs.hear(int(row))[np.newaxis], self._pairs.input_len) for row in rows]
        )
        spectrograms = torch.from_numpy(log_mel(sound, self._mel)[:, np.newaxis])
        longer = torch.zeros((len(rows), 1), dtype=torch.bool)
        return _pooled(self._model.get_audio_features(input_features=spectrograms, is_longer=longer))

    def _captions(self, rows: NDArray[np.intp]) -> Tensor:
        items = self._tokenizer.encode_batch([self._pairs.captions[row] for row in rows])
        ids = torch.tensor([item.ids for item in items])
        mask = torch.tensor([item.attention_mask for item in items])
        return _pooled(self._model.get_text_features(input_ids=ids, attention_mask=mask))

    def _loss(self, audio: Tensor, text: Tensor, rows: NDArray[np.intp]) -> Tensor:
        scale = self._model.logit_scale_a.exp().detach()
        before = scale * torch.from_numpy(self._pairs.audio[rows] @ self._pairs.text[rows].T)
        now = scale * audio @ text.T
        hard, weight = torch.eye(len(rows)), self._options.softness
        by_sound, by_caption = (
            (1.0 - weight) * hard + weight * functional.softmax(one, dim=1) for one in (before, before.T)
        )
        return 0.5 * (functional.cross_entropy(now, by_sound) + functional.cross_entropy(now.T, by_caption))


def _is_trained(name: str, options: TowerTraining) -> bool:
    return not name.startswith("logit_scale") and not (options.sound_only and name.startswith("text_"))


def _pad(model: Any) -> int:
    return int(model.config.text_config.pad_token_id)


def _pooled(features: Any) -> Tensor:
    """Return embeddings of unit norm; before transformers 5 they come bare."""
    found: Tensor = getattr(features, "pooler_output", features)
    return functional.normalize(found, dim=1)
