"""Export the two towers to ONNX, choose the prompt on validation, and write the manifest."""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path

import numpy as np
import torch
from class_words import embed_texts, load_text_tower
from corpus import SAMPLE_RATE, WINDOW_LEN, load_audio, read_index, words
from graphs import digest, open_session, replace_entry, store_as_half
from joint_space import JointSpace
from numpy.typing import NDArray
from probe import Probe, make_probe, measure
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from towers import MAX_TOKENS, AudioGraph, AudioTower, Block, TextTower

from monitor.encoders.runtime import onnxruntime

OPSET = 18
PROMPT_CHOICES = (
    "the sound of {}",
    "the sound of a {}",
    "sound of {}",
    "{} sound",
    "this is a sound of {}",
    "i can hear {}",
    "a recording of {}",
    "{}",
)
ENTRY = """[models.embedded]
audio = {{ file = "embedded/audio.onnx", sha256 = "{audio}" }}
text = {{ file = "embedded/text.onnx", sha256 = "{text}" }}
tokenizer = {{ file = "embedded/tokenizer.json", sha256 = "{tokenizer}" }}
sample_rate = {rate}
window_len = {window_len}
dim = {dim}
prompt = "{prompt}"
max_tokens = {max_tokens}
licence = "CC-BY-NC-4.0"
source = "made by tools/train_embedded.py from random initialisation; data and teachers in embedded/README.md"
"""


def load_audio_tower(work: Path) -> AudioTower:
    """Load the tower that `train_names.py` stored."""
    tower = AudioTower(torch.from_numpy(JointSpace.load(work / "space.npz").names))
    tower.load_state_dict(torch.load(work / "audio_final.pt", weights_only=True))
    return tower.eval()


def fold_norms(tower: AudioTower) -> AudioTower:
    """Fold every BatchNorm into the convolution before it."""

    def fold(owner: nn.Module, conv: str, norm: str) -> None:
        setattr(owner, conv, fuse_conv_bn_eval(getattr(owner, conv), getattr(owner, norm)))
        setattr(owner, norm, nn.Identity())

    fold(tower, "stem", "stem_norm")
    fold(tower, "over_pitch", "over_pitch_norm")
    for block in tower.blocks:
        assert isinstance(block, Block)  # noqa: S101
        fold(block, "first", "first_norm")
        fold(block, "second", "second_norm")
        if isinstance(block.shortcut, nn.Sequential):
            block.shortcut = nn.Sequential(
                block.shortcut[0],
                fuse_conv_bn_eval(block.shortcut[1], block.shortcut[2]),  # type: ignore[type-var, arg-type]
            )
    return tower


def export_audio(tower: AudioTower, path: Path) -> None:
    """Write audio (n, WINDOW_LEN) -> embedding (n, d)."""
    torch.onnx.export(
        AudioGraph(fold_norms(tower)).eval(),
        (torch.randn(2, WINDOW_LEN) * 0.1,),
        str(path),
        input_names=["audio"],
        output_names=["embedding"],
        opset_version=OPSET,
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("n")},),
        external_data=False,
    )


def export_text(tower: TextTower, path: Path) -> None:
    """Write input_ids, attention_mask (n, t) -> embedding (n, d)."""
    ids = torch.ones(2, 7, dtype=torch.int64)
    shape = {0: torch.export.Dim("n"), 1: torch.export.Dim("t", min=1, max=MAX_TOKENS)}
    torch.onnx.export(
        tower.eval(),
        (ids, torch.ones_like(ids)),
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=["embedding"],
        opset_version=OPSET,
        dynamo=True,
        dynamic_shapes=(shape, shape),
        external_data=False,
    )


def check_audio(path: Path, tower: AudioTower, windows: NDArray[np.float32]) -> float:
    """Compare the graph with torch on real windows and odd input; return the time for one window in ms."""
    session = open_session(path)
    odd = [
        np.zeros(WINDOW_LEN),
        np.full(WINDOW_LEN, 1e-30),
        np.sign(np.sin(np.arange(WINDOW_LEN) * 0.3)),
        np.ones(WINDOW_LEN),
    ]
    audio = np.concatenate([windows, np.array(odd, np.float32)])
    found = session.run(None, {"audio": audio})[0]
    with torch.inference_mode():
        wanted = AudioGraph(tower).eval()(torch.from_numpy(audio)).numpy()
    cosine = (found * wanted).sum(axis=1)
    single = np.concatenate([session.run(None, {"audio": window[None]})[0] for window in audio])
    if not (np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4) and np.abs(single - found).max() < 1e-4):
        raise SystemExit("audio.onnx: embeddings are not of unit norm, or depend on the batch")
    if cosine[: len(windows)].min() < 0.999:
        raise SystemExit(f"audio.onnx differs from torch: least cosine {cosine.min():.5f}, legal >= 0.999")
    print(f"audio.onnx: {path.stat().st_size / 1e6:.1f} MB, least cosine to torch {cosine.min():.6f}")
    return median_ms(session, {"audio": audio[:1]})


def median_ms(
    session: onnxruntime.InferenceSession, feed: dict[str, NDArray[np.float32] | NDArray[np.int64]]
) -> float:
    """Time a session: the median of 60 runs in ms."""
    laps = []
    for _ in range(60):
        started = time.perf_counter()
        session.run(None, feed)
        laps.append((time.perf_counter() - started) * 1e3)
    return float(np.median(laps))


def check_text(path: Path, tower: TextTower) -> float:
    """Compare the graph with torch, and a padded batch with single texts; return the time for one in ms."""
    session = open_session(path)
    rng = np.random.default_rng(3)
    lengths = (1, 3, 12, MAX_TOKENS)
    ids = rng.integers(2, 2000, (len(lengths), MAX_TOKENS))
    mask = (np.arange(MAX_TOKENS) < np.array(lengths)[:, None]).astype(np.int64)
    together = session.run(None, {"input_ids": ids * mask, "attention_mask": mask})[0]
    for row, length in enumerate(lengths):
        cut = {"input_ids": ids[row : row + 1, :length], "attention_mask": mask[row : row + 1, :length]}
        if np.abs(session.run(None, cut)[0] - together[row]).max() > 1e-4:
            raise SystemExit("text.onnx: padding changes the result")
    with torch.inference_mode():
        wanted = tower(torch.from_numpy(ids * mask), torch.from_numpy(mask)).numpy()
    cosine = (together * wanted).sum(axis=1).min()
    if cosine < 0.999:
        raise SystemExit(f"text.onnx differs from torch: least cosine {cosine:.5f}, legal >= 0.999")
    print(f"text.onnx: {path.stat().st_size / 1e6:.1f} MB, least cosine to torch {cosine:.6f}")
    return median_ms(session, {"input_ids": ids[:1, :12], "attention_mask": mask[2:3, :12]})


def choose_prompt(tower: AudioTower, probe: Probe, args: argparse.Namespace) -> str:
    """Choose the template of best mean accuracy on the validation windows."""
    scores = {}
    for prompt in PROMPT_CHOICES:
        texts: Tensor = embed_texts([prompt.format(words(name)) for name in probe.classes], args)
        scores[prompt] = float(np.mean(measure(tower, probe, texts, set())[:4]))
        print(f"validation, mean of clean, 10 dB, 0 dB and clean macro: {scores[prompt]:.3f}  {prompt!r}")
    return max(scores, key=lambda prompt: scores[prompt])


def write_towers(folder: Path, args: argparse.Namespace) -> dict[str, dict[str, float | str]]:
    """Export both towers and check them; return size, parameters and time of each."""
    clips, audio = read_index(args.data), load_audio(args.data, args.work)
    windows = np.stack([np.resize(audio.clip(row), WINDOW_LEN) for row in range(0, len(clips), 100)])
    audio_path, text_path = folder / "audio.onnx", folder / "text.onnx"
    export_audio(load_audio_tower(args.work), audio_path)
    export_text(load_text_tower(args.work), text_path)
    store_as_half(audio_path)
    store_as_half(text_path)
    audio_tower, text_tower = load_audio_tower(args.work), load_text_tower(args.work)
    audio_ms = check_audio(audio_path, audio_tower, windows)
    text_ms = check_text(text_path, text_tower)
    return {
        "audio.onnx": facts_of(audio_path, audio_tower, f"{audio_ms:.1f} ms for one window of 2 s"),
        "text.onnx": facts_of(text_path, text_tower, f"{text_ms:.1f} ms for one text of 12 tokens"),
    }


def facts_of(path: Path, tower: nn.Module, duration: str) -> dict[str, float | str]:
    """State what the card says of one file."""
    parameters = sum(weight.numel() for weight in tower.parameters())
    return {"megabytes": path.stat().st_size / 1e6, "parameters": parameters, "time": duration}


def export(args: argparse.Namespace) -> None:
    """Write embedded/audio.onnx, text.onnx, tokenizer.json and manifest.toml below `args.out`."""
    folder: Path = args.out / "embedded"
    folder.mkdir(parents=True, exist_ok=True)
    probe = make_probe(read_index(args.data), load_audio(args.data, args.work))
    prompt = choose_prompt(load_audio_tower(args.work), probe, args)
    facts = write_towers(folder, args)
    shutil.copyfile(args.work / "tokenizer.json", folder / "tokenizer.json")
    print(json.dumps(facts, indent=1))
    (args.work / "export.json").write_text(json.dumps(facts))
    entry = ENTRY.format(
        audio=digest(folder / "audio.onnx"),
        text=digest(folder / "text.onnx"),
        tokenizer=digest(folder / "tokenizer.json"),
        rate=SAMPLE_RATE,
        window_len=WINDOW_LEN,
        dim=JointSpace.load(args.work / "space.npz").names.shape[1],
        prompt=prompt,
        max_tokens=MAX_TOKENS,
    )
    replace_entry(args.out / "manifest.toml", "embedded", entry)


def main() -> None:
    """Run this stage alone."""
    import train_audio
    import train_text

    parser = argparse.ArgumentParser(description=__doc__)
    train_text.add_arguments(parser)
    train_audio.add_arguments(parser)
    parser.add_argument("--out", type=Path, default=Path("models"), help="folder to write to")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    export(args)


if __name__ == "__main__":
    main()
