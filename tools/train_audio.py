"""Train the audio tower on noisy mixtures: the teacher's evidence, and the embeddings of class words."""

from __future__ import annotations

import argparse
import copy
import csv
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import bank as bank_module
import numpy as np
import torch
from bank import Bank
from corpus import SAMPLE_RATE, Audio, Clip, load_audio, loudest_window, mix, read_index, words
from joint_space import JointSpace, TextTeacher, audioset_names
from mixing import Batch, Mixer
from numpy.typing import NDArray
from phrases import PROMPTS
from teacher_recipes import OFFSET, POWER
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from towers import AudioTower, MelPower, TextTower, log_mel
from tqdm import tqdm
from train_text import encode

BATCH = 128
PEAK_RATE = 2e-3
EMA = 0.999
TEMPERATURE = 0.06
"""Of the softmax over class words."""
EVIDENCE_WEIGHT = 12.0
HIDDEN_WEIGHT = 6.0
ODDS_WEIGHT = 0.5
"""Of each word's own yes or no, so that a cosine means the same in every window (SigLIP, X. Zhai, 2023)."""
NAMES_WEIGHT = 0.5
"""Of the divergence from the goal's similarities to the AudioSet names: keeps unlisted sounds in place."""
LABEL_DECAY = 5.0
"""Weight decay of what the labels teach; chosen on validation, where the labels of few recordings mislead."""
LABEL_PULL = 1.0
"""How far the goal lies from the audio teacher's own point toward the label's words."""
PROBE_PROMPT = "the sound of {}"
PROBE_SNRS_DB = (None, 10.0, 0.0)
PROBE_EVERY_S = 150.0

SYNONYMS = {
    "siren": (
        "ambulance siren",
        "police siren",
        "fire engine siren",
        "ambulance passing",
        "emergency vehicle",
    ),
    "civil_defense_siren": ("air raid siren", "tornado siren"),
    "alarm_siren": ("alarm", "emergency alarm"),
    "dog_bark": ("dog barking", "dogs barking", "a dog", "puppy yapping"),
    "fire_smoke_alarm": ("smoke alarm", "fire alarm", "smoke detector beeping", "smoke alarm beeping"),
    "alarm_clock": ("alarm clock ringing", "alarm clock beeping", "wake up alarm"),
    "baby_cry": ("baby crying", "infant crying", "crying baby"),
    "glass_break": ("glass breaking", "glass shattering", "broken glass", "window smashing"),
    "door_knock": ("knocking on a door", "someone knocking at the door", "knock", "door knocking"),
    "doorbell": ("door bell", "doorbell ringing", "ding dong"),
    "car_horn": ("car honking", "vehicle horn", "honking", "beeping car horn"),
    "gunshot": ("gun shot", "gunfire", "gun shooting"),
    "scream": ("screaming", "someone screaming"),
    "speech_shout": ("shouting", "someone shouting", "yelling"),
    "telephone_ring": ("telephone ringing", "phone ringing"),
    "ringtone": ("mobile phone ringing", "phone ringtone"),
    "speech": ("people talking", "a person speaking", "conversation"),
    "children_playing": ("kids playing", "children shouting and playing"),
    "keyboard_typing": ("typing on a keyboard", "computer keyboard"),
    "footsteps": ("someone walking", "walking footsteps"),
    "water_running": ("running water", "water tap", "faucet"),
    "vacuum_cleaner": ("vacuum cleaning", "hoover"),
    "engine": ("engine idling", "motor running"),
    "cat_meow": ("cat meowing", "a cat"),
    "cough": ("coughing", "someone coughing"),
    "bird_chirp": ("birds chirping", "bird song"),
}
"""Other words for the classes that matter most."""


class ClassTexts:
    """Text embeddings of the classes, in many wordings."""

    def __init__(self, classes: list[str], args: argparse.Namespace, left_out: Collection[int]) -> None:
        self._far = torch.zeros(len(classes), 1)  # a word left out is no wrong answer either
        self._far[list(left_out)] = 1.0
        wordings = [[words(name), *SYNONYMS.get(name, ())] for name in classes]
        prompts = [[prompt.format(item) for item in items for prompt in PROMPTS] for items in wordings]
        # the plain class word is drawn half of the time
        self._odds = [
            np.repeat(
                [0.5, *[0.5 / (len(items) - 1)] * (len(items) - 1)] if len(items) > 1 else [1.0], len(PROMPTS)
            )
            for items in wordings
        ]
        flat = embed_texts([text for texts in prompts for text in texts], args)
        sizes = [len(texts) for texts in prompts]
        self._embeddings = list(torch.split(flat, sizes))

    def draw(self, rng: np.random.Generator) -> Tensor:
        """Draw one wording for each class: (n_classes, d)."""
        picks = [int(rng.choice(len(odds), p=odds / odds.sum())) for odds in self._odds]
        drawn = torch.stack([items[pick] for items, pick in zip(self._embeddings, picks, strict=True)])
        return drawn * (1 - self._far)


def embed_texts(texts: list[str], args: argparse.Namespace) -> Tensor:
    """Embed texts by our text tower or, while it is not trained, by its teacher: (n, d), joint space."""
    if args.texts == "minilm":
        space = JointSpace.load(args.work / "space.npz")
        return torch.from_numpy(space.project(TextTeacher(args.minilm).embed(texts)))
    tower = load_text_tower(args.work)
    ids, mask = encode(Tokenizer.from_file(str(args.work / "tokenizer.json")), texts)
    with torch.inference_mode():
        parts = [tower(ids[at : at + 256], mask[at : at + 256]) for at in range(0, len(texts), 256)]
    return torch.cat(parts).clone()


def load_text_tower(work: Path) -> TextTower:
    """Load the trained text tower from the work folder."""
    state = torch.load(work / "text.pt", weights_only=True)["tower"]
    tower = TextTower(state["out.weight"].shape[0], len(state["tokens.weight"]))
    tower.load_state_dict(state)
    return tower.eval()


def teacher_point(evidence: Tensor, names: Tensor) -> Tensor:
    """Place the audio teacher's evidence in the joint space: posteriors, sharpened, times the names."""
    return functional.normalize(torch.sigmoid(evidence - OFFSET) ** POWER @ names, dim=1)


@dataclass(frozen=True)
class Probe:
    """Validation windows, and the class each belongs to."""

    mels: list[Tensor]
    """One (n, frames, N_MELS) for each of PROBE_SNRS_DB."""
    classes: list[str]
    truth: Tensor
    """int64 (n,), index into classes."""


def make_probe(clips: list[Clip], audio: Audio) -> Probe:
    """Mix the validation events with validation backgrounds, as waveforms."""
    held = [clip for clip in clips if clip.split == "validation" and clip.rms_db > -55]
    counts = Counter(clip.canonical for clip in held if clip.kind == "event")
    classes = sorted(name for name, count in counts.items() if count >= 2)
    events = [clip for clip in held if clip.kind == "event" and clip.canonical in classes]
    backgrounds: dict[str, list[Clip]] = {}
    for clip in held:
        if clip.kind == "background":
            backgrounds.setdefault(clip.canonical, []).append(clip)
    rng, front = np.random.default_rng(11), MelPower()
    scenes = sorted(backgrounds)
    windows: list[list[NDArray[np.float32]]] = [[] for _ in PROBE_SNRS_DB]
    for clip in events:
        pool = backgrounds[scenes[rng.integers(len(scenes))]]
        background = np.resize(audio.clip(pool[rng.integers(len(pool))].row), SAMPLE_RATE * 30)[
            : 2 * SAMPLE_RATE
        ]
        event = loudest_window(audio.clip(clip.row))
        for found, snr_db in zip(windows, PROBE_SNRS_DB, strict=True):
            found.append(event if snr_db is None else mix(event, background, snr_db))
    mels = [log_mel(front(torch.from_numpy(np.stack(found)))) for found in windows]
    truth = torch.tensor([classes.index(clip.canonical) for clip in events])
    return Probe(mels, classes, truth)


def measure(tower: AudioTower, probe: Probe, texts: Tensor, unseen: set[str]) -> list[float]:
    """Measure top-1 for each condition, then clean the mean over classes, and over those never learnt."""
    tower.eval()
    rights = []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for mels in probe.mels:
            points = torch.cat([tower(part)[2] for part in torch.split(mels, 128)])
            rights.append((points.float() @ texts.T).argmax(dim=1) == probe.truth)
    clean = rights[0].float()
    recalls = [float(clean[probe.truth == index].mean()) for index in range(len(probe.classes))]
    new = [recall for recall, name in zip(recalls, probe.classes, strict=True) if name in unseen]
    return [
        *(float(right.float().mean()) for right in rights),
        float(np.mean(recalls)),
        float(np.mean(new or [0])),
    ]


def mask_some(mel: Tensor, rng: np.random.Generator) -> Tensor:
    """Blank a short stretch of time and a few bands in a quarter of the windows."""
    keep = np.ones(mel.shape, np.float32)
    for at in np.flatnonzero(rng.random(len(mel)) < 0.25):
        frame, band = rng.integers(0, mel.shape[1] - 16), rng.integers(0, mel.shape[2] - 8)
        keep[at, frame : frame + rng.integers(0, 16)] = 0
        keep[at, :, band : band + rng.integers(0, 8)] = 0
    return mel * torch.from_numpy(keep)


class Lesson:
    """One training batch's loss."""

    def __init__(self, bank: Bank, texts: ClassTexts, names: Tensor) -> None:
        self._bank, self._texts, self._names = bank, texts, names
        self._prior = bank.prior()
        sample = bank.hidden[:: max(1, len(bank.hidden) // 20_000)].float()
        self._centre, self._scale = sample.mean(dim=0), sample.std(dim=0) + 0.05

    def loss(self, tower: AudioTower, mel: Tensor, batch: Batch, rng: np.random.Generator) -> Tensor:
        """Sum the losses: the teacher's hidden layer, its evidence, class words, the place among names."""
        with torch.autocast("cpu", torch.bfloat16):
            found = tower(mel)
        hidden, evidence, point = (one.float() for one in found)
        main, other = batch.items[:, 0], batch.items[:, 1]
        clean = self._bank.logits[main].float() - self._prior
        also = self._bank.logits[other].float() - self._prior
        wanted = torch.maximum(torch.sigmoid(clean), torch.sigmoid(also) * batch.shares[:, 1:])
        by_evidence = functional.binary_cross_entropy_with_logits(evidence, wanted)
        target = (self._bank.hidden[main].float() - self._centre) / self._scale
        by_hidden = ((hidden - target).square().mean(dim=1) * batch.shares[:, 0]).mean()
        words = self._texts.draw(rng)
        answers = self._answers(batch, len(words))
        each = functional.binary_cross_entropy_with_logits(
            tower.odds(point @ words.T), (2 * answers).clamp(max=1), reduction="none"
        )
        by_odds = (each.sum(dim=1) * answers.sum(dim=1)).mean()
        by_words = -(answers * functional.log_softmax(point @ words.T / TEMPERATURE, dim=1)).sum(dim=1).mean()
        goal = functional.normalize(
            teacher_point(clean, self._names)
            + LABEL_PULL * functional.normalize(answers @ words, dim=1) * answers.sum(dim=1, keepdim=True),
            dim=1,
        )
        by_names = functional.kl_div(
            functional.log_softmax(point @ self._names.T / TEMPERATURE, dim=1),
            functional.log_softmax(goal @ self._names.T / TEMPERATURE, dim=1),
            reduction="batchmean",
            log_target=True,
        )
        return (
            by_words
            + ODDS_WEIGHT * by_odds
            + EVIDENCE_WEIGHT * by_evidence
            + HIDDEN_WEIGHT * by_hidden
            + NAMES_WEIGHT * by_names
        )

    def _answers(self, batch: Batch, classes: int) -> Tensor:
        """Add up the shares of each class: (n, classes); a row adds up to less where part has no label."""
        answers = torch.zeros(len(batch.items), classes)
        for at in range(2):
            labels = self._bank.classes[batch.items[:, at]].long()
            shares = self._bank.shares[batch.items[:, at]].float() * batch.shares[:, at : at + 1]
            answers.scatter_add_(1, labels.clamp(min=0), shares * (labels >= 0))
        return answers


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

    def learn(self, lesson: Lesson, batch: Batch, rng: np.random.Generator) -> float:
        """Take one step."""
        shape = 0.505 + 0.5 * float(np.cos(np.pi * self.progress()))
        rate = PEAK_RATE * min(1.0, (self.step + 1) / 300) * shape
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.tower.train()
        mel = mask_some(log_mel(batch.power), rng)
        loss = lesson.loss(self.tower, mel, batch, rng)
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
    lesson = Lesson(bank, texts, names)
    mixer, rng = Mixer(bank, seed, left_out), np.random.default_rng(seed)
    probed = trainer.spent
    with tqdm(total=int(trainer.budget), initial=int(trainer.spent), desc="audio", unit="s") as bar:
        while trainer.spent < trainer.budget:
            started = time.monotonic()
            loss = trainer.learn(lesson, mixer.draw(BATCH), rng)
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
    torch.save({"best": best, "last": last, "mean": mean}[chosen], work / "audio_final.pt")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this stage that the text stage has not added."""
    parser.add_argument(
        "--audio-minutes", type=float, default=60.0, help="minutes to train the audio tower in all"
    )
    parser.add_argument("--windows", type=int, default=163_840, help="clean windows to make for the bank")
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
