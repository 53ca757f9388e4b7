"""Report the text tower: do paraphrases find their class, does order matter, does it keep to its teacher.

    python -m tools.train.evaluate_text --minilm DIR --work DIR [--before OTHER.pt]

Every phrase and class word is asked in the main prompt. Captions of AudioCaps and Clotho, the paraphrases and
the pairs below are never trained on.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from tools.train import joint_space
from tools.train.corpus import read_index, words
from tools.train.train_text import encode, load_tower
from tools.train.word_examples import MAIN_PROMPT, read_paraphrases

Floats = NDArray[np.float32]
Embed = Callable[[list[str]], Floats]

ORDERED = (
    ("dog barking at a man", "man barking at a dog", "dog bark"),
    ("baby screaming at a woman", "woman screaming at a baby", "baby cry"),
    ("a car honking at a train", "a train honking at a car", "car horn"),
    ("siren with music in the background", "music with a siren in the background", "siren"),
    ("rain with speech in the background", "speech with rain in the background", "rain"),
    ("dog barking with a baby in the background", "baby barking with a dog in the background", "dog bark"),
    ("horse passing a train", "train passing a horse", "horse"),
    ("baby crying while a dog sleeps", "dog crying while a baby sleeps", "baby cry"),
    ("hand saw", "saw a hand", "hand saw"),
    ("train horn", "horn train", "train horn"),
    ("a cat meowing at a bird", "a bird meowing at a cat", "cat meow"),
    ("cow mooing behind a truck", "truck mooing behind a cow", "cow"),
)
"""A phrase, the same words in another order, and the class that the first should be nearer to."""

COMPANY = (
    ("a dog barking", "dog bark"),
    ("a siren", "siren"),
    ("someone knocking", "door knock"),
    ("a baby crying", "baby cry"),
    ("glass breaking", "glass break"),
    ("footsteps", "footsteps"),
    ("rain", "rain"),
    ("an engine idling", "engine"),
    ("people talking", "speech"),
    ("birds chirping", "bird chirp"),
    ("a helicopter", "helicopter"),
    ("typing on a keyboard", "keyboard typing"),
)
"""Phrases for `A with B`, and their classes."""

DENIED = (
    ("no dog barking", "dog bark"),
    ("no siren", "siren"),
    ("nobody knocking", "door knock"),
    ("no baby crying", "baby cry"),
)


def class_words(data: Path) -> list[str]:
    """List the event classes of the corpus and those of the paraphrases, as words."""
    names = {words(clip.canonical) for clip in read_index(data) if clip.kind == "event"}
    return sorted(names | {words(name) for key in read_paraphrases() for name in key.split()})


def ranks(asked: Floats, classes: Floats, right: list[list[int]]) -> NDArray[np.int64]:
    """Rank the best of the right classes for each phrase, from 1."""
    scores = asked @ classes.T
    best = np.array([row[columns].max() for row, columns in zip(scores, right, strict=True)])
    return 1 + np.asarray((scores > best[:, None]).sum(axis=1), np.int64)


def paraphrase_ranks(embed: Embed, names: list[str]) -> dict[str, NDArray[np.int64]]:
    """Rank the right class for each paraphrase, the list for choosing and the list for reporting."""
    classes = embed([MAIN_PROMPT.format(name) for name in names])
    found = {}
    for part, start in (("choose", 0), ("report", 1)):
        pairs = [(text, key) for key, texts in read_paraphrases().items() for text in texts[start::2]]
        right = [[names.index(words(name)) for name in key.split()] for _, key in pairs]
        found[part] = ranks(embed([MAIN_PROMPT.format(text) for text, _ in pairs]), classes, right)
    return found


def order_margins(embed: Embed) -> Floats:
    """Measure how much nearer each phrase is to its class than the same words in another order."""
    first, second, name = (
        embed([MAIN_PROMPT.format(item) for item in column]) for column in zip(*ORDERED, strict=True)
    )
    return np.asarray(((first - second) * name).sum(axis=1), np.float32)


def company_ranks(embed: Embed, names: list[str]) -> NDArray[np.int64]:
    """Rank A and B for every `A with B`: (n, 2)."""
    pairs = [(one, other) for one in COMPANY for other in COMPANY if one is not other]
    asked = embed([MAIN_PROMPT.format(f"{one[0]} with {other[0]}") for one, other in pairs])
    classes = embed([MAIN_PROMPT.format(name) for name in names])
    columns = [[[names.index(pair[at][1])] for pair in pairs] for at in (0, 1)]
    return np.stack([ranks(asked, classes, column) for column in columns], axis=1)


def denial(embed: Embed) -> tuple[float, float]:
    """Measure the mean cosine of a denied sound to its class, and of the class to itself undenied."""
    denied, name = (
        embed([MAIN_PROMPT.format(item) for item in column]) for column in zip(*DENIED, strict=True)
    )
    plain = embed([MAIN_PROMPT.format(text.split(" ", 1)[1]) for text, _ in DENIED])
    return float((denied * name).sum(axis=1).mean()), float((plain * name).sum(axis=1).mean())


def report(embed: Embed, names: list[str]) -> list[str]:
    """Describe one embedding in lines."""
    lines = []
    for part, found in paraphrase_ranks(embed, names).items():
        lines.append(
            f"paraphrases ({part}, {len(found)}): first {np.mean(found == 1):.3f}, "
            f"among three {np.mean(found <= 3):.3f}, mean log rank {np.log(found).mean():.2f}"
        )
    margins = order_margins(embed)
    lines.append(
        f"word order: {(margins > 0).sum()} of {len(margins)} right, mean margin {margins.mean():.3f}"
    )
    both = company_ranks(embed, names)
    lines.append(
        f"A with B: A among three {np.mean(both[:, 0] <= 3):.3f}, B {np.mean(both[:, 1] <= 3):.3f}, "
        f"both {np.mean((both <= 3).all(axis=1)):.3f}"
    )
    lines.append("negation: cosine of 'no X' to X {:.3f}, of X {:.3f}".format(*denial(embed)))
    return lines


def open_tower(checkpoint: Path, tokenizer: Path) -> Embed:
    """Open a checkpoint of `train_text.py`."""
    tower = load_tower(checkpoint)
    pieces = Tokenizer.from_file(str(tokenizer))

    def embed(texts: list[str]) -> Floats:
        with torch.inference_mode():
            parts = [tower(*encode(pieces, texts[at : at + 256])) for at in range(0, len(texts), 256)]
        return np.asarray(torch.cat(parts).numpy(), np.float32)

    return embed


def open_teacher(minilm: Path, work: Path) -> Embed:
    """Open the text teacher in the joint space."""
    teacher, space = joint_space.TextTeacher(minilm), joint_space.JointSpace.load(work / "space.npz")
    return lambda texts: space.project(teacher.embed(texts))


def captions(data: Path, count: int) -> list[str]:
    """Draw captions of AudioCaps and Clotho."""
    with (data / "text/audiocaps_test.csv").open(newline="") as file:
        found = [line["caption"] for line in csv.DictReader(file)]
    with (data / "text/clotho_captions_evaluation.csv").open(newline="") as file:
        found += [line["caption_1"] for line in csv.DictReader(file)]
    return random.Random(1).sample(found, count)


def fidelity(embed: Embed, other: Embed, texts: list[str]) -> str:
    """Describe the cosines between two embeddings of the same texts."""
    cosine = (embed(texts) * other(texts)).sum(axis=1)
    return f"mean {cosine.mean():.3f}, worst 5 % {np.percentile(cosine, 5):.3f}, least {cosine.min():.3f}"


def main() -> None:
    """Print the report of the tower, of the one before it and of the teacher."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--teacher", type=Path, default=Path("../shared/models/teacher"))
    parser.add_argument("--minilm", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--work", type=Path, required=True, help="folder with text.pt and its tokenizer")
    parser.add_argument("--before", type=Path, help="an earlier text.pt to compare with")
    args = parser.parse_args()
    torch.set_num_threads(1)
    names = class_words(args.data)
    embeds = {"teacher": open_teacher(args.minilm, args.work)}
    if args.before:
        embeds["before"] = open_tower(args.before, args.work / "tokenizer.json")
    embeds["tower"] = open_tower(args.work / "text.pt", args.work / "tokenizer.json")
    anchored = {
        "class prompts": [MAIN_PROMPT.format(name) for name in names],
        "AudioSet names": joint_space.audioset_names(args.teacher),
        "captions": captions(args.data, 1000),
    }
    for title, embed in embeds.items():
        print(title, *report(embed, names), sep="\n  ")
        others = [] if title == "teacher" else [other for other in embeds.items() if other[0] != title]
        for name, other in others:
            for what, texts in anchored.items():
                print(f"  {what} to {name}: {fidelity(embed, other, texts)}")


if __name__ == "__main__":
    main()
