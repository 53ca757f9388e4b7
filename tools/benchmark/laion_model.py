"""CLAP as laion-clap runs it, beside newer torch and transformers than it asks for.

What laion-clap 1.1.7 takes, as found by installing it beside torch 2.13 and transformers 5.23:

- It pins numpy below 2, so Python 3.12 is the newest that will do, and brings some 80 packages, 1.9 GB with
  torch (weights-and-biases, librosa with numba, h5py, pandas and scikit-learn among them). The exporter's
  ml_dtypes asks for numpy 2 and runs with 1.26 all the same, so install `numpy<2` last.
- It imports torchvision and Pillow without declaring them. Of torchvision an unfused model uses nothing, so
  where it is not installed its names are stood in for here; `pip install pillow` does for the other.
- On import it loads three tokenizers from the hub. Offline, transformers 5 makes empty ones of five tokens
  and says nothing, so texts are given as token ids here.
- Its constructor fetches the weights of roberta-base, which a checkpoint then replaces. Here the text network
  starts with random weights instead.
- `load_ckpt` unpickles whatever the file holds. Here a state is handed over that was read with weights only.

Set HF_HUB_OFFLINE=1 before Python starts, or it tries the hub again and again.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

LAION_TOKENS = 77
"""Every text is padded to this length by laion-clap's own tokenizer."""
PADDING_ID = 1
"""RoBERTa's token for what is no text."""
_ROBERTA_ROWS, _ROBERTA_POSITIONS = 50_265, 514
_TORCHVISION = {
    "torchvision": (),
    "torchvision.datasets": (),
    "torchvision.ops": (),
    "torchvision.ops.misc": ("FrozenBatchNorm2d",),
    "torchvision.transforms": (
        "Normalize",
        "Compose",
        "RandomResizedCrop",
        "InterpolationMode",
        "ToTensor",
        "Resize",
        "CenterCrop",
    ),
}
"""Modules of torchvision that are imported, and the names taken from each."""


class LaionClap:
    """An unfused model of laion-clap with HTSAT-tiny, in evaluation mode."""

    def __init__(self, state: Mapping[str, Tensor] | None = None) -> None:
        """Build the model with a checkpoint's state, or with the random weights it begins with."""
        package = import_laion_clap()
        self._clap = package.CLAP_Module(enable_fusion=False, device="cpu", amodel="HTSAT-tiny").eval()
        if state is not None:
            self._clap.model.load_state_dict(known_to(state, self._clap.model.state_dict()))

    @property
    def state(self) -> dict[str, Tensor]:
        """The weights, named as in a checkpoint."""
        return dict(self._clap.model.state_dict())

    def embed(self, windows: Floats) -> Floats:
        """Embed sound, float32 (n, 480000) at 48 kHz, as its users do: float32 (n, 512)."""
        import torch

        with torch.inference_mode():
            return np.asarray(self._clap.get_audio_embedding_from_data(windows))

    def log_mel(self, windows: Floats) -> Tensor:
        """Compute the front end alone, behind the same rounding to 16 bits."""
        import torch

        rounded = np.clip(windows, -1, 1) * 32767
        sound = torch.from_numpy((rounded.astype(np.int16) / 32767).astype(np.float32))
        tower = self._clap.model.audio_branch
        with torch.inference_mode():
            spectrogram: Tensor = tower.logmel_extractor(tower.spectrogram_extractor(sound))
            return spectrogram

    def embed_tokens(self, ids: Ids) -> Floats:
        """Embed texts given as token ids, int64 (n, t), padded as its tokenizer does: float32 (n, 512)."""
        import torch

        padded, mask = pad(ids)
        given = {"input_ids": torch.from_numpy(padded), "attention_mask": torch.from_numpy(mask)}
        with torch.inference_mode():
            return np.asarray(self._clap.get_text_embedding(["given as ids"], tokenizer=lambda _: given))


def pad(ids: Ids) -> tuple[Ids, Ids]:
    """Pad token ids (n, t) to `LAION_TOKENS`; return them and their mask."""
    missing = ((0, 0), (0, LAION_TOKENS - ids.shape[1]))
    return np.pad(ids, missing, constant_values=PADDING_ID), np.pad(np.ones_like(ids), missing)


def known_to(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors that the model has, without the prefix of training on several GPUs."""
    bare = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    return {name: tensor for name, tensor in bare.items() if name in wanted}


def import_laion_clap() -> Any:
    """Import laion-clap; stand in for what it takes from torchvision and from the hub.

    Raises
    ------
    ModuleNotFoundError
        It is not installed.
    """
    from transformers import RobertaModel  # before torchvision is stood in for: it looks for it, too

    if importlib.util.find_spec("torchvision") is None:
        for name, attributes in _TORCHVISION.items():
            stand_in(name, attributes)
    RobertaModel.from_pretrained = classmethod(_begin_randomly)  # type: ignore[method-assign, assignment]
    import laion_clap  # type: ignore[import-not-found]

    return laion_clap


def stand_in(name: str, attributes: Sequence[str]) -> None:
    """Register a module with these names in it, none of which does anything."""
    module = types.ModuleType(name)
    module.__spec__ = importlib.util.spec_from_loader(name, loader=None)
    for attribute in attributes:
        setattr(module, attribute, type(attribute, (), {}))
    sys.modules[name] = module
    above, _, last = name.rpartition(".")
    if above:
        setattr(sys.modules[above], last, module)


def _begin_randomly(model: Any, _name: str) -> Any:
    """Stand in for `RobertaModel.from_pretrained("roberta-base")`: the same network, random weights."""
    from transformers import RobertaConfig

    return model(
        RobertaConfig(
            vocab_size=_ROBERTA_ROWS,
            max_position_embeddings=_ROBERTA_POSITIONS,
            type_vocab_size=1,
            layer_norm_eps=1e-5,
        )
    )
