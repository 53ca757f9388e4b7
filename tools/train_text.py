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
        [normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Replace("_", " ")]
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
    texts = compose(read_wordnet(args.wordnet), args.data / "text/audioset_ontology.json", labels, args.phrases)
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


def train(args: argparse.Namespace) -> None:
    """Train for a number of minutes, resuming where the last run stopped; writes text.pt and text_curve.csv."""
    data = TextData(args.work)
    checkpoint = args.work / "text.pt"
    torch.manual_seed(args.seed)
    tower = TextTower(joint_space.DIM, VOCABULARY)
    optimizer = torch.optim.AdamW(tower.parameters(), lr=PEAK_RATE, weight_decay=0.01, betas=(0.9, 0.98))
    spent = step = 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        tower.load_state_dict(state["tower"])
        optimizer.load_state_dict(state["optimizer"])
        spent, step = state["spent"], state["step"]
    held = data.rows(np.arange(HELD_OUT))
    budget = args.text_minutes * 60
    rng = np.random.default_rng(args.seed + int(step))
    with tqdm(total=int(budget), initial=int(spent), desc="text", unit="s") as bar:
        while spent < budget:
            for group in batches(data.lengths[HELD_OUT:], rng):
                started = time.monotonic()
                ids, mask, targets = data.rows(group + HELD_OUT)
                fraction = min(1.0, spent / budget)
                warm = min(1.0, (step + 1) / 200)
                for parameters in optimizer.param_groups:
                    parameters["lr"] = PEAK_RATE * warm * (0.02 + 0.98 * (1 - fraction))
                with torch.autocast("cpu", torch.bfloat16):
                    found = tower(ids, mask)
                loss = distillation_loss(found, targets)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(tower.parameters(), 1.0)
                optimizer.step()
                step += 1
                elapsed = time.monotonic() - started
                spent += elapsed
                bar.update(round(spent) - bar.n)
                if step % 200 == 0 or spent >= budget:
                    cosine = agreement(tower, *held)
                    bar.set_postfix(step=int(step), loss=float(loss), cosine=cosine)
                    with (args.work / "text_curve.csv").open("a") as file:
                        file.write(f"{spent:.0f},{int(step)},{float(loss):.4f},{cosine:.4f}\n")
                    torch.save(
                        {"tower": tower.state_dict(), "optimizer": optimizer.state_dict(), "spent": spent, "step": step},
                        checkpoint,
                    )
                if spent >= budget:
                    break


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this stage."""
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with index.csv and text/")
    parser.add_argument("--teacher", type=Path, default=Path("../shared/models/teacher"), help="audio teacher's folder")
    parser.add_argument("--minilm", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"), help="folder of WordNet's data files")
    parser.add_argument("--work", type=Path, required=True, help="folder for caches and checkpoints")
    parser.add_argument("--phrases", type=int, default=400_000, help="phrases to compose")
    parser.add_argument("--text-minutes", type=float, default=25.0, help="minutes to train the text tower in all")
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
