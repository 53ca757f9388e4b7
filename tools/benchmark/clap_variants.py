"""The ways to embed sound and text that `benchmark_clap.py` compares, each one call on arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.benchmark.clap_sounds import SAMPLE_RATE, WINDOW_LEN
from tools.benchmark.laion_model import LaionClap

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

TRANSFORMERS, LAION = "transformers", "laion-clap"
LABELS = {
    LAION: "laion-clap, torch",
    TRANSFORMERS: "transformers' ClapModel, torch",
    "public": "its graph as public files have it, log-mel in NumPy",
    "public-int8": "the same, uint8 as public files are",
    "fp32": "**exported, float32**",
    "int8": "**exported, int8**",
    "two": "exported, two pieces (5.12 s)",
    "one": "exported, one piece (2.56 s)",
}
"""Audio variants in the order of the tables."""
TEXT_LABELS = {
    LAION: "laion-clap, torch (pads to 77 tokens)",
    TRANSFORMERS: "transformers' ClapModel, torch",
    "text": "**exported, float32**",
    "text-int8": "**exported, int8**",
}
HF_FOLDER = "hf"
"""The weights as transformers writes them."""
HEARD_LEN = {"two": 245_760, "one": 122_880}
"""Samples an audio tower hears where it is not ten seconds."""


@dataclass(frozen=True)
class Variant:
    """One way to embed sound."""

    name: str
    embed: Callable[[Floats], Floats]
    """From sound, float32 (n, `heard_len(name)`), to float32 (n, 512), unit norm."""
    front: Callable[[Floats], object]
    """Its front end alone, on the same sound."""


def heard_len(name: str) -> int:
    """Return the samples a variant takes."""
    return HEARD_LEN.get(name, WINDOW_LEN)


def open_audio(name: str, folder: Path, weights: Path, threads: int, *, spinning: bool = False) -> Variant:
    """Load one variant; torch runs on as many threads as its environment says."""
    if name == TRANSFORMERS:
        return _transformers_audio(folder)
    if name == LAION:
        return _laion_audio(weights)
    session = open_graph(folder / f"{name}.onnx", threads, spinning=spinning)
    if name.startswith("public"):
        return Variant(name, lambda sound: _run(session, _spectrograms(sound)), _spectrograms)
    front_name = name if name in HEARD_LEN else "fp32"
    front = open_graph(folder / f"{front_name}-front.onnx", threads, spinning=spinning)
    return Variant(name, lambda sound: _run(session, sound), lambda sound: _run(front, sound))


def open_text(name: str, folder: Path, weights: Path, threads: int) -> Callable[[Ids], Floats]:
    """Load one way to embed texts of one length, token ids (n, t)."""
    if name == LAION:
        return _laion(weights).embed_tokens
    if name == TRANSFORMERS:
        return _transformers_text(folder)
    session = open_graph(folder / f"{name}.onnx", threads)

    def embed(ids: Ids) -> Floats:
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        return np.asarray(session.run(None, feed)[0])

    return embed


def open_graph(path: Path, threads: int, *, spinning: bool = False) -> Any:
    """Open a graph as `monitor` does; 0 threads and spinning are ONNX Runtime's own settings."""
    from monitor.encoders.runtime import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = min(threads, 1)
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spinning else "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])


def _run(session: Any, given: NDArray[Any]) -> Floats:
    return np.asarray(session.run(None, {session.get_inputs()[0].name: given})[0])


def _rounded(sound: Floats) -> Floats:
    """Round sound to 16 bits, as laion-clap does and the graphs exported from its weights do."""
    steps = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
    return np.asarray(steps / np.float32(32767), np.float32)


def _spectrograms(sound: Floats) -> Floats:
    """Draw what a graph without a front end takes, as `monitor` does."""
    from monitor.encoders.log_mel import log_mel

    return log_mel(_rounded(sound), "slaney")[:, None]


def _transformers_audio(folder: Path) -> Variant:
    import torch
    from transformers import ClapFeatureExtractor

    model = _transformers(folder)
    extractor = ClapFeatureExtractor(frequency_min=50, frequency_max=14_000, truncation="rand_trunc")

    def front(sound: Floats) -> Any:
        return extractor(list(_rounded(sound)), sampling_rate=SAMPLE_RATE, return_tensors="pt")

    def embed(sound: Floats) -> Floats:
        with torch.inference_mode():
            return _unit(model.get_audio_features(**front(sound)))

    return Variant(TRANSFORMERS, embed, front)


def _transformers_text(folder: Path) -> Callable[[Ids], Floats]:
    import torch

    model = _transformers(folder)

    def embed(ids: Ids) -> Floats:
        with torch.inference_mode():
            given = torch.from_numpy(ids)
            return _unit(model.get_text_features(input_ids=given, attention_mask=torch.ones_like(given)))

    return embed


@lru_cache
def _transformers(folder: Path) -> Any:
    """Return the model as its users load it."""
    from transformers import ClapModel

    model: Any = ClapModel.from_pretrained(folder / HF_FOLDER, local_files_only=True)
    return model.eval()


def _unit(features: Any) -> Floats:
    """Return embeddings of unit norm; before transformers 5 they come bare."""
    import torch

    points = getattr(features, "pooler_output", features)
    return np.asarray(torch.nn.functional.normalize(points, dim=-1))


def _laion_audio(weights: Path) -> Variant:
    clap = _laion(weights)
    return Variant(LAION, clap.embed, clap.log_mel)


@lru_cache
def _laion(weights: Path) -> LaionClap:
    from monitor.encoders.weights import load_pickle

    return LaionClap(load_pickle(weights)["state_dict"])
