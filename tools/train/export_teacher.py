"""Write the audio teacher's joint space as a model folder, so that `monitor` can run it beside its own model.

    python -m tools.train.export_teacher --minilm DIR --work DIR --out DIR
    MONITOR_MODELS=DIR monitor eval clips --model teacher ...

For measuring only: both teachers are somebody else's work and are never shipped. `--compare` measures ways
to place the teacher's answer in the joint space, on the validation clips.
"""

from __future__ import annotations

import argparse
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from monitor.encoders.kaldi_mel import HOP, LEAST_POWER, N_FFT, WINDOW
from monitor.export.kaldi_mel import emphasise
from tools.train.corpus import loudest_window, parser_of, read_clip, read_index, words
from tools.train.graphs import open_session, pin_model, save_clean
from tools.train.joint_space import JointSpace, TextTeacher
from tools.train.teacher import RATE, Teacher
from tools.train.teacher_recipes import (
    OFFSET,
    POWER,
    PROMPT,
    compare,
    held_events,
    place,
    training_prior,
)

OPSET = 18
MAX_TOKENS = 128
_OUTPUT = "point"


class ConvTeacher(Teacher):
    """The teacher with its Fourier transform as one convolution; for export."""

    basis: Tensor
    bands: Tensor

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        used = torch.nonzero(self.plain.mel.sum(0) > 0).flatten()
        angle = 2 * math.pi / N_FFT * used.double()[:, None] * torch.arange(WINDOW).double()
        window = self.plain.window.double()
        self._bins = len(used)
        self.register_buffer(
            "basis", torch.cat([angle.cos() * window, angle.sin() * window]).float()[:, None]
        )
        self.register_buffer("bands", self.plain.mel[:, used, None])

    def front(self, audio: Tensor) -> Tensor:
        """Compute the log-mel spectrogram: (n, 1, 128, frames).

        Centring pads half a transform, of which the window leaves out the outer part on both sides.
        """
        padded = functional.pad(emphasise(audio)[:, None], (WINDOW // 2, WINDOW // 2), mode="reflect")
        parts = functional.conv1d(padded, self.basis, stride=HOP).square()
        power = functional.conv1d(parts[:, : self._bins] + parts[:, self._bins :], self.bands)
        # log(power + 1e-5) in a form that the exporter's optimiser leaves alone
        level = torch.log(power / LEAST_POWER + 1) + math.log(LEAST_POWER)
        return ((level + 4.5) / 5)[:, None]


class AudioGraph(nn.Module):
    """Audio (n, samples) at 32 kHz -> a point in the joint space (n, d), unit norm."""

    prior: Tensor
    names: Tensor

    def __init__(self, teacher: Teacher, prior: NDArray[np.float32], names: NDArray[np.float32]) -> None:
        super().__init__()
        self.teacher = teacher
        self.register_buffer("prior", torch.from_numpy(prior))
        self.register_buffer("names", torch.from_numpy(names))

    def forward(self, audio: Tensor) -> Tensor:
        """Embed audio of full scale +-1.0."""
        weights = torch.sigmoid(self.teacher(audio)[1] - self.prior - OFFSET) ** POWER
        return functional.normalize(weights @ self.names, dim=1)


class TextGraph(nn.Module):
    """Token ids and mask (n, t) -> a point in the joint space (n, d), unit norm."""

    mean: Tensor
    projection: Tensor

    def __init__(self, folder: Path, space: JointSpace) -> None:
        from transformers import AutoModel

        super().__init__()
        self.language: Any = AutoModel.from_pretrained(
            str(folder), local_files_only=True, attn_implementation="eager", dtype=torch.float32
        )
        self.register_buffer("mean", torch.from_numpy(space.mean))
        self.register_buffer("projection", torch.from_numpy(space.projection))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Embed a padded batch: mean over its tokens, unit norm, whitening, unit norm."""
        tokens = self.language(
            input_ids=input_ids,
            attention_mask=attention_mask,
            token_type_ids=torch.zeros_like(input_ids),
        ).last_hidden_state
        kept = attention_mask[:, :, None].to(tokens.dtype)
        pooled = functional.normalize((tokens * kept).sum(dim=1) / kept.sum(dim=1), dim=1)
        return functional.normalize((pooled - self.mean) @ self.projection, dim=1)


def write_graph(graph: nn.Module, inputs: tuple[Tensor, ...], names: list[str], path: Path) -> None:
    """Export with a free batch and, for text, a free length; drop the exporter's notes."""
    batch = torch.export.Dim("n")
    free = {0: batch, 1: torch.export.Dim("t", min=2, max=MAX_TOKENS)} if len(inputs) > 1 else {0: batch}
    torch.onnx.export(
        graph.eval(),
        inputs,
        str(path),
        input_names=names,
        output_names=[_OUTPUT],
        opset_version=OPSET,
        dynamo=True,
        dynamic_shapes=(free,) * len(inputs),
        external_data=False,
    )
    model = onnx.load(path)
    rename_output(model, _OUTPUT, "embedding")
    save_clean(model, path)


def rename_output(model: onnx.ModelProto, old: str, new: str) -> None:
    """Rename the output; an inner value that has the new name, as a look-up gets from torch, makes way."""
    names = {old: new, new: f"inner_{new}"}
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*model.graph.output, *model.graph.value_info):
        value.name = names.get(value.name, value.name)


@torch.inference_mode()
def check_audio(
    path: Path, args: argparse.Namespace, graph: AudioGraph, windows: NDArray[np.float32]
) -> None:
    """Compare the graph with the teacher in torch: its spectrogram, its logits, and the point."""
    audio, plain = torch.from_numpy(windows), Teacher(args.teacher)
    mel = float((graph.teacher.front(audio) - plain.front(audio)).abs().max())
    logits = float((graph.teacher(audio)[1] - plain(audio)[1]).abs().max())
    wanted = place((plain(audio)[1] - graph.prior).numpy(), graph.names.numpy(), OFFSET, POWER, 0)
    found = open_session(path).run(None, {"audio": windows})[0]
    cosine = float((found * wanted).sum(axis=1).min())
    print(
        f"audio.onnx on {len(windows)} windows: largest difference of the log-mel spectrogram {mel:.1e}, "
        f"of the logits {logits:.1e}; least cosine of the graph to torch {cosine:.7f}"
    )
    if cosine < 0.9999 or logits > 0.05:
        raise SystemExit("audio.onnx differs from the teacher; valid: cosine >= .9999, logits within .05")


def check_text(folder: Path, args: argparse.Namespace, space: JointSpace) -> None:
    """Compare the graph, batched with padding, with the sentence-transformers pipeline."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()
    names = sorted({words(clip.canonical) for clip in read_index(args.data)})
    texts = [*(PROMPT.format(name) for name in names), "Dog", "", "a siren " * 40]
    items = tokenizer.encode_batch(texts)
    feed = {
        "input_ids": np.array([item.ids for item in items], np.int64),
        "attention_mask": np.array([item.attention_mask for item in items], np.int64),
    }
    found = open_session(folder / "text.onnx").run(None, feed)[0]
    teacher = TextTeacher(args.minilm)
    rough = (found * space.project(teacher.embed(texts))).sum(axis=1)
    exact = (found * space.project(teacher.embed(texts, exact=True))).sum(axis=1)
    print(
        f"text.onnx on {len(texts)} texts: least cosine to the text teacher in float32 {exact.min():.7f}, "
        f"in bfloat16, as targets are made, {rough.min():.5f}"
    )
    if exact.min() < 0.9999:
        raise SystemExit("text.onnx differs from the text teacher; valid: cosine >= .9999")


def export(args: argparse.Namespace, window_len: int) -> None:
    """Write teacher/audio.onnx, text.onnx, tokenizer.json and manifest.toml below `args.out`."""
    folder: Path = args.out / "teacher"
    folder.mkdir(parents=True, exist_ok=True)
    space = JointSpace.load(args.work / "space.npz")
    graph = AudioGraph(ConvTeacher(args.teacher), training_prior(args.data, args.teacher), space.names).eval()
    write_graph(graph, (torch.randn(2, window_len) * 0.1,), ["audio"], folder / "audio.onnx")
    clips = held_events(read_index(args.data))[::10]
    windows = [
        loudest_window(read_clip(args.data / clip.path, RATE), window_len, RATE // 10) for clip in clips
    ]
    windows += [np.zeros(window_len, np.float32), np.ones(window_len, np.float32)]
    check_audio(folder / "audio.onnx", args, graph, np.stack(windows))
    ids = torch.ones(2, 7, dtype=torch.int64)
    text_inputs = ["input_ids", "attention_mask"]
    write_graph(TextGraph(args.minilm, space), (ids, ids.clone()), text_inputs, folder / "text.onnx")
    shutil.copyfile(args.minilm / "tokenizer.json", folder / "tokenizer.json")
    check_text(folder, args, space)
    settings = {
        "sample_rate": RATE,
        "window_len": window_len,
        "dim": space.names.shape[1],
        "prompt": PROMPT,
        "max_tokens": MAX_TOKENS,
        "licence": "MIT and Apache-2.0",
        "source": "EfficientAT mn04_as and all-MiniLM-L6-v2 by tools/train/export_teacher.py; never shipped",
    }
    pin_model(args.out, "teacher", settings)


def main() -> None:
    """Export, or compare recipes."""
    parser = parser_of(__doc__)
    parser.add_argument("--minilm", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--work", type=Path, required=True, help="training folder; space.npz is read")
    parser.add_argument("--out", type=Path, help="folder to write to, outside the project")
    parser.add_argument("--window-s", type=float, default=2.0, help="seconds of sound in a window")
    parser.add_argument("--compare", action="store_true", help="measure recipes on validation instead")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.compare:
        compare(args, round(args.window_s * RATE))
    elif args.out is None:
        parser.error("--out is missing; name a folder outside the project")
    else:
        export(args, round(args.window_s * RATE))


if __name__ == "__main__":
    main()
