"""Report the model in the box on fold 4, which nothing was trained or tuned on: run once, at the end.

Zero-shot: class words in the manifest's prompt, no labels. An event is the loudest 2 s of its clip; it is
mixed as a waveform with 2 s of a fold-4 background at a ratio of mean powers. Intervals are 95 % two-way
bootstraps, over the recordings of the events and those of the backgrounds.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joint_space
import numpy as np
from corpus import SAMPLE_RATE, WINDOW_LEN, Clip, loudest_window, mix, read_clip, read_index, words
from export_embedded import open_session
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tqdm import tqdm

Floats = NDArray[np.float32]

SNRS_DB = (10.0, 0.0)
FAINT_DB = -55.0
"""Clips fainter than this are left out: the data's own note says they hold little."""
FIRST_CLASSES = ("siren", "dog_bark")
PARAPHRASES = (
    ("ambulance passing", "siren"),
    ("police car rushing by", "siren"),
    ("smoke detector beeping", "fire smoke alarm"),
    ("fire alarm going off", "fire smoke alarm"),
    ("someone knocking at the door", "door knock"),
    ("knocking on wood", "door knock"),
    ("puppy yapping", "dog bark"),
    ("a dog barking outside", "dog bark"),
    ("infant crying", "baby cry"),
    ("a window being smashed", "glass break"),
    ("car honking", "car horn"),
    ("someone typing on a computer", "keyboard typing"),
    ("church bell ringing", "church bells"),
    ("person walking", "footsteps"),
    ("chicken clucking", "hen"),
)
"""A phrase, and the class that should be nearest to it."""


class Embedded:
    """The exported model, through onnxruntime."""

    def __init__(self, models: Path) -> None:
        self.entry: dict[str, Any] = tomllib.loads((models / "manifest.toml").read_text())["models"][
            "embedded"
        ]
        self._audio = open_session(models / self.entry["audio"]["file"])
        self._text = open_session(models / self.entry["text"]["file"])
        self._tokenizer = Tokenizer.from_file(str(models / self.entry["tokenizer"]["file"]))
        self._tokenizer.enable_padding()

    def embed_audio(self, windows: Floats) -> Floats:
        """Embed float32 (n, WINDOW_LEN): (n, d) unit norm."""
        parts = [
            self._audio.run(None, {"audio": windows[at : at + 32]})[0] for at in range(0, len(windows), 32)
        ]
        return np.concatenate(parts)

    def embed_text(self, texts: list[str]) -> Floats:
        """Embed texts: (n, d) unit norm."""
        parts = []
        for at in range(0, len(texts), 64):
            items = self._tokenizer.encode_batch(texts[at : at + 64])
            feed = {
                "input_ids": np.array([item.ids for item in items], np.int64),
                "attention_mask": np.array([item.attention_mask for item in items], np.int64),
            }
            parts.append(self._text.run(None, feed)[0])
        return np.concatenate(parts)

    def embed_classes(self, names: list[str]) -> Floats:
        """Embed class names in the manifest's prompt."""
        return self.embed_text([self.entry["prompt"].format(words(name)) for name in names])


@dataclass(frozen=True)
class Report:
    """The clips that are used, and their samples."""

    clips: list[Clip]
    samples: dict[int, Floats]
    """By row of the index, 16 kHz."""
    classes: list[str]
    """Event classes with at least four clips."""
    learnt: Counter[str]
    """How many clips of each class were trained on."""

    def events(self) -> list[Clip]:
        """List the event clips of those classes."""
        return [clip for clip in self.clips if clip.kind == "event" and clip.canonical in self.classes]


def load_report(data: Path, split: str) -> Report:
    """Read one split."""
    index = read_index(data)
    clips = [clip for clip in index if clip.split == split and clip.rms_db >= FAINT_DB]
    counts = Counter(clip.canonical for clip in clips if clip.kind == "event")
    classes = sorted(name for name, count in counts.items() if count >= 4)
    samples = {clip.row: read_clip(data / clip.path) for clip in tqdm(clips, desc="decode", unit="clip")}
    return Report(clips, samples, classes, Counter(clip.canonical for clip in index if clip.split == "train"))


def windows_of(samples: Floats, hop_len: int = SAMPLE_RATE) -> Floats:
    """Cut windows every second; a clip shorter than one window is placed in silence."""
    if len(samples) <= WINDOW_LEN:
        return loudest_window(samples)[None]
    return np.stack(
        [samples[at : at + WINDOW_LEN] for at in range(0, len(samples) - WINDOW_LEN + 1, hop_len)]
    )


def interval(
    right: NDArray[np.bool_], groups: list[str], others: list[str], rounds: int = 2000
) -> list[float]:
    """Bootstrap the mean over two crossed groupings: [mean, low, high] in percent."""
    rng = np.random.default_rng(5)
    first, second = (np.unique(names, return_inverse=True)[1] for names in (groups, others))
    means = []
    for _ in range(rounds):
        weight = np.bincount(rng.integers(0, first.max() + 1, first.max() + 1), minlength=first.max() + 1)[
            first
        ]
        if second.max() > 0:
            count = second.max() + 1
            weight = weight * np.bincount(rng.integers(0, count, count), minlength=count)[second]
        means.append(np.average(right, weights=weight) if weight.sum() else np.nan)
    low, high = np.nanpercentile(means, [2.5, 97.5])
    return [round(100 * float(value), 1) for value in (right.mean(), low, high)]


def zero_shot(model: Embedded, report: Report) -> dict[str, Any]:
    """Measure top-1 clean and in backgrounds, and the recall of each class."""
    events = report.events()
    texts = model.embed_classes(report.classes)
    truth = np.array([report.classes.index(clip.canonical) for clip in events])
    groups = [clip.group for clip in events]
    backgrounds = [clip for clip in report.clips if clip.kind == "background"]
    rng = np.random.default_rng(29)
    chosen = [backgrounds[index] for index in rng.integers(0, len(backgrounds), len(events))]
    loudest = [loudest_window(report.samples[clip.row]) for clip in events]
    beds = [
        np.resize(report.samples[clip.row], max(WINDOW_LEN, len(report.samples[clip.row]))) for clip in chosen
    ]
    beds = [
        bed[(start := int(rng.integers(0, len(bed) - WINDOW_LEN + 1))) : start + WINDOW_LEN] for bed in beds
    ]
    same = [""] * len(events)
    rights = {"clean": model.embed_audio(np.stack(loudest)) @ texts.T}
    rights["clean, mean of windows"] = np.stack(
        [(model.embed_audio(windows_of(report.samples[clip.row])) @ texts.T).mean(axis=0) for clip in events]
    )
    for snr_db in SNRS_DB:
        mixed = np.stack([mix(event, bed, snr_db) for event, bed in zip(loudest, beds, strict=True)])
        rights[f"{snr_db:.0f} dB"] = model.embed_audio(mixed) @ texts.T
    hits = {name: scores.argmax(axis=1) == truth for name, scores in rights.items()}
    bed_groups = [clip.group for clip in chosen]
    top1 = {name: interval(hit, groups, bed_groups if "dB" in name else same) for name, hit in hits.items()}
    order = sorted(report.classes, key=lambda name: (name not in FIRST_CLASSES, name != "siren", name))
    recall = {
        name: {
            "clips": int((truth == report.classes.index(name)).sum()),
            "learnt": report.learnt[name],
            **{
                key: round(100 * float(hit[truth == report.classes.index(name)].mean()))
                for key, hit in hits.items()
            },
        }
        for name in order
    }
    macro = {key: round(float(np.mean([row[key] for row in recall.values()])), 1) for key in hits}
    return {
        "clips": len(events),
        "recordings": len(set(groups)),
        "top1": top1,
        "macro": macro,
        "recall": recall,
    }


def teacher_zero_shot(report: Report, args: argparse.Namespace, prompt: str) -> dict[str, Any]:
    """Measure the audio teacher in the joint space of its text teacher, on the clean clips."""
    stored = np.load(args.teacher / "logits.npz")
    owner, start = stored["window2_rows"].T
    logits = stored["window2_logits"].astype(np.float32)
    learnt = [clip.row for clip in read_index(args.data) if clip.split == "train"]
    evidence = logits - logits[np.isin(owner, learnt)].mean(axis=0)
    teacher = joint_space.TextTeacher(args.minilm)
    space = joint_space.fit(teacher.embed(joint_space.audioset_names(args.teacher)))
    texts = space.project(teacher.embed([prompt.format(words(name)) for name in report.classes]))
    points = (1 / (1 + np.exp(4 - evidence))) ** 0.75 @ space.names
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    events = report.events()
    truth = np.array([report.classes.index(clip.canonical) for clip in events])
    found: dict[str, list[int]] = {"clean": [], "clean, mean of windows": []}
    for clip in events:
        scores = points[owner == clip.row] @ texts.T
        energies = [
            float(np.sum(report.samples[clip.row][at // 2 : at // 2 + WINDOW_LEN] ** 2))
            for at in start[owner == clip.row]
        ]
        found["clean"].append(int(scores[int(np.argmax(energies))].argmax()))
        found["clean, mean of windows"].append(int(scores.mean(axis=0).argmax()))
    groups = [clip.group for clip in events]
    return {key: interval(np.array(got) == truth, groups, [""] * len(groups)) for key, got in found.items()}


def retrieval(model: Embedded, report: Report) -> dict[str, Any]:
    """Rank all windows of fold 4 by their cosine to a class: average precision, and share of right ones."""
    points, names = [], []
    for clip in report.clips:
        cut = windows_of(report.samples[clip.row])
        points.append(model.embed_audio(cut))
        names += [clip.canonical] * len(cut)
    scores = np.concatenate(points) @ model.embed_classes(list(FIRST_CLASSES)).T
    found: dict[str, Any] = {"windows": len(names)}
    for at, name in enumerate(FIRST_CLASSES):
        right = (np.array(names) == name)[np.argsort(-scores[:, at])]
        precision = np.cumsum(right) / np.arange(1, len(right) + 1)
        found[name] = {
            "average_precision": round(float(precision[right].mean()), 3),
            "share": round(float(right.mean()), 3),
        }
    return found


def captions(data: Path, count: int) -> list[str]:
    """Draw captions of AudioCaps and Clotho, which no tower was trained on."""
    with (data / "text/audiocaps_test.csv").open(newline="") as file:
        found = [line["caption"] for line in csv.DictReader(file)]
    with (data / "text/clotho_captions_evaluation.csv").open(newline="") as file:
        found += [line["caption_1"] for line in csv.DictReader(file)]
    return random.Random(1).sample(found, count)


def text_fidelity(model: Embedded, report: Report, args: argparse.Namespace) -> dict[str, Any]:
    """Compare the text tower with its teacher, and see whether paraphrases find their class."""
    teacher = joint_space.TextTeacher(args.minilm)
    space = joint_space.fit(teacher.embed(joint_space.audioset_names(args.teacher)))
    texts = captions(args.data, 1000)
    prompts = [model.entry["prompt"].format(words(name)) for name in report.classes]
    found: dict[str, Any] = {}
    for name, items in (("1000 captions", texts), ("class prompts", prompts)):
        cosine = (model.embed_text(items) * space.project(teacher.embed(items))).sum(axis=1)
        found[name] = {
            "mean": round(float(cosine.mean()), 3),
            "worst_5_percent": round(float(np.percentile(cosine, 5)), 3),
        }
    prompt = model.entry["prompt"]
    names = sorted({words(clip.canonical) for clip in read_index(args.data) if clip.kind == "event"})
    found["event_classes"] = len(names)
    pairs = []
    for phrase, wanted in PARAPHRASES:
        asked = [prompt.format(item) for item in (phrase, *names)]
        ours, theirs = model.embed_text(asked), space.project(teacher.embed(asked))
        ranks = [
            1 + int((own[1:] @ own[0] > own[1 + names.index(wanted)] @ own[0]).sum())
            for own in (ours, theirs)
        ]
        cosine = float(ours[0] @ ours[1 + names.index(wanted)])
        pairs.append(
            {
                "phrase": phrase,
                "class": wanted,
                "cosine": round(cosine, 2),
                "rank": ranks[0],
                "teacher": ranks[1],
            }
        )
    found["paraphrases"] = pairs
    return found


def evaluate(args: argparse.Namespace) -> dict[str, Any]:
    """Run every part of the report."""
    model, report = Embedded(args.out), load_report(args.data, args.split)
    found: dict[str, Any] = {"prompt": model.entry["prompt"], "classes": len(report.classes)}
    found["zero_shot"] = zero_shot(model, report)
    found["teacher"] = teacher_zero_shot(report, args, "the sound of {}")
    found["retrieval"] = retrieval(model, report)
    found["text"] = text_fidelity(model, report, args)
    return found


def main() -> None:
    """Print the report as tables, or as JSON."""
    from model_card import as_markdown

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder with index.csv and text/"
    )
    parser.add_argument(
        "--teacher", type=Path, default=Path("../shared/models/teacher"), help="audio teacher's folder"
    )
    parser.add_argument("--minilm", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--out", type=Path, default=Path("models"), help="folder of manifest.toml")
    parser.add_argument(
        "--split", choices=["report", "validation"], default="report", help="validation while developing"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args()
    found = evaluate(args)
    print(json.dumps(found, indent=1) if args.json else as_markdown(found))


if __name__ == "__main__":
    main()
