"""Runs the towers of a published model. Satisfies `Engine`."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from monitor.encoders.published.catalogue import PublishedModel
from monitor.errors import ModelAbsent, ModelError
from monitor.extras import install
from monitor.privacy import keep_private

if TYPE_CHECKING:
    from torch import nn

    from monitor.encoders.published.fitting import Tensors

_LIBRARIES = ("torch", "transformers", "safetensors")


class PublishedEngine:
    """Both towers in full single precision, on a GPU if there is one."""

    def __init__(self, model: PublishedModel, threads: int = 1) -> None:
        """Load the weights of `model`: tensors and nothing else.

        Raises
        ------
        ModelAbsent
            The extra `rivals` is not installed.
        ModelError
            The weights are not what is published.
        """
        missing = [name for name in _LIBRARIES if find_spec(name) is None]
        if missing:
            raise ModelAbsent(
                f"Model {model.name!r} needs {', '.join(missing)}, which is not installed; run: "
                + install(extra="rivals")
            )
        keep_private()
        from monitor.encoders.torch_ import open_device

        self._device = open_device(threads)
        self.batches = self._device.type == "cuda"
        try:
            towers = _open(model)
        except ModelError as error:
            raise ModelError(f"Model {model.name!r} in {model.folder}: {error}") from None
        self._audio, self._text = (tower.to(self._device).eval() for tower in towers)

    def audio(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return float32 (n, dim) for sound, float32 (n, window_len)."""
        import torch

        with torch.inference_mode():
            found = self._audio(torch.from_numpy(sound).to(self._device))
        return np.asarray(found.float().cpu().numpy())

    def open_text(self) -> PublishedEngine:
        """Return itself: the text tower is loaded."""
        return self

    def embed(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return float32 (n, dim) for texts of one length, token ids int64 (n, t)."""
        import torch

        with torch.inference_mode():
            found = self._text(torch.from_numpy(ids).to(self._device))
        return np.asarray(found.float().cpu().numpy())


def _open(model: PublishedModel) -> tuple[nn.Module, nn.Module]:
    """Return audio and text tower."""
    from monitor.encoders.published import audioclip, clip_text, msclap, wav2clip
    from monitor.encoders.weights import load_pickle, load_safetensors, tensors_of

    content: Any = load_pickle(model.path(model.entry.audio))
    tensors: Tensors = tensors_of(content.get("model", content))
    if model.publication.family == "msclap":
        return msclap.audio_tower(tensors), msclap.text_tower(tensors)
    if model.publication.family == "audioclip":
        return audioclip.audio_tower(tensors), clip_text.text_tower(tensors)
    words = tensors_of(load_safetensors(model.path(model.entry.text)))
    return wav2clip.audio_tower(tensors), clip_text.text_tower(words)
