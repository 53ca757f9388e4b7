"""CLAP models of the real structure with random weights, and files laid out as the published ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from monitor.encoders.log_mel import mel_filters
from tests.export.tokens import write_tokenizer

VOCABULARY = 400
EXTRACTOR = {
    "feature_extractor_type": "ClapFeatureExtractor",
    "chunk_length_s": 10,
    "feature_size": 64,
    "fft_window_size": 1024,
    "frequency_max": 14000,
    "frequency_min": 50,
    "hop_length": 480,
    "max_length_s": 10,
    "n_fft": 1024,
    "nb_frequency_bins": 513,
    "nb_max_frames": 1000,
    "nb_max_samples": 480000,
    "padding": "repeatpad",
    "padding_side": "right",
    "padding_value": 0.0,
    "processor_class": "ClapProcessor",
    "return_attention_mask": False,
    "sampling_rate": 48000,
    "top_db": None,
    "truncation": "rand_trunc",
}
"""preprocessor_config.json of laion/clap-htsat-unfused."""


def make_config(fused: bool = False, text_eps: float = 1e-12, **audio: Any) -> Any:
    """Return the configuration of a model a thousand times smaller; `audio` changes the audio tower's."""
    from transformers import ClapAudioConfig, ClapConfig, ClapTextConfig

    tower = {
        "patch_embeds_hidden_size": 8,
        "hidden_size": 64,
        "depths": [2, 1, 2, 1],
        "num_attention_heads": [1, 2, 2, 4],
        "enable_fusion": fused,
        "projection_dim": 32,
        **audio,
    }
    text = ClapTextConfig(
        vocab_size=VOCABULARY,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=1,
        intermediate_size=96,
        max_position_embeddings=90,
        layer_norm_eps=text_eps,
        projection_dim=32,
    )
    dim = int(tower["projection_dim"])
    return ClapConfig(
        text_config=text.to_dict(), audio_config=ClapAudioConfig(**tower).to_dict(), projection_dim=dim
    )


def make_model(config: Any) -> Any:
    """Return a model with random weights, large enough that sounds, words and places in a window differ."""
    import torch
    from transformers import ClapModel

    torch.manual_seed(0)
    config.text_config._attn_implementation = "eager"
    model: Any = ClapModel(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "relative_position_bias_table" in name:
                weight.normal_(0.0, 0.5)
            elif weight.ndim > 1:
                weight.mul_(3.0)
            elif name.endswith("bias"):
                weight.normal_(0.0, 0.1)
        norm = model.audio_model.audio_encoder.batch_norm
        norm.running_mean.uniform_(-40.0, -20.0)
        norm.running_var.uniform_(100.0, 300.0)
    return model.eval()


def write_folder(folder: Path, model: Any, safetensors: bool = True, **extractor: Any) -> Path:
    """Write a folder as laion/clap-htsat-unfused is laid out, or laion/larger_clap_general (a pickle)."""
    import json

    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(model.config.to_json_string(), "utf-8")
    fused = model.config.audio_config.enable_fusion
    settings = EXTRACTOR | {"truncation": "fusion" if fused else "rand_trunc"} | extractor
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), "utf-8")
    state = {name: tensor.contiguous().clone() for name, tensor in model.state_dict().items()}
    if safetensors:
        save_file(state, folder / "model.safetensors", {"format": "pt"})
    else:
        torch.save(state, folder / "pytorch_model.bin")
    write_tokenizer(folder / "tokenizer.json", model.config.text_config.vocab_size)
    return folder


def write_laion(path: Path, model: Any, prefix: str = "module.") -> Path:
    """Write a training checkpoint as laion-clap's: the state dict among other things, NumPy numbers too."""
    import torch

    state = {prefix + name: tensor for name, tensor in laion_state(model.state_dict()).items()}
    content = {
        "epoch": 15,
        "name": "CLAP",
        "best": np.float64(0.9),
        "optimizer": {"state": {}},
        "state_dict": state,
    }
    torch.save(content, path)
    return path


def laion_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a `ClapModel`'s tensors as laion-clap names and packs them, with those only laion-clap has."""
    import torch

    found = {}
    for name, tensor in state.items():
        if name.endswith(("relative_position_index", "token_type_ids")):
            continue
        if ".self.query." in name and name.startswith("audio_model"):
            parts = [state[name.replace("query", part)] for part in ("query", "key", "value")]
            found[_laion_name(name).replace("query", "qkv")] = torch.cat(parts)
        elif not (name.startswith("audio_model") and re.search(r"\.self\.(key|value)\.", name)):
            found[_laion_name(name)] = tensor
    width = state["audio_projection.linear1.weight"].shape[1]
    bands = np.zeros((513, 64), np.float32)
    filters = mel_filters("slaney")
    bands[: len(filters)] = filters
    return found | {
        "audio_branch.spectrogram_extractor.stft.conv_real.weight": torch.zeros(513, 1, 1024),
        "audio_branch.logmel_extractor.melW": torch.from_numpy(bands),
        "audio_branch.layers.0.blocks.1.attn_mask": torch.zeros(64, 64, 64),
        "audio_branch.tscam_conv.weight": torch.zeros(527, width, 2, 3),
        "audio_branch.head.weight": torch.zeros(527, 527),
        "text_branch.embeddings.position_ids": torch.arange(90)[None],
        "text_transform.sequential.0.weight": torch.zeros(4, 4),
        "audio_transform.sequential.3.bias": torch.zeros(4),
    }


def _laion_name(name: str) -> str:
    """Return laion-clap's name, as its own modules are called."""
    if name.startswith("text_model."):
        return "text_branch." + name.removeprefix("text_model.")
    if not name.startswith("audio_model."):
        return name.replace("linear1", "0").replace("linear2", "2")
    name = "audio_branch." + name.removeprefix("audio_model.audio_encoder.")
    for theirs, ours in {
        "attention.self.": "attn.",
        "attention.output.dense": "attn.proj",
        "layernorm_before": "norm1",
        "layernorm_after": "norm2",
        "intermediate.dense": "mlp.fc1",
        "output.dense": "mlp.fc2",
        "batch_norm": "bn0",
    }.items():
        name = name.replace(theirs, ours)
    return name
