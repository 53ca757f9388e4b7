"""Train the audio tower on noisy mixtures: the teacher's evidence, and the embeddings of class words."""

from __future__ import annotations

import argparse
import copy
import csv
import time
from pathlib import Path

import bank as bank_module
import numpy as np
import torch
from bank import Bank
from class_words import ClassTexts, embed_texts
from corpus import load_audio, read_index, words
from joint_space import JointSpace, audioset_names
from lessons import Hearing, Naming
from mixing import Batch, Mixer
from probe import PROBE_PROMPT, Probe, make_probe, measure
from torch import Tensor
from towers import AudioTower, log_mel
from tqdm import tqdm

BATCH = 128
PEAK_RATE = 2e-3
EMA = 0.999
LABEL_DECAY = 5.0
"""Weight decay of what the labels teach; chosen on validation, where the labels of few recordings mislead."""
PROBE_EVERY_S = 150.0


def mask_some(mel: Tensor, rng: np.random.Generator) -> Tensor:
    """Blank a short stretch of time and a few bands in a quarter of the windows."""
    keep = np.ones(mel.shape, np.float32)
    for at in np.flatnonzero(rng.random(len(mel)) < 0.25):
        frame, band = rng.integers(0, mel.shape[1] - 16), rng.integers(0, mel.shape[2] - 8)
        keep[at, frame : frame + rng.integers(0, 16)] = 0
        keep[at, :, band : band + rng.integers(0, 8)] = 0
    return mel * torch.from_numpy(keep)


@torch.no_grad()
def follow(average: AudioTower, tower: AudioTower, step: int) -> None:
    """Move the averaged weights, and the statistics of the norms, a little toward the tower's."""
    share = 1 - min(EMA, (1 + step) / (10 + step))
    fast_state = tower.state_dict()
    for name, slow in average.state_dict().items():
        if slow.is_floating_point():
            slow.lerp_(fast_state[name], share)


class Trainer:
    """The tower, its average and its optimiser, with everything a resumed run needs."""

    def __init__(self, args: argparse.Namespace, names: Tensor) -> None:
        torch.manual_seed(args.seed)
        self._path: Path = args.work / "audio.pt"
        self._curve: Path = args.work / "audio_curve.csv"
        self.tower = AudioTower(names)
        self.tower.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.tower)
        strong = [self.tower.correction.weight]
        rest = [one for one in self.tower.parameters() if one is not strong[0]]
        self.optimizer = torch.optim.AdamW(
            [{"params": rest, "weight_decay": 0.03}, {"params": strong, "weight_decay": LABEL_DECAY}],
            lr=PEAK_RATE,
        )
        self.budget, self.spent, self.step, self.best = args.audio_minutes * 60, 0.0, 0, 0.0
        if self._path.exists():
            state = torch.load(self._path, weights_only=True)
            self.tower.load_state_dict(state["tower"])
            self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.spent, self.step, self.best = state["spent"], state["step"], state["best"]

    def learn(self, hearing: Hearing, naming: Naming, batch: Batch, rng: np.random.Generator) -> float:
        """Take one step."""
        shape = 0.505 + 0.5 * float(np.cos(np.pi * self.progress()))
        rate = PEAK_RATE * min(1.0, (self.step + 1) / 300) * shape
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.tower.train()
        with torch.autocast("cpu", torch.bfloat16):
            found = self.tower(mask_some(log_mel(batch.power), rng))
        hidden, evidence, point = (one.float() for one in found)
        loss = hearing.loss(hidden, evidence, batch) + naming.loss(self.tower.odds, point, batch, rng)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.tower.parameters(), 5.0)
        self.optimizer.step()
        follow(self.average, self.tower, self.step)
        self.step += 1
        return float(loss.item())

    def progress(self) -> float:
        """Say which part of the training time is spent, 0 to 1."""
        return min(1.0, self.spent / self.budget)

    def note(self, loss: float, scores: list[float]) -> None:
        """Append to the curve; store the state and, when it is the best so far, the averaged tower."""
        new = not self._curve.exists()
        with self._curve.open("a", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(
                    ["minutes", "examples", "loss", "clean", "snr10", "snr0", "clean_macro", "unseen"]
                )
            writer.writerow(
                [f"{self.spent / 60:.2f}", self.step * BATCH, f"{loss:.4f}", *(f"{s:.4f}" for s in scores)]
            )
        score = float(np.mean(scores[:4]))
        if score >= self.best:
            self.best = score
            torch.save(self.average.state_dict(), self._path.with_name("audio_best.pt"))
        state: dict[str, object] = {"tower": self.tower.state_dict(), "average": self.average.state_dict()}
        state |= {
            "optimizer": self.optimizer.state_dict(),
            "spent": self.spent,
            "step": self.step,
            "best": self.best,
        }
        torch.save(state, self._path.with_suffix(".tmp"))
        self._path.with_suffix(".tmp").replace(self._path)


def train(args: argparse.Namespace) -> None:
    """Train for a number of minutes, resuming where the last run stopped."""
    clips = read_index(args.data)
    bank_module.make(
        args, args.work / "bank", [clip for clip in clips if clip.split == "train"], args.windows
    )
    bank = Bank.load(args.work / "bank")
    dropped = bank.drop_unheard(audioset_names(args.teacher))
    print(f"{len(bank.kinds)} windows in the bank; {dropped} made ones teach no word")
    names = torch.from_numpy(JointSpace.load(args.work / "space.npz").names)
    left_out = [bank.names.index(name) for name in args.leave_out]
    texts = ClassTexts(bank.names, args, left_out)
    probe = make_probe(clips, load_audio(args.data, args.work))
    probe_texts = embed_texts([PROBE_PROMPT.format(words(name)) for name in probe.classes], args)
    trainer = Trainer(args, names)
    unseen = {name for name in probe.classes if name not in bank.names or name in args.leave_out}
    seed = args.seed + trainer.step
    hearing, naming = Hearing(bank), Naming(bank, texts, names)
    mixer, rng = Mixer(bank, seed, left_out), np.random.default_rng(seed)
    probed = trainer.spent
    with tqdm(total=int(trainer.budget), initial=int(trainer.spent), desc="audio", unit="s") as bar:
        while trainer.spent < trainer.budget:
            started = time.monotonic()
            loss = trainer.learn(hearing, naming, mixer.draw(BATCH), rng)
            trainer.spent += time.monotonic() - started
            bar.update(int(trainer.spent) - bar.n)
            if trainer.spent - probed >= PROBE_EVERY_S or trainer.spent >= trainer.budget:
                probed = trainer.spent
                scores = measure(trainer.average, probe, probe_texts, unseen)
                trainer.note(loss, scores)
                bar.set_postfix(
                    n=trainer.step * BATCH, loss=loss, clean=scores[0], snr10=scores[1], snr0=scores[2]
                )
    settle(args.work, probe, probe_texts, unseen)


def settle(work: Path, probe: Probe, texts: Tensor, unseen: set[str]) -> None:
    """Store the best on validation of: the best point of the run, its end, and the mean of both."""
    best = torch.load(work / "audio_best.pt", weights_only=True)
    last = torch.load(work / "audio.pt", weights_only=True)["average"]
    mean = {k: (best[k] + last[k]) / 2 if best[k].is_floating_point() else best[k] for k in best}
    scores = {}
    tower = AudioTower(best["names"])
    for name, state in {"best": best, "last": last, "mean": mean}.items():
        tower.load_state_dict(state)
        scores[name] = float(np.mean(measure(tower, probe, texts, unseen)[:4]))
        print(f"validation, mean of clean, 10 dB, 0 dB and clean macro: {scores[name]:.3f}  {name}")
    chosen = max(scores, key=lambda name: scores[name])
    torch.save({"best": best, "last": last, "mean": mean}[chosen], work / "audio_trunk.pt")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this stage that the text stage has not added."""
    parser.add_argument(
        "--audio-minutes", type=float, default=60.0, help="minutes to train the audio tower in all"
    )
    parser.add_argument("--windows", type=int, default=327_680, help="clean windows to make for the bank")
    parser.add_argument(
        "--leave-out",
        nargs="*",
        default=[],
        help="class words whose clips are not trained on, to test new words",
    )
    parser.add_argument(
        "--texts", choices=["own", "minilm"], default="own", help="which text side to train against"
    )


def main() -> None:
    """Run this stage alone."""
    from train_text import add_arguments as add_text_arguments

    parser = argparse.ArgumentParser(description=__doc__)
    add_text_arguments(parser)
    add_arguments(parser)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    train(args)


if __name__ == "__main__":
    main()
