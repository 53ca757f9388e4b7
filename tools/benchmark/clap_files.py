"""Writes what `benchmark_clap.py` compares: one set of weights, and every graph made of it.

Without a checkpoint the weights are random, in the network of the public checkpoints (HTSAT-tiny, unfused,
and RoBERTa): times and sizes are those of the real ones, embeddings mean nothing. A few numbers are set so
that a mistake shows: the spectrogram is normalised by what the test sounds have in each band, as training
would do, and the tables of relative positions are not nearly zero.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import helper
from torch import Tensor, nn

from monitor.encoders.log_mel import log_mel
from monitor.export import onnx_graphs as graphs
from monitor.export.checkpoints import Checkpoint, read_checkpoint
from monitor.export.pair import input_len_for
from monitor.export.tower_networks import AudioTower, TextTower
from tools.benchmark.clap_sounds import make_sounds
from tools.benchmark.clap_variants import HF_FOLDER
from tools.benchmark.laion_model import LaionClap
from tools.train.graphs import front_end, save_clean

WEIGHTS = "random.pt"
PIECES = {"fp32": 4, "two": 2, "one": 1}
"""Our audio graphs in float32: name, and pieces of the spectrogram."""
_POSITION_SPREAD = 0.5


def prepare(folder: Path, checkpoint: Path | None, say: Callable[[str], None] = print) -> Path:
    """Write all graphs that are not there yet; return the file with their weights."""
    folder.mkdir(parents=True, exist_ok=True)
    path = checkpoint or folder / WEIGHTS
    if not path.exists():
        say("making random weights")
        write_random(path)
    missing = [name for name in _WRITERS if not (folder / f"{name}.onnx").exists()]
    hf_folder = folder / HF_FOLDER
    source = read_checkpoint(path) if missing or not hf_folder.exists() else None
    if source and not hf_folder.exists():
        say(f"writing {HF_FOLDER}/")
        source.source.save_pretrained(partial := folder / "hf.partial")
        partial.replace(hf_folder)
    for name in missing:
        say(f"writing {name}.onnx")
        partial = folder / f"{name}.partial"
        _WRITERS[name](source, partial)
        partial.replace(folder / f"{name}.onnx")
    return path


def write_random(path: Path) -> None:
    """Write random weights as laion-clap writes a checkpoint."""
    torch.manual_seed(0)
    state = LaionClap().state
    spectrograms = torch.from_numpy(log_mel(make_sounds(24), "slaney"))
    state["audio_branch.bn0.running_mean"] = spectrograms.mean((0, 1))
    state["audio_branch.bn0.running_var"] = spectrograms.var((0, 1))
    for name, tensor in state.items():
        if name.endswith("relative_position_bias_table"):
            state[name] = torch.randn_like(tensor) * _POSITION_SPREAD
    # the public files have this one, and laion-clap deletes it when it loads them
    state["text_branch.embeddings.position_ids"] = torch.arange(514)[None]
    partial = path.with_suffix(".partial")
    torch.save({"epoch": 0, "name": "random", "state_dict": state}, partial)
    partial.replace(path)


class PublicAudio(nn.Module):
    """transformers' own audio tower as public ONNX files have it: spectrograms in, embeddings out."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.network, self.projection = model.audio_model, model.audio_projection

    def forward(self, input_features: Tensor) -> Tensor:
        """Return float32 (n, dim) for float32 (n, 1, 1001, 64)."""
        pooled = self.network(input_features=input_features, is_longer=None).pooler_output
        return nn.functional.normalize(self.projection(pooled), dim=-1)


def keep_front(path: Path, target: Path) -> None:
    """Write the part of an audio graph up to the logarithm: its front end."""
    model = onnx.load(path)
    graph = model.graph
    front = front_end(graph)
    log = next(node for node in graph.node if node.op_type == "Log")
    kept = [node for node in graph.node if node.output[0] in front]
    used = {name for node in kept for name in node.input}
    weights = [weight for weight in graph.initializer if weight.name in used]
    del graph.node[:], graph.initializer[:], graph.output[:], graph.value_info[:]
    graph.node.extend(kept)
    graph.initializer.extend(weights)
    spectrogram = helper.make_tensor_value_info(log.output[0], onnx.TensorProto.FLOAT, ["n", "t", "bands"])
    graph.output.append(spectrogram)
    save_clean(model, target)


def _write_ours(pieces: int) -> Callable[[Checkpoint, Path], None]:
    def write(source: Checkpoint, path: Path) -> None:
        tower = AudioTower(source.model(), source.front_end, pieces)
        graphs.write_audio(tower, path, input_len_for(pieces))

    return write


def _write_public(source: Checkpoint, path: Path) -> None:
    torch.onnx.export(
        PublicAudio(source.model()).eval(),
        (torch.randn(2, 1, 1001, 64),),
        str(path),
        input_names=["input_features"],
        output_names=["audio_embeds"],
        opset_version=graphs.OPSET,
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("n")},),
        external_data=False,
        verbose=False,
    )
    graphs.finish(path)


def _write_public_int8(_source: Checkpoint, path: Path) -> None:
    """Quantise as public files are: whole matrices, eight bits."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(path.with_name("public.onnx"))
    del model.graph.value_info[:]
    quantize_dynamic(model, path, op_types_to_quantize=["MatMul", "Gemm"], weight_type=QuantType.QUInt8)


def _write_text(source: Checkpoint, path: Path) -> None:
    graphs.write_text(TextTower(source.model()), path, source.architecture.positions)


def _from(name: str, make: Callable[[Path, Path], None]) -> Callable[[Checkpoint, Path], None]:
    """Make one graph of another that was written before."""
    return lambda _source, path: make(path.with_name(f"{name}.onnx"), path)


_WRITERS: dict[str, Callable[[Any, Path], None]] = {
    **{name: _write_ours(pieces) for name, pieces in PIECES.items()},
    **{f"{name}-front": _from(name, keep_front) for name in PIECES},
    "int8": _from("fp32", graphs.quantise),
    "public": _write_public,
    "public-int8": _write_public_int8,
    "text": _write_text,
    "text-int8": _from("text", graphs.quantise),
}
"""Name of each graph and how it is written, in an order in which nothing is needed before it is there."""
