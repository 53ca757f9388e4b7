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
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from monitor.export.evidence import OFFSET, POWER
from monitor.export.evidence import Evidence as Untaught
from tools.train.class_words import SYNONYMS
from tools.train.corpus import words
from tools.train.phrases import PROMPTS
from tools.train.student.examples import Draw
from tools.train.student.network import HIDDEN, LOGITS
from tools.train.student.signals import ALARMS

STEPS, BATCH, PEAK_RATE = 600, 384, 6e-3
LABEL_DECAY, MADE_DECAY = 5.0, 0.3
"""Of what hidden adds to a name's evidence; the second of names near a word of what is made by code.

Alarms of `alarm_sounds.py` found in validation backgrounds, clean / 10 / 0 dB, 20 of each: nothing made by
code 10 / 2 / 2, a decay of 5 13 / 6 / 2, of 1 18 / 13 / 9, of .3 18 / 15 / 10. Validation clips stay where
they were: no class of them lost more than one. The grid is the one it was chosen on, so this flatters.
"""
BOUND = 3.0
"""Log-odds by which labels may move a name's evidence at most."""
MADE_BOUND = 9.0
"""The same of names near a word of what is made by code, if it is an alarm or no recording teaches it: the
teacher hardly knows these sounds. Names near the others, sirens and telephones, recordings teach as well."""
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

    def forward(self, hidden: Tensor, logits: Tensor) -> Tensor:  # type: ignore[override]  # noqa: ARG002
        """Place a batch; hidden is not needed."""
        point: Tensor = super().forward(logits)
        return point


class Taught(Evidence):
    """The same with what labels teach: a gain and an offset for each name, and what hidden adds to them.

    Taught sounds pull sounds without a label to their words, so the taught point is only added to the other.
    A constant taken off every point, by which words with a label yield to words without one, gave these 3, 2
    and 4 points (clean, 10, 0 dB, validation) and took from every listed word: 42 / 32 / 26 % of validation
    sirens came over the threshold of 5 false alarms an hour instead of 58 / 37 / 32.
    """

    reach: Tensor

    def __init__(self, names: Tensor, prior: Tensor, reach: Tensor, weight: float) -> None:
        """Move the evidence of names (LOGITS, d) as far as `reach`, log-odds (LOGITS,)."""
        super().__init__(names, prior)
        self.weight = weight
        self.register_buffer("reach", reach)
        self.gain = nn.Parameter(torch.zeros(LOGITS))
        self.offset = nn.Parameter(torch.zeros(LOGITS))
        self.correction = nn.Linear(HIDDEN, LOGITS, bias=False)
        nn.init.zeros_(self.correction.weight)

    def forward(self, hidden: Tensor, logits: Tensor) -> Tensor:  # type: ignore[override]
        """Place hidden (n, HIDDEN), in units of their deviation, and logits (n, LOGITS)."""
        untaught = super().forward(hidden, logits)
        return functional.normalize(untaught + self.weight * self.teachable(hidden, logits), dim=1)

    def teachable(self, hidden: Tensor, logits: Tensor) -> Tensor:
        """Place the same by what labels teach alone."""
        known = logits - self.prior
        moved = known * self.gain + self.offset + self.correction(hidden)
        evidence = (known - OFFSET) * POWER + self.reach * torch.tanh(moved / BOUND)
        return functional.normalize(torch.sigmoid(evidence) @ self.names, dim=1)


def reach(names: Tensor, words: Tensor, bound: float = BOUND) -> Tensor:
    """Say how far words with a label (n, d), unit norm, may move each of the names (m, d): (m,)."""
    nearest = (functional.normalize(names, dim=1) @ words.T).amax(1)
    return bound * ((nearest - FAR) / (NEAR - FAR)).clamp(0, 1)


@dataclass(frozen=True)
class Notes:
    """What a student says of labelled examples."""

    hidden: Tensor
    logits: Tensor
    truth: Tensor
    """int64 (n,), indices into `classes`."""
    classes: list[str]

    def joined(self, other: Notes) -> Notes:
        """Return these and the other's examples; classes of one name are one."""
        classes = sorted({*self.classes, *other.classes})
        truth = [torch.tensor([classes.index(c) for c in one.classes])[one.truth] for one in (self, other)]
        hidden, logits = torch.cat([self.hidden, other.hidden]), torch.cat([self.logits, other.logits])
        return Notes(hidden, logits, torch.cat(truth), classes)

    def without(self, left_out: Collection[str]) -> Notes:
        """Return those of the other classes."""
        classes = [name for name in self.classes if name not in left_out]
        places = torch.tensor([classes.index(one) if one in classes else -1 for one in self.classes])
        truth = places[self.truth]
        kept = truth >= 0
        return Notes(self.hidden[kept], self.logits[kept], truth[kept], classes)


@torch.inference_mode()
def take_notes(hear: Callable[[Tensor], tuple[Tensor, Tensor]], examples: Draw, count: int) -> Notes:
    """Let a student hear `count` examples; `hear` turns audio into hidden and logits."""
    parts = []
    for _ in tqdm(range(-(-count // 32)), desc="notes"):
        audio, truth = examples.draw(32)
        parts.append((*hear(audio), truth))
    hidden, logits, truth = (torch.cat(part)[:count].clone() for part in zip(*parts, strict=True))
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


def teach(  # noqa: PLR0913, PLR0917 - what is taught, where, and how much
    notes: Notes,
    names: Tensor,
    embed: Callable[[list[str]], NDArray[np.float32]],
    seed: int,
    weight: float = LABEL_WEIGHT,
    made: Notes | None = None,
) -> Taught:
    """Learn how much each name weighs.

    Parameters
    ----------
    embed
        The text side.
    weight
        Of what labels teach.
    made
        Examples made by code. They say nothing of what is ordinary, and what the student makes of them
        without labels is no goal: the teacher does not know them.
    """
    prior, recorded, known = notes.logits.mean(0), len(notes.truth), notes.classes
    made_classes = [] if made is None else made.classes
    notes = notes if made is None else notes.joined(made)
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
    reached = reach(names, middles)
    alarms = torch.tensor([name in ALARMS for name in notes.classes])
    rivals = ~(alarms[:, None] & alarms) | torch.eye(len(alarms), dtype=torch.bool)
    decay = torch.full((LOGITS,), LABEL_DECAY)
    if made_classes:
        new = [name for name in made_classes if name in ALARMS or name not in known]
        of_made = middles[[notes.classes.index(name) for name in new]]
        near_made = reach(names, of_made, 1.0)
        reached = torch.maximum(reached, MADE_BOUND * near_made)
        decay.lerp_(torch.full((LOGITS,), MADE_DECAY), near_made)
    taught = Taught(names, prior, reached, weight)
    untaught = Evidence(names, taught.prior)
    odds = nn.ParameterDict({"slope": torch.tensor(15.0), "middle": torch.tensor(0.5)})
    learnt = [taught.gain, taught.offset, *odds.parameters(), taught.correction.weight]
    optimizer = torch.optim.Adam(learnt, lr=PEAK_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS, eta_min=PEAK_RATE / 50)
    for _ in tqdm(range(STEPS), desc="names"):
        drawn = torch.from_numpy(rng.integers(0, len(notes.truth), BATCH))
        texts = torch.stack([items[rng.integers(len(items))] for items in wordings])
        hidden, logits, truth = notes.hidden[drawn], notes.logits[drawn], notes.truth[drawn]
        point, own = taught.teachable(hidden, logits), untaught(hidden, logits)
        own = own * (drawn < recorded)[:, None]
        by_words = (point @ texts.T / TEMPERATURE).masked_fill(~rivals[truth], -torch.inf)
        loss = _loss(point, functional.normalize(own + texts[truth], dim=1), by_words, truth, names)
        each = functional.binary_cross_entropy_with_logits(
            odds["slope"] * (point @ texts.T - odds["middle"]),
            functional.one_hot(truth, len(texts)).float(),
            reduction="none",
        )
        optimizer.zero_grad()
        (loss + ODDS_WEIGHT * (each * rivals[truth]).sum(dim=1).mean()).backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            taught.correction.weight *= (1 - optimizer.param_groups[0]["lr"] * decay)[:, None]
        optimizer.step()
        schedule.step()
    return taught.eval()


def _loss(point: Tensor, goal: Tensor, by_words: Tensor, truth: Tensor, names: Tensor) -> Tensor:
    """Compare likeness to the class words with the truth, and points with a goal's place among all names."""
    by_names = functional.kl_div(
        functional.log_softmax(point @ names.T / TEMPERATURE, dim=1),
        functional.log_softmax(goal @ names.T / TEMPERATURE, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    return functional.cross_entropy(by_words, truth) + NAMES_WEIGHT * by_names
