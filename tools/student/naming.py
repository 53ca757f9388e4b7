"""From what the student hears to a point in the box's joint space: how much each AudioSet name weighs.

Without labels, `Evidence`. `teach` learns it from the labels of training clips in training backgrounds, on
the finished student: nothing before it learns from a label, and no direction is added, so a sound without a
label still lands near its name. The text side is the box's, as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from class_words import SYNONYMS
from corpus import words
from numpy.typing import NDArray
from phrases import PROMPTS
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from monitor.export.evidence import OFFSET, POWER
from monitor.export.evidence import Evidence as Untaught
from student.network import HIDDEN, LOGITS
from student.sources import RATE, Sound

WINDOW_LEN = 2 * RATE
CLEAN, SNR_DB = 0.4, (-5.0, 24.0)
"""How many examples have no background, and the ratios of the others."""
PEAK_DB = (-35.0, -3.0)
STEPS, BATCH, PEAK_RATE = 600, 384, 6e-3
LABEL_DECAY = 5.0
BOUND = 3.0
"""Log-odds by which labels may move a name's evidence at most."""
NEAR, FAR = 0.9, 0.1
"""Cosines of a name to the nearest word with a label: labels move it up to the bound, or not at all."""
LABEL_WEIGHT = 4.0
"""Of the point that labels teach, added to the one without.

Top-1 of validation clips, clean / 10 / 0 dB, in %: no label 63.2 / 55.2 / 43.7, weight 1 69.8 / 63.5 / 51.7,
weight 4 74.4 / 66.7 / 54.0. Of the 36 of ten classes left out of the labels: no label 88 / 79 / 57,
weight 4 88 / 82 / 56 (with their labels 94 / 88 / 71).
"""
TEMPERATURE, ODDS_WEIGHT, NAMES_WEIGHT = 0.06, 0.5, 0.5
"""Of cosines in both softmaxes, and weights of the other two losses beside that of the words."""


class Evidence(Untaught):
    """The same of hidden and logits, as `Taught` takes them; no labels."""

    def forward(self, hidden: Tensor, logits: Tensor) -> Tensor:  # noqa: ARG002
        """Place a batch; hidden is not needed."""
        point: Tensor = super().forward(logits)
        return point


class Taught(Evidence):
    """The same with what labels teach: a gain and an offset for each name, and what hidden adds to them.

    Taught sounds pull sounds without a label to their words. So the taught point is only added to the other.
    """

    reach: Tensor

    def __init__(self, names: Tensor, prior: Tensor, words: Tensor, weight: float) -> None:
        """Reach the names (LOGITS, d) near any of the words with a label (n, d), unit norm."""
        super().__init__(names, prior)
        self.weight = weight
        nearest = (functional.normalize(names, dim=1) @ words.T).amax(1)
        self.register_buffer("reach", BOUND * ((nearest - FAR) / (NEAR - FAR)).clamp(0, 1))
        self.gain = nn.Parameter(torch.zeros(LOGITS))
        self.offset = nn.Parameter(torch.zeros(LOGITS))
        self.correction = nn.Linear(HIDDEN, LOGITS, bias=False)
        nn.init.zeros_(self.correction.weight)

    def forward(self, hidden: Tensor, logits: Tensor) -> Tensor:
        """Place hidden (n, HIDDEN), in units of their deviation, and logits (n, LOGITS)."""
        untaught = super().forward(hidden, logits)
        return functional.normalize(untaught + self.weight * self.teachable(hidden, logits), dim=1)

    def teachable(self, hidden: Tensor, logits: Tensor) -> Tensor:
        """Place the same by what labels teach alone."""
        known = logits - self.prior
        moved = known * self.gain + self.offset + self.correction(hidden)
        evidence = (known - OFFSET) * POWER + self.reach * torch.tanh(moved / BOUND)
        return functional.normalize(torch.sigmoid(evidence) @ self.names, dim=1)


@dataclass(frozen=True)
class Notes:
    """What a student says of labelled examples."""

    hidden: Tensor
    logits: Tensor
    truth: Tensor
    """int64 (n,), indices into `classes`."""
    classes: list[str]

    def without(self, left_out: Collection[str]) -> Notes:
        """Return those of the other classes."""
        classes = [name for name in self.classes if name not in left_out]
        places = torch.tensor([classes.index(one) if one in classes else -1 for one in self.classes])
        truth = places[self.truth]
        kept = truth >= 0
        return Notes(self.hidden[kept], self.logits[kept], truth[kept], classes)


class Examples:
    """Draws labelled training clips, clean or in training backgrounds."""

    def __init__(self, sound: Sound, seed: int) -> None:
        self._sound, self._rng = sound, np.random.default_rng(seed)
        clips = sound.clips
        told = [not c.canonical.startswith("unlabelled") for c in clips]
        self._main = np.flatnonzero(told)
        self._beds = np.flatnonzero([clip.kind == "background" for clip in clips])
        names, groups = ([getattr(clips[at], key) for at in self._main] for key in ("canonical", "group"))
        self.classes = sorted(set(names))
        self._truth = np.array([self.classes.index(name) for name in names])
        sizes = [names.count(name) * groups.count(group) for name, group in zip(names, groups, strict=True)]
        self._odds = np.array(sizes) ** -0.5 / (np.array(sizes) ** -0.5).sum()

    def draw(self, n: int) -> tuple[Tensor, Tensor]:
        """Draw n: audio float32 (n, WINDOW_LEN), full scale +-1.0, and its classes (n,)."""
        rng = self._rng
        drawn = rng.choice(len(self._main), n, p=self._odds)
        main = _level([self._cut(int(at)) for at in self._main[drawn]])
        beds = _level([self._cut(int(at)) for at in rng.choice(self._beds, n)])
        ratio = 10 ** (-rng.uniform(*SNR_DB, (n, 1)) / 20) * (rng.random((n, 1)) >= CLEAN)
        mixed = main + beds * ratio
        peak = np.abs(mixed).max(axis=1, keepdims=True)
        mixed *= 10 ** (rng.uniform(*PEAK_DB, (n, 1)) / 20) / (peak + 1e-9)
        return torch.from_numpy(mixed.astype(np.float32)), torch.from_numpy(self._truth[drawn])

    def _cut(self, at: int) -> NDArray[np.float32]:
        """Cut a window around a tenth of a second drawn by its energy; a short clip lies amid silence."""
        rng, samples = self._rng, self._sound.clip(at).astype(np.float32) / 32767
        if len(samples) <= WINDOW_LEN:
            padded = np.zeros(WINDOW_LEN, np.float32)
            start = int(rng.integers(0, WINDOW_LEN - len(samples) + 1))
            padded[start : start + len(samples)] = samples
            return padded
        step = RATE // 10
        energy = np.square(samples[: len(samples) // step * step]).reshape(-1, step).sum(axis=1) + 1e-9
        middle = int(rng.choice(len(energy), p=energy / energy.sum())) * step
        start = middle - int(rng.integers(RATE // 4, WINDOW_LEN - RATE // 4))
        return samples[min(max(0, start), len(samples) - WINDOW_LEN) :][:WINDOW_LEN]


def _level(windows: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Stack windows, each of RMS one."""
    stack = np.stack(windows)
    return np.asarray(stack / (np.sqrt(np.square(stack).mean(axis=1, keepdims=True)) + 1e-6), np.float32)


@torch.inference_mode()
def take_notes(hear: Callable[[Tensor], tuple[Tensor, Tensor]], examples: Examples, count: int) -> Notes:
    """Let a student hear `count` examples; `hear` turns audio into hidden and logits."""
    parts = []
    for _ in tqdm(range(-(-count // 32)), desc="notes"):
        audio, truth = examples.draw(32)
        parts.append((*hear(audio), truth))
    hidden, logits, truth = (torch.cat(part).clone() for part in zip(*parts, strict=True))
    return Notes(hidden, logits, truth, examples.classes)


def kept_notes(path: Path, key: str, take: Callable[[], Notes]) -> Notes:
    """Return what was noted under this key (student, seed, count) before, or take notes and keep them."""
    if path.exists():
        stored = torch.load(path, weights_only=True)
        if stored.pop("key") == key:
            return Notes(**stored)
    notes = take()
    torch.save({"key": key, **vars(notes)}, path.with_suffix(".unfinished"))
    path.with_suffix(".unfinished").replace(path)
    return notes


def teach(
    notes: Notes,
    names: Tensor,
    embed: Callable[[list[str]], NDArray[np.float32]],
    seed: int,
    weight: float = LABEL_WEIGHT,
) -> Taught:
    """Learn how much each name weighs; `embed` is the text side, `weight` that of what labels teach."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    wordings = [
        torch.from_numpy(
            embed(
                [prompt.format(word) for word in (words(name), *SYNONYMS.get(name, ())) for prompt in PROMPTS]
            )
        )
        for name in notes.classes
    ]
    middles = functional.normalize(torch.stack([items.mean(0) for items in wordings]), dim=1)
    taught = Taught(names, notes.logits.mean(0), middles, weight)
    untaught = Evidence(names, taught.prior)
    odds = nn.ParameterDict({"slope": torch.tensor(15.0), "middle": torch.tensor(0.5)})
    strong = [taught.correction.weight]
    rest = [taught.gain, taught.offset, *odds.parameters()]
    optimizer = torch.optim.AdamW(
        [{"params": rest, "weight_decay": 0.0}, {"params": strong, "weight_decay": LABEL_DECAY}], lr=PEAK_RATE
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS, eta_min=PEAK_RATE / 50)
    for _ in tqdm(range(STEPS), desc="names"):
        drawn = torch.from_numpy(rng.integers(0, len(notes.truth), BATCH))
        texts = torch.stack([items[rng.integers(len(items))] for items in wordings])
        hidden, logits, truth = notes.hidden[drawn], notes.logits[drawn], notes.truth[drawn]
        point, own = taught.teachable(hidden, logits), untaught(hidden, logits)
        loss = _loss(point, functional.normalize(own + texts[truth], dim=1), texts, truth, names)
        each = functional.binary_cross_entropy_with_logits(
            odds["slope"] * (point @ texts.T - odds["middle"]),
            functional.one_hot(truth, len(texts)).float(),
            reduction="none",
        )
        optimizer.zero_grad()
        (loss + ODDS_WEIGHT * each.sum(dim=1).mean()).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return taught.eval()


def _loss(point: Tensor, goal: Tensor, texts: Tensor, truth: Tensor, names: Tensor) -> Tensor:
    """Compare points with the class words, and with a goal's place among all names."""
    by_words = functional.cross_entropy(point @ texts.T / TEMPERATURE, truth)
    by_names = functional.kl_div(
        functional.log_softmax(point @ names.T / TEMPERATURE, dim=1),
        functional.log_softmax(goal @ names.T / TEMPERATURE, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    return by_words + NAMES_WEIGHT * by_names
