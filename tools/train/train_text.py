"""Distil the text tower: phrases -> tokenizer -> the text teacher's embeddings -> a small transformer.

The teacher knows what words mean, not what things sound like. So phrases of the table of sounds, and short
phrases near to them in meaning, are drawn from the teacher's point towards the sound.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from tools.train import joint_space
from tools.train.corpus import read_index, words
from tools.train.known_words import PULL, Memory, unit
from tools.train.phrases import compose, read_wordnet
from tools.train.text_tower import MAX_TOKENS, VOCABULARY, TextTower
from tools.train.word_examples import (
    MAIN_PROMPT,
    Entry,
    Example,
    make_examples,
    read_paraphrases,
    read_table,
    spoken_for,
    without,
)

Embed = Callable[[list[str]], NDArray[np.float32]]
"""Texts -> the text teacher's points in the joint space, (n, d) unit norm."""

BATCH = 512
PEAK_RATE = 1.5e-3
HELD_OUT = 2_000
"""Phrases that only measure progress."""
SHORT = 8
"""Words in the longest phrase that learns from the table without standing in it; longer ones tell a scene."""


def train_tokenizer(texts: list[str]) -> Tokenizer:
    """Train word pieces on lower-cased text; any word can be spelt from the letters."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
            normalizers.Replace("_", " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["[PAD]", "[UNK]"],
        initial_alphabet=list("abcdefghijklmnopqrstuvwxyz0123456789'-&/"),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def encode(tokenizer: Tokenizer, texts: list[str]) -> tuple[Tensor, Tensor]:
    """Encode texts to ids and mask, int64 (n, t), padded to the longest."""
    ids = [item.ids for item in tokenizer.encode_batch(texts)]
    longest = max(1, *map(len, ids))
    padded = np.zeros((len(ids), longest), np.int64)
    mask = np.zeros_like(padded)
    for row, item in enumerate(ids):
        padded[row, : len(item)] = item
        mask[row, : len(item)] = 1
    return torch.from_numpy(padded), torch.from_numpy(mask)


@dataclass(frozen=True)
class Curriculum:
    """What the tower is to learn."""

    entries: list[Entry]
    """The table, without what is kept to measure with."""
    examples: list[Example]
    """Phrases that mean a sound."""
    composed: list[str]
    """Phrases that mean what the text teacher says, but for those that the table is near to."""
    plain: list[str]
    """Names of sounds, which mean themselves."""


def plan(args: argparse.Namespace) -> Curriculum:
    """Compose all phrases."""
    ontology = args.data / "text/audioset_ontology.json"
    labels = sorted({words(clip.canonical) for clip in read_index(args.data) if clip.split == "train"})
    plain = {name.lower() for name in joint_space.audioset_names(args.teacher)} | set(labels)
    table = [entry for entry in read_table() if entry.phrase not in plain]
    entries = without(table, [phrase for phrases in read_paraphrases().values() for phrase in phrases])
    taught = make_examples(entries, ontology, args.scenes)
    taken = spoken_for(table) | {example.text for example in taught}
    composed = compose(read_wordnet(args.wordnet), ontology, labels, args.phrases)
    plain |= {name for entry in entries for wordings in entry.sounds for name in wordings}
    return Curriculum(entries, taught, [text for text in composed if text not in taken], sorted(plain))


def sum_heard(embed: Embed, taught: list[Example]) -> NDArray[np.float32]:
    """Sum what is heard in each example: (n, d)."""
    texts = list({text for example in taught for text, _ in example.heard})
    points = dict(zip(texts, embed(texts), strict=True))
    sums = [sum(weight * points[text] for text, weight in example.heard) for example in taught]
    return np.stack(sums).astype(np.float32)


def remember(
    embed: Embed, curriculum: Curriculum, own: NDArray[np.float32], heard: NDArray[np.float32]
) -> Memory:
    """Keep the examples that are plain entries, and the names of sounds, bare and in the main prompt."""
    forms = ("{}", MAIN_PROMPT)
    phrases = {form.format(entry.phrase) for entry in curriculum.entries for form in forms}
    rows = [row for row, example in enumerate(curriculum.examples) if example.text in phrases]
    plain = embed([form.format(name) for name in curriculum.plain for form in forms])
    return Memory(np.concatenate([own[rows], plain]), np.concatenate([heard[rows], plain]))


def make_targets(embed: Embed, curriculum: Curriculum) -> NDArray[np.float32]:
    """Place the examples, then the composed phrases: (n, d), unit norm."""
    own, heard = (
        embed([example.text for example in curriculum.examples]),
        sum_heard(embed, curriculum.examples),
    )
    memory = remember(embed, curriculum, own, heard)
    composed = embed(curriculum.composed)
    short = np.array([len(text.split()) <= SHORT for text in curriculum.composed])
    composed[short] += PULL * memory.pull(composed[short])
    return unit(np.concatenate([own + PULL * heard, composed]))


def prepare(args: argparse.Namespace) -> None:
    """Write phrases.json, space.npz, targets.npy and tokenizer.json to the work folder, once."""
    work: Path = args.work
    if (work / "targets.npy").exists():
        return
    teacher = joint_space.TextTeacher(args.minilm)
    space = joint_space.fit(teacher.embed(joint_space.audioset_names(args.teacher)))
    space.save(work / "space.npz")
    curriculum = plan(args)
    texts = [example.text for example in curriculum.examples] + curriculum.composed
    tokenizer = train_tokenizer(texts)
    tokenizer.save(str(work / "tokenizer.json"))
    targets = make_targets(
        lambda asked: space.project(teacher.embed(asked, progress=len(asked) > 10_000)), curriculum
    )
    order = np.random.default_rng(args.seed).permutation(len(texts))
    (work / "phrases.json").write_text(json.dumps([texts[row] for row in order]))
    np.save(work / "targets.npy", targets[order].astype(np.float16))


def batches(lengths: NDArray[np.int64], rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Group rows of like length, in random order."""
    order = np.argsort(lengths + rng.random(len(lengths)) * 2)
    groups = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
    return [groups[index] for index in rng.permutation(len(groups))]


def distillation_loss(found: Tensor, target: Tensor) -> Tensor:
    """Cosine distance to the teacher, and agreement of all similarities within the batch."""
    distance = 1 - (found * target).sum(dim=1).mean()
    return distance + 20 * functional.mse_loss(found @ found.T, target @ target.T)


def agreement(tower: TextTower, ids: Tensor, mask: Tensor, targets: Tensor) -> float:
    """Measure the mean cosine to the teacher."""
    tower.eval()
    with torch.inference_mode():
        cosine = float((tower(ids, mask) * targets).sum(dim=1).mean())
    tower.train()
    return cosine


class TextData:
    """Encoded phrases with their targets, in RAM."""

    def __init__(self, work: Path) -> None:
        texts = json.loads((work / "phrases.json").read_text())
        self.ids, self.mask = encode(Tokenizer.from_file(str(work / "tokenizer.json")), texts)
        self.targets = torch.from_numpy(np.load(work / "targets.npy"))
        self.lengths = self.mask.sum(dim=1).numpy()

    def rows(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """Cut ids, mask and targets of some rows, without needless padding."""
        longest = max(1, int(self.lengths[rows].max()))
        return self.ids[rows, :longest], self.mask[rows, :longest], self.targets[rows].float()


class Trainer:
    """The tower and its optimiser, with everything a resumed run needs."""

    def __init__(self, args: argparse.Namespace) -> None:
        torch.manual_seed(args.seed)
        self._work: Path = args.work
        self.tower = TextTower(joint_space.DIM, VOCABULARY)
        self.optimizer = torch.optim.AdamW(
            self.tower.parameters(), lr=PEAK_RATE, weight_decay=0.01, betas=(0.9, 0.98)
        )
        self.budget, self.spent, self.step = args.text_minutes * 60, 0.0, 0
        if (self._work / "text.pt").exists():
            state = torch.load(self._work / "text.pt", weights_only=True)
            self.tower.load_state_dict(state["tower"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.spent, self.step = state["spent"], int(state["step"])

    def learn(self, ids: Tensor, mask: Tensor, targets: Tensor) -> float:
        """Take one step."""
        started = time.monotonic()
        for group in self.optimizer.param_groups:
            group["lr"] = (
                PEAK_RATE * min(1.0, (self.step + 1) / 200) * max(0.02, 1 - self.spent / self.budget)
            )
        with torch.autocast("cpu", torch.bfloat16):
            found = self.tower(ids, mask)
        loss = distillation_loss(found, targets)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.tower.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        self.spent += time.monotonic() - started
        return loss.item()

    def note(self, loss: float, cosine: float) -> None:
        """Append to the curve (seconds, steps, loss, cosine) and store the state."""
        with (self._work / "text_curve.csv").open("a") as file:
            file.write(f"{self.spent:.0f},{self.step},{loss:.4f},{cosine:.4f}\n")
        state = {"tower": self.tower.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save(state | {"spent": self.spent, "step": self.step}, self._work / "text.pt")


def train(args: argparse.Namespace) -> None:
    """Train for some minutes, resuming where the last run stopped; writes text.pt and text_curve.csv."""
    data, trainer = TextData(args.work), Trainer(args)
    held = data.rows(np.arange(HELD_OUT))
    rng = np.random.default_rng(args.seed + trainer.step)
    groups: list[NDArray[np.int64]] = []
    with tqdm(total=int(trainer.budget), initial=int(trainer.spent), desc="text", unit="s") as bar:
        while trainer.spent < trainer.budget:
            groups = groups or batches(data.lengths[HELD_OUT:], rng)
            loss = trainer.learn(*data.rows(groups.pop() + HELD_OUT))
            bar.update(int(trainer.spent) - bar.n)
            if trainer.step % 200 == 0 or trainer.spent >= trainer.budget:
                cosine = agreement(trainer.tower, *held)
                trainer.note(loss, cosine)
                bar.set_postfix(step=trainer.step, loss=loss, cosine=cosine)


def load_tower(checkpoint: Path) -> TextTower:
    """Load the tower that `train` stored."""
    state = torch.load(checkpoint, weights_only=True)["tower"]
    tower = TextTower(state["out.weight"].shape[0], len(state["tokens.weight"]))
    tower.load_state_dict(state)
    return tower.eval()


def add_arguments(parser: argparse.ArgumentParser, minilm_required: bool = True) -> None:
    """Add the arguments of this stage."""
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder with index.csv and text/"
    )
    parser.add_argument(
        "--teacher", type=Path, default=Path("../shared/models/teacher"), help="audio teacher's folder"
    )
    parser.add_argument("--minilm", type=Path, required=minilm_required, help="folder of all-MiniLM-L6-v2")
    parser.add_argument(
        "--wordnet", type=Path, default=Path("/usr/share/wordnet"), help="folder of WordNet's data files"
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for caches and checkpoints")
    parser.add_argument("--phrases", type=int, default=400_000, help="phrases to compose")
    parser.add_argument("--scenes", type=int, default=20_000, help="phrases of two known sounds to compose")
    parser.add_argument(
        "--text-minutes", type=float, default=25.0, help="minutes to train the text tower in all"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)


def main() -> None:
    """Run this stage alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.work.mkdir(parents=True, exist_ok=True)
    prepare(args)
    train(args)


if __name__ == "__main__":
    main()
