"""Ways to place the audio teacher's answer in the joint space, compared on the validation clips."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from tools.train.corpus import Clip, loudest_window, mix, read_clip, read_index, words
from tools.train.joint_space import JointSpace, TextTeacher
from tools.train.teacher import RATE, Teacher

PROMPT = "the sound of {}"
OFFSET, POWER = 8.0, 0.75
"""Chosen on validation by `compare`; the offset is flat from 7 to 9."""
FAINT_DB = -55.0
"""Fainter clips are left out of the comparison."""
SNRS_DB = (math.inf, 20.0, 10.0, 3.0, 0.0)
RECIPES = {
    "sigmoid(evidence)^.75": (0.0, 0.75, 0),
    "sigmoid(evidence)^.75, top 10": (0.0, 0.75, 10),
    "sigmoid(evidence - 4)^.75": (4.0, 0.75, 0),
    "sigmoid(evidence - 4)^.75, top 10": (4.0, 0.75, 10),
    "sigmoid(evidence - 7)^.75": (7.0, 0.75, 0),
    "sigmoid(evidence - 8)^.75": (8.0, 0.75, 0),
    "sigmoid(evidence - 9)^.75": (9.0, 0.75, 0),
    "sigmoid(evidence - 8)^.5": (8.0, 0.5, 0),
    "sigmoid(evidence - 8)^.75, top 20": (8.0, 0.75, 20),
}
"""Offset, power, and how many names are kept (0: all)."""


def training_prior(data: Path, teacher: Path) -> NDArray[np.float32]:
    """Average the teacher's stored logits over the training clips: (527,)."""
    stored = np.load(teacher / "logits.npz")
    learnt = [clip.row for clip in read_index(data) if clip.split == "train"]
    rows = np.isin(stored["window2_rows"][:, 0], learnt)
    return np.asarray(stored["window2_logits"][rows].astype(np.float32).mean(axis=0))


def place(
    evidence: NDArray[np.float32], names: NDArray[np.float32], offset: float, power: float, kept: int
) -> NDArray[np.float32]:
    """Turn logits less their prior (n, 527) into points (n, d), of unit norm."""
    weights = (1 / (1 + np.exp(offset - evidence))) ** power
    if kept:
        weights = np.where(weights >= np.sort(weights, axis=1)[:, -kept, None], weights, 0)
    points = weights @ names
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), np.float32)


def held_events(index: list[Clip]) -> list[Clip]:
    """List the validation events of classes with at least two such clips."""
    held = [clip for clip in index if clip.split == "validation" and clip.kind == "event"]
    held = [clip for clip in held if clip.rms_db > FAINT_DB]
    classes = [clip.canonical for clip in held]
    return [clip for clip in held if classes.count(clip.canonical) >= 2]


@torch.inference_mode()
def hear_validation(args: argparse.Namespace, window_len: int) -> dict[float, NDArray[np.float32]]:
    """Ask the teacher about the validation events in validation backgrounds: logits by SNR in dB."""
    index = read_index(args.data)
    backgrounds = [clip for clip in index if clip.split == "validation" and clip.kind == "background"]
    teacher, rng = Teacher(args.teacher), np.random.default_rng(3)
    found: dict[float, list[Tensor]] = {snr_db: [] for snr_db in SNRS_DB}
    for clip in tqdm(held_events(index), desc="hear", unit="clip"):
        event = loudest_window(read_clip(args.data / clip.path, RATE), window_len, RATE // 10)
        background = read_clip(args.data / backgrounds[rng.integers(len(backgrounds))].path, RATE)
        background = np.resize(background, max(window_len, len(background)))
        start = int(rng.integers(0, len(background) - window_len + 1))
        for snr_db, logits in found.items():
            mixture = (
                event if math.isinf(snr_db) else mix(event, background[start : start + window_len], snr_db)
            )
            logits.append(teacher(torch.from_numpy(mixture)[None])[1])
    return {snr_db: torch.cat(logits).numpy() for snr_db, logits in found.items()}


def compare(args: argparse.Namespace, window_len: int) -> None:
    """Print top-1 of every recipe on the validation clips, in percent."""
    space, prior = JointSpace.load(args.work / "space.npz"), training_prior(args.data, args.teacher)
    truth = [clip.canonical for clip in held_events(read_index(args.data))]
    classes = sorted(set(truth))
    texts = space.project(TextTeacher(args.minilm).embed([PROMPT.format(words(name)) for name in classes]))
    wanted = np.array([classes.index(name) for name in truth])
    heard = hear_validation(args, window_len)
    print(f"validation: {len(truth)} clips, {len(classes)} classes; top-1 clean, 20, 10, 3, 0 dB; mean")
    for name, (offset, power, kept) in RECIPES.items():
        right = [
            100
            * float(
                (
                    (place(logits - prior, space.names, offset, power, kept) @ texts.T).argmax(axis=1)
                    == wanted
                ).mean()
            )
            for logits in heard.values()
        ]
        print("  ".join(f"{share:4.1f}" for share in [*right, float(np.mean(right))]), "", name)
