"""How long should a window be? Top-1 on the validation events by window length, for both networks.

    python tools/window_length.py --data ../shared/data --minilm DIR --work DIR

Every event lies whole in 8 s of a validation background, at a ratio of mean powers over its loudest 2 s; all
windows are centred on that moment, so a longer one holds more of the event and more of the room. Our tower
was trained on 2 s; the teacher on 10 s, so it favours no length here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr
import torch
from class_words import embed_texts
from corpus import SAMPLE_RATE, WINDOW_LEN, Audio, Clip, load_audio, loudest_start, read_index, words
from export_embedded import load_audio_tower
from held_out import Floats, usable
from joint_space import JointSpace, TextTeacher
from teacher import RATE, Teacher
from teacher_recipes import OFFSET, POWER, PROMPT, held_events, place, training_prior
from torch import Tensor
from towers import AudioGraph
from tqdm import tqdm

LENGTHS_S = (1.0, 2.0, 3.0, 5.0)
SNRS_DB = (30.0, 10.0, 0.0)
SCENE_LEN = 8 * SAMPLE_RATE
Embed = Callable[[Floats], Floats]


def scene(event: Floats, background: Floats, snr_db: float) -> Floats:
    """Lay an event over a background, its loudest 2 s in the middle: (SCENE_LEN,)."""
    start = loudest_start(event)
    loudest = event[start : start + WINDOW_LEN]
    placed = np.zeros(SCENE_LEN, np.float32)
    at = SCENE_LEN // 2 - start - len(loudest) // 2
    part = event[max(0, -at) : SCENE_LEN - at]
    placed[max(0, at) : max(0, at) + len(part)] = part
    bed = np.resize(background, SCENE_LEN)
    power = float(np.square(loudest, dtype=np.float64).sum()) / WINDOW_LEN
    ratio = power / (float(np.square(bed, dtype=np.float64).mean()) + 1e-12)
    mixed = placed + bed * np.float32(np.sqrt(ratio / 10 ** (snr_db / 10)))
    return np.asarray(mixed / max(1.0, float(np.abs(mixed).max())), np.float32)


def scenes(events: list[Clip], beds: list[Clip], audio: Audio, snr_db: float, seed: int) -> Floats:
    """Make the scenes of all events: (n, SCENE_LEN); the same beds at every ratio."""
    rng = np.random.default_rng(seed)
    drawn = [beds[rng.integers(len(beds))] for _ in events]
    return np.stack(
        [
            scene(audio.clip(event.row), audio.clip(bed.row), snr_db)
            for event, bed in zip(events, drawn, strict=True)
        ]
    )


def cut(all_scenes: Floats, length_s: float) -> Floats:
    """Cut the middle out of every scene."""
    length = int(length_s * SAMPLE_RATE)
    first = (SCENE_LEN - length) // 2
    return all_scenes[:, first : first + length]


def in_parts(embed: Callable[[Tensor], Tensor]) -> Embed:
    """Embed 32 windows at a time."""

    def run(windows: Floats) -> Floats:
        with torch.inference_mode():
            parts = torch.split(torch.from_numpy(np.ascontiguousarray(windows)), 32)
            return np.concatenate([embed(part).numpy() for part in parts])

    return run


def by_teacher(args: argparse.Namespace, space: JointSpace) -> Embed:
    """Hear windows of 16 kHz with the teacher."""
    teacher, prior = Teacher(args.teacher), training_prior(args.data, args.teacher)
    hear = in_parts(lambda audio: teacher(audio)[1])

    def run(windows: Floats) -> Floats:
        wide = soxr.resample(windows.T, SAMPLE_RATE, RATE).T.astype(np.float32)
        return place(hear(wide) - prior, space.names, OFFSET, POWER, 0)

    return run


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--teacher", type=Path, default=Path("../shared/models/teacher"))
    parser.add_argument("--minilm", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--work", type=Path, required=True, help="folder with the trained towers")
    parser.add_argument("--seed", type=int, default=3)
    args = parser.parse_args(namespace=argparse.Namespace(texts="own"))
    index, audio = read_index(args.data), load_audio(args.data, args.work)
    events = held_events(index)
    classes = sorted({clip.canonical for clip in events})
    truth = np.array([classes.index(clip.canonical) for clip in events])
    beds = [clip for clip in usable(index, "validation", "background") if clip.canonical not in classes]
    space = JointSpace.load(args.work / "space.npz")
    prompts = [PROMPT.format(words(name)) for name in classes]
    sides = {
        "model in the box": (
            in_parts(AudioGraph(load_audio_tower(args.work)).eval()),
            embed_texts(prompts, args).numpy(),
        ),
        "teacher": (by_teacher(args, space), space.project(TextTeacher(args.minilm).embed(prompts))),
    }
    lines = [f"| window, s | {' | '.join(f'{name}, {snr:g} dB' for name in sides for snr in SNRS_DB)} |"]
    lines.append("|---" * (1 + len(sides) * len(SNRS_DB)) + "|")
    mixed = {snr: scenes(events, beds, audio, snr, args.seed) for snr in SNRS_DB}
    for length_s in tqdm(LENGTHS_S, desc="lengths"):
        right = [
            100 * float(((embed(cut(mixed[snr], length_s)) @ texts.T).argmax(axis=1) == truth).mean())
            for embed, texts in sides.values()
            for snr in SNRS_DB
        ]
        lines.append(f"| {length_s:g} | {' | '.join(f'{value:.1f}' for value in right)} |")
    sys.stdout.write(
        "\n".join(lines) + f"\n\n{len(events)} validation clips, {len(classes)} classes, top-1 in %.\n"
    )


if __name__ == "__main__":
    main()
