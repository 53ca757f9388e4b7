"""The towers of a CLAP checkpoint in torch: a second opinion on what was exported.

Reads a folder laid out as on Hugging Face: `config.json`, `model.safetensors`, `tokenizer.json`. Pickled
weights (`pytorch_model.bin`) are never read here; `monitor models export` turns them into a model.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.encoders.clap import HOP_S, INPUT_LEN, MAX_TOKENS, PROMPT
from monitor.encoders.log_mel import SAMPLE_RATE
from monitor.errors import ModelAbsent, ModelError
from monitor.extras import install
from monitor.files.reading import read_stored
from monitor.models.manifest import ModelEntry, ModelFile
from monitor.models.store import StoredModel, sha256_of
from monitor.privacy import keep_private

WEIGHTS, TOKENIZER, CONFIG = "model.safetensors", "tokenizer.json", "config.json"
_LIBRARIES = ("torch", "transformers", "safetensors")


class _TextConfig(msgspec.Struct, frozen=True):
    """What matters of the text tower."""

    vocab_size: int = 50265


class _AudioConfig(msgspec.Struct, frozen=True):
    """What matters of the audio tower."""

    enable_fusion: bool = False


class _Config(msgspec.Struct, frozen=True):
    """What matters of `config.json`; the defaults are those of the format."""

    model_type: str
    projection_dim: int = 512
    text_config: _TextConfig = _TextConfig()
    audio_config: _AudioConfig = _AudioConfig()


_CONFIG = msgspec.json.Decoder(_Config)


def read_checkpoint(folder: Path) -> StoredModel:
    """Return the CLAP checkpoint in `folder` as a model, its files hashed as they are.

    Raises
    ------
    ModelError
        It is none, or is kept as a pickle.
    """
    try:
        config = _CONFIG.decode(read_stored(folder / CONFIG))
        if config.model_type != "clap":
            raise ModelError(
                f"{folder} holds a model of type {config.model_type!r}; provider = torch runs clap."
            )
        weights, tokenizer = (_hashed(folder, name) for name in (WEIGHTS, TOKENIZER))
    except OSError as error:
        raise ModelError(
            f"provider = torch reads a Hugging Face folder with {CONFIG}, {WEIGHTS} and {TOKENIZER}; "
            f"{error.filename}: {error.strerror}. Give such a folder as --model, or use provider = cpu."
        ) from None
    except msgspec.DecodeError as error:
        raise ModelError(f"{folder / CONFIG} is not valid: {error}.") from None
    entry = ModelEntry(
        audio=weights,
        text=weights,
        tokenizer=tokenizer,
        sample_rate=SAMPLE_RATE,
        window_len=INPUT_LEN,
        input_len=INPUT_LEN,
        hop_s=HOP_S,
        dim=config.projection_dim,
        front_end="log_mel",
        mel="htk" if config.audio_config.enable_fusion else "slaney",
        prompt=PROMPT,
        max_tokens=MAX_TOKENS,
        vocabulary=config.text_config.vocab_size,
        licence="see the checkpoint",
        source=folder.name,
    )
    return HashedCheckpoint(folder.resolve().name, entry, folder)


class HashedCheckpoint(StoredModel, frozen=True):
    """A folder whose hashes are those of the files as they were found."""

    @property
    def is_pinned(self) -> bool:
        """Whether the hashes were known before: they were not."""
        return False


def _hashed(folder: Path, name: str) -> ModelFile:
    return ModelFile(name, sha256_of(folder / name))


class TorchEngine:
    """Runs a checkpoint on a GPU, if there is one, in full single precision. Satisfies `Engine`."""

    def __init__(self, model: StoredModel, threads: int = 1) -> None:
        """Load the checkpoint of `model`.

        Raises
        ------
        ModelError
            torch is not installed, or the weights do not fit the configuration.
        """
        missing = [name for name in _LIBRARIES if find_spec(name) is None]
        if missing:
            raise ModelAbsent(
                f"provider = torch needs {', '.join(missing)}, which is not installed; use provider = cpu, "
                f"or run: {install(extra='export')}"
            )
        self._device = open_device(threads)
        self._model = _load(model).to(self._device).eval()
        self.batches = self._device.type == "cuda"

    def audio(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return float32 (n, dim) for spectrograms, float32 (n, 1, t, bands)."""
        import torch

        with torch.inference_mode():
            shorter = torch.zeros((len(sound), 1), dtype=torch.bool, device=self._device)
            spectrograms = torch.from_numpy(sound).to(self._device)
            return _pooled(self._model.get_audio_features(input_features=spectrograms, is_longer=shorter))

    def open_text(self) -> TorchEngine:
        """Return itself: the checkpoint is one file, and is loaded."""
        return self

    def embed(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return float32 (n, dim) for texts of one length, token ids int64 (n, t)."""
        import torch

        with torch.inference_mode():
            tokens = torch.from_numpy(ids).to(self._device)
            mask = torch.ones_like(tokens)
            return _pooled(self._model.get_text_features(input_ids=tokens, attention_mask=mask))


def open_device(threads: int) -> Any:
    """Return the device that networks of torch run on: a GPU if there is one, in full single precision."""
    import torch

    torch.set_num_threads(threads)
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _load(model: StoredModel) -> Any:
    """Return the network with its weights.

    Raises
    ------
    ModelError
        The file is damaged, or lacks weights: transformers would make them up.
    """
    keep_private()
    import transformers
    from safetensors import SafetensorError

    library: Any = transformers  # typed in part only
    library.utils.logging.disable_progress_bar()
    try:
        network, loaded = library.ClapModel.from_pretrained(
            model.folder, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"Model {model.name!r} cannot be loaded: {str(error).splitlines()[0]}") from None
    if loaded["missing_keys"]:
        first = min(loaded["missing_keys"])
        raise ModelError(
            f"Model {model.name!r}: {WEIGHTS} lacks {len(loaded['missing_keys'])} of the model's weights, "
            f"{first} among them; it is not what {CONFIG} describes."
        )
    return network.float()


def _pooled(features: Any) -> NDArray[np.float32]:
    """Return the embeddings; before transformers 5 they come bare."""
    return np.asarray(getattr(features, "pooler_output", features).float().cpu().numpy())
