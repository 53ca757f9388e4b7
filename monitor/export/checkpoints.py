"""Reads published checkpoints, CLAP's here: what they hold, never code they carry.

Two layouts: a file of laion-clap (a pickle with a `state_dict`), and a folder as transformers writes it
(`config.json`, `preprocessor_config.json`, `model.safetensors` or `pytorch_model.bin`, `tokenizer.json`).
Which network it is, and whether it is fused, is read off the tensors and never off a file's name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from torch import Tensor

from monitor.encoders.clap import INPUT_LEN
from monitor.encoders.laion_names import bare, is_laion, to_transformers
from monitor.encoders.log_mel import BANDS, FFT_LEN, HOP_LEN, SAMPLE_RATE, Mel, mel_filters
from monitor.encoders.weights import load_pickle, load_safetensors, named_tensors, reason, tensors_of
from monitor.errors import ModelError
from monitor.export.architecture import Architecture, read_architecture
from monitor.export.front_end import FrontEndSpec
from monitor.export.tagger import Tagger, is_tagger, read_tagger
from monitor.files.reading import read_stored
from monitor.models.store import sha256_of

Layout = Literal["laion-clap", "transformers"]

_ROBERTA_EPS = 1e-5
"""What RoBERTa's norms add to the variance; transformers' CLAP has 1e-12 unless its config.json says more."""
_MADE_BY_THE_MODEL = ("position_ids", "token_type_ids", "relative_position_index", "num_batches_tracked")
"""Tensors that follow from the shape and need not be stored."""
_EXTRACTOR = {
    "sampling_rate": SAMPLE_RATE,
    "hop_length": HOP_LEN,
    "fft_window_size": FFT_LEN,
    "feature_size": BANDS,
    "nb_max_samples": INPUT_LEN,
    "frequency_min": 50,
    "frequency_max": 14_000,
    "padding": "repeatpad",
    "top_db": None,
}
"""What a feature extractor must be; in the rest published checkpoints do not differ."""
_MELS: dict[str, Mel] = {"rand_trunc": "slaney", "fusion": "htk"}
"""The filterbank that goes with the extractor's way of shortening."""


@dataclass(frozen=True)
class Checkpoint:
    """What was read."""

    name: str
    """Of the file or folder, without the path."""
    layout: Layout
    sha256: str
    """Of the file with the weights."""
    architecture: Architecture
    front_end: FrontEndSpec
    source: Any
    """The `ClapModel` with these weights, in evaluation mode: what an export is compared with."""
    tokenizer: Path | None
    """The `tokenizer.json` beside the weights."""
    notes: tuple[str, ...] = ()
    """What the user should know, as sentences."""

    def model(self) -> Any:
        """Return a model of its own; an export may change it."""
        return deepcopy(self.source)


def read_any(path: Path) -> Checkpoint | Tagger:
    """Read the checkpoint at `path`: of CLAP, a file or a folder, or of a tagger, a file.

    Raises
    ------
    ModelError
        There is none, it holds more than weights, or it is none that can be exported.
    """
    if path.is_dir():
        return _read_folder(path)
    if not path.is_file():
        raise ModelError(
            f"There is no checkpoint {path}; valid: a .pt file of laion-clap or EfficientAT, or a folder "
            "with config.json."
        )
    state = named_tensors(load_pickle(path))
    return read_tagger(path, state) if is_tagger(state) else _read_laion(path, state)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read the checkpoint of CLAP at `path`, a file or a folder.

    Raises
    ------
    ModelError
        There is none, it holds more than weights, or it is no CLAP that can be exported.
    """
    found = read_any(path)
    if isinstance(found, Tagger):
        raise ModelError(f"{path.name} is a tagger; valid: a checkpoint of CLAP.")
    return found


def _read_laion(path: Path, state: dict[str, Tensor]) -> Checkpoint:
    if not is_laion(state):
        raise ModelError(
            f"{path.name} is not a laion-clap checkpoint (it has no tensor audio_branch.…), nor "
            "EfficientAT's (features.…); valid: a .pt file of either, or for transformers' layout the "
            "folder with config.json and the weights."
        )
    _check_laion_front_end(path.name, {bare(name): tensor for name, tensor in state.items()})
    tensors = to_transformers(state)
    architecture = read_architecture(_shapes(tensors))
    model, notes = _build(_config(architecture), tensors, path.name)
    front_end = FrontEndSpec("htk" if architecture.fused else "slaney", int16=True)
    return Checkpoint(path.name, "laion-clap", sha256_of(path), architecture, front_end, model, None, notes)


def _read_folder(folder: Path) -> Checkpoint:
    from transformers import ClapConfig

    weights = _weights_in(folder)
    tensors = tensors_of(
        load_safetensors(weights) if weights.suffix == ".safetensors" else load_pickle(weights)
    )
    architecture = read_architecture(_shapes(tensors))
    settings = _read_json(folder / "config.json")
    if settings.get("model_type") != "clap":
        raise ModelError(
            f"{folder.name}/config.json says model_type {settings.get('model_type')!r}; valid: 'clap'."
        )
    config = ClapConfig.from_dict(settings)
    _check_config(folder.name, config, architecture)
    front_end = _front_end(folder, architecture)
    model, notes = _build(config, tensors, weights.name)
    tokenizer = folder / "tokenizer.json"
    return Checkpoint(
        folder.resolve().name,
        "transformers",
        sha256_of(weights),
        architecture,
        front_end,
        model,
        tokenizer if tokenizer.is_file() else None,
        notes,
    )


def _weights_in(folder: Path) -> Path:
    for name in ("model.safetensors", "pytorch_model.bin"):
        if (folder / name).is_file():
            return folder / name
    raise ModelError(
        f"The folder {folder} has neither model.safetensors nor pytorch_model.bin; valid: a folder laid out "
        "as laion/clap-htsat-unfused is, with config.json, preprocessor_config.json, weights, tokenizer.json."
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_stored(path).decode("utf-8"))
    except OSError as error:
        raise ModelError(
            f"Cannot read {path.name} beside the weights: {error.strerror}; fetch it from where they are."
        ) from None
    except ValueError as error:
        raise ModelError(f"{path.name} is not valid JSON: {error}.") from None
    if not isinstance(content, dict):
        raise ModelError(f"{path.name} is not a JSON object.")
    return content


def _front_end(folder: Path, architecture: Architecture) -> FrontEndSpec:
    from transformers import ClapFeatureExtractor

    extractor: Any = ClapFeatureExtractor.from_dict(_read_json(folder / "preprocessor_config.json"))
    for key, valid in _EXTRACTOR.items():
        found = getattr(extractor, key)
        if found != valid:
            raise ModelError(f"{folder.name}/preprocessor_config.json has {key} = {found}; valid: {valid}.")
    mel = _MELS.get(extractor.truncation)
    if mel is None or (mel == "htk" and not architecture.fused):
        valid_ways = " or ".join(_MELS) if architecture.fused else "rand_trunc"
        raise ModelError(
            f"{folder.name}/preprocessor_config.json has truncation = {extractor.truncation!r}; valid for a "
            f"model that is {'fused' if architecture.fused else 'unfused'}: {valid_ways}."
        )
    return FrontEndSpec(mel)


def _check_laion_front_end(name: str, state: Mapping[str, Tensor]) -> None:
    """Compare the front end's own matrices, where the file has them, with what will be computed."""
    basis = state.get("audio_branch.spectrogram_extractor.stft.conv_real.weight")
    if basis is not None and basis.shape[-1] != FFT_LEN:
        raise ModelError(f"{name} has a front end of {basis.shape[-1]} points; valid: {FFT_LEN}.")
    bands = state.get("audio_branch.logmel_extractor.melW")
    if bands is None:
        return
    valid = np.zeros((FFT_LEN // 2 + 1, BANDS))
    filters = mel_filters("slaney")
    valid[: len(filters)] = filters
    if bands.shape != valid.shape or np.abs(bands.numpy() - valid).max() > 1e-3 * valid.max():
        raise ModelError(
            f"{name} has a filterbank that is not Slaney's from 50 Hz to 14 kHz in {BANDS} bands."
        )


def _config(a: Architecture) -> Any:
    from transformers import ClapAudioConfig, ClapConfig, ClapTextConfig

    audio = ClapAudioConfig(
        patch_embeds_hidden_size=a.width,
        hidden_size=a.audio_width,
        depths=list(a.depths),
        num_attention_heads=list(a.heads),
        enable_fusion=a.fused,
        projection_dim=a.dim,
    )
    text = ClapTextConfig(
        vocab_size=a.vocabulary,
        hidden_size=a.text_width,
        num_hidden_layers=a.text_depth,
        num_attention_heads=a.text_heads,
        intermediate_size=a.text_inner,
        max_position_embeddings=a.positions,
        type_vocab_size=a.token_types,
        layer_norm_eps=_ROBERTA_EPS,
        projection_dim=a.dim,
    )
    return ClapConfig(text_config=text.to_dict(), audio_config=audio.to_dict(), projection_dim=a.dim)


def _check_config(name: str, config: Any, a: Architecture) -> None:
    audio, text = config.audio_config, config.text_config
    claims = {
        "audio_config.patch_embeds_hidden_size": (audio.patch_embeds_hidden_size, a.width),
        "audio_config.depths": (tuple(audio.depths), a.depths),
        "audio_config.num_attention_heads": (tuple(audio.num_attention_heads), a.heads),
        "audio_config.enable_fusion": (audio.enable_fusion, a.fused),
        "text_config.vocab_size": (text.vocab_size, a.vocabulary),
        "text_config.hidden_size": (text.hidden_size, a.text_width),
        "text_config.num_hidden_layers": (text.num_hidden_layers, a.text_depth),
        "projection_dim": (config.projection_dim, a.dim),
    }
    for key, (said, found) in claims.items():
        if said != found:
            raise ModelError(
                f"{name}/config.json says {key} = {said}, the tensors {found}; they do not belong together."
            )


def _build(config: Any, tensors: Mapping[str, Tensor], name: str) -> tuple[Any, tuple[str, ...]]:
    """Return the `ClapModel` with these tensors, and what is to be said about it."""
    from transformers import ClapModel

    config.text_config._attn_implementation = "eager"  # noqa: SLF001 - plain products export and quantise best
    model: Any = ClapModel(config)
    try:
        missing, extra = model.load_state_dict(tensors, strict=False)
    except RuntimeError as error:
        raise ModelError(f"{name} does not fit the network it describes: {reason(error)}") from None
    lacking = [key for key in missing if not key.endswith(_MADE_BY_THE_MODEL)]
    if lacking:
        raise ModelError(
            f"{name} lacks {len(lacking)} tensors of a CLAP model, {lacking[0]} the first; fetch it again."
        )
    unknown = [key for key in extra if not key.endswith(_MADE_BY_THE_MODEL)]
    notes = (
        (f"{name} has {len(unknown)} tensors that are not used, {unknown[0]} the first.",) if unknown else ()
    )
    return model.eval(), notes


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
