"""The ways in which a GPU may run CLAP's audio tower, each one call on arrays: ONNX Runtime, and torch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import ModelConfig
from monitor.encoders.onnx import OnnxEngine
from monitor.models.manifest import ModelEntry, ModelFile
from monitor.models.store import StoredModel
from tools.benchmark.clap_sounds import WINDOW_LEN

Floats = NDArray[np.float32]
Embed = Callable[[Floats], Floats]


def open_ways(checkpoint: Path | None, folder: Path, provider: str) -> dict[str, Callable[[], Embed]]:
    """Write the graphs and return how each way is opened; the first is float32 on the CPU."""
    from monitor.export import onnx_graphs as graphs
    from monitor.export.tower_networks import AudioTower

    model, spec = load_source(checkpoint)
    for half, name in ((False, "fp32"), (True, "fp16")):
        graphs.write_audio(AudioTower(model(), spec, half=half), folder / f"{name}.onnx", WINDOW_LEN)
    return {
        "reference": lambda: open_onnx(folder / "fp32.onnx", "cpu"),
        "ONNX Runtime, float32": lambda: open_onnx(folder / "fp32.onnx", provider),
        "ONNX Runtime, float16": lambda: open_onnx(folder / "fp16.onnx", provider),
        "torch, float32": lambda: open_torch(AudioTower(model(), spec), provider, "float32"),
        "torch, float16": lambda: open_torch(AudioTower(model(), spec), provider, "float16"),
        "torch, bfloat16": lambda: open_torch(AudioTower(model(), spec), provider, "bfloat16"),
    }


def load_source(checkpoint: Path | None) -> tuple[Callable[[], Any], Any]:
    """Return how to get a model of one's own, and its front end."""
    if checkpoint:
        from monitor.export.checkpoints import read_checkpoint

        found = read_checkpoint(checkpoint)
        return found.model, found.front_end
    import torch
    from transformers import ClapConfig, ClapModel

    from monitor.export.front_end import FrontEndSpec

    def make() -> Any:
        torch.manual_seed(0)
        model: Any = ClapModel(ClapConfig())
        return model.eval()

    return make, FrontEndSpec("slaney")


def open_onnx(path: Path, provider: str) -> Embed:
    """Open a graph as `monitor` does."""
    file = ModelFile(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
    entry = ModelEntry(
        audio=file,
        text=file,  # never opened
        tokenizer=file,
        sample_rate=48_000,
        window_len=WINDOW_LEN,
        dim=512,
        licence="",
        source="",
        prompt="{}",
        max_tokens=77,
    )
    return OnnxEngine(StoredModel(path.stem, entry, path.parent), ModelConfig(provider=provider)).audio


def open_torch(tower: Any, device: str, kind: str) -> Embed:
    """Run a tower in torch, the network behind its front end in `kind`."""
    import torch

    tower = tower.eval().to(device)

    def embed(sounds: Floats) -> Floats:
        with torch.inference_mode():
            mel = tower.log_mel(torch.from_numpy(sounds).to(device)) * tower.scale + tower.shift
            with nullcontext() if kind == "float32" else torch.autocast(device, getattr(torch, kind)):
                point = tower.projection(tower.network(tower.stretch(mel)))
            return np.asarray(torch.nn.functional.normalize(point.float(), dim=-1).cpu())

    return embed
