"""Distil the text tower: phrases -> tokenizer -> the text teacher's embeddings -> a small transformer."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import joint_space
import numpy as np
import torch
from corpus import read_index, words
from numpy.typing import NDArray
from phrases import compose, read_wordnet
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import Tensor
from torch.nn import functional
from towers import MAX_TOKENS, VOCABULARY, TextTower
from tqdm import tqdm

BATCH = 512
PEAK_RATE = 1.5e-3
HELD_OUT = 2_000
"""Phrases that only measure progress."""


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


def prepare(args: argparse.Namespace) -> None:
    """Write phrases.json, space.npz, targets.npy and tokenizer.json to the work folder, once."""
    work: Path = args.work
    if (work / "targets.npy").exists():
        return
    teacher = joint_space.TextTeacher(args.minilm)
    space = joint_space.fit(teacher.embed(joint_space.audioset_names(args.teacher)))
    space.save(work / "space.npz")
    labels = sorted({words(clip.canonical) for clip in read_index(args.data) if clip.split == "train"})
    texts = compose(
        read_wordnet(args.wordnet), args.data / "text/audioset_ontology.json", labels, args.phrases
    )
    tokenizer = train_tokenizer(texts)
    tokenizer.save(str(work / "tokenizer.json"))
    (work / "phrases.json").write_text(json.dumps(texts))
    np.save(work / "targets.npy", space.project(teacher.embed(texts, progress=True)).astype(np.float16))


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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this stage."""
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder with index.csv and text/"
    )
    parser.add_argument(
        "--teacher", type=Path, default=Path("../shared/models/teacher"), help="audio teacher's folder"
    )
    parser.add_argument("--minilm", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument(
        "--wordnet", type=Path, default=Path("/usr/share/wordnet"), help="folder of WordNet's data files"
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for caches and checkpoints")
    parser.add_argument("--phrases", type=int, default=400_000, help="phrases to compose")
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
