"""The last stage: two teachers at once, from many scenes that are kept (pool.py), each time in other noise.

The goals are the first teacher's hidden layer and, for the logits, what both teachers on average take for
evidence: a class's logit less what it is on ordinary sound. The student hears most scenes in a background;
its teachers never did. Its first blocks see little time and frequency, and stay as they are.

Half of the scenes are one labelled sound each (labelled.py). Of these a plain classifier must find the class
in the hidden layer, in whatever noise: labels teach the network what to keep, and its teachers what to make
of it. The classifier is thrown away. No label of ten classes is used, so that what the network makes of words
without a label can be asked.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from monitor.export.evidence import Evidence
from tools.train.student.hints import ALONE, LEAST_LOGIT_DEVIATION
from tools.train.student.listening import OpenTeacher
from tools.train.student.network import HIDDEN, LOGITS, Student
from tools.train.student.noise import Noise
from tools.train.student.pool import Pool
from tools.train.student.soap import Soap
from tools.train.student.study import append, follow, groups, shorten, store

BATCH = 64
CLEAN_SHARE = 0.4
"""Of the scenes, heard by the student as by its teachers."""
SNR_DB = (-5.0, 20.0)
"""Of the others, scene to background."""
SECOND_SHARE = 1 / 3
"""Of the second teacher in the evidence.

Top-1 of 539 held-out clips by the teachers themselves, from 2 s and 5 s, clean / 10 / 0 dB, in %: the first
alone 49.5 / 41.9 / 28.6, with a quarter of the second 53.1 / 43.4 / 26.7, with .4 54.2 / 41.7 / 25.6, with a
half 52.7 / 41.7 / 23.0, the second alone 42.1 / 28.4 / 16.5.
"""
PEAK_RATE, WARM_STEPS = 0.004, 40
WEIGHTS = {"hidden": 2.0, "logits": 4.0, "point": 4.0}
"""Of errors: squares of hidden and logits, each over its variance, and 1 less the cosine of the points."""
LABELS_WEIGHT, CLASSIFIER_RATE, CLASSIFIER_DECAY, SMOOTHED = 1.0, 2e-3, 0.1, 0.1
"""Of the classifier: what its error weighs on a labelled scene, its peak rate, decay and label smoothing.

Top-1 of 539 held-out clips, clean / 10 / 0 dB, after 756 steps at nearly the peak rate, names taught as well:
62.3 / 56.2 / 44.7 % (before 62.3 / 55.1 / 42.9). Asking instead for a point that names could be taught from
(naming.py) 62.3 / 55.7 / 43.6, weighing three times as much 61.4 / 55.7 / 44.2; when labels moved logits as
well, it diverged. Early blocks that learn too, or late ones of twice the width, explained no more of the
teachers by then.
"""
AVERAGED, MOST_AVERAGED = 0.1, 500.0
"""The average of the weights spans so many of the steps, the last ones, and no more than so many."""
STATE, CURVE = "both.pt", "both.csv"
KEPT = ("step", "spent_s", "norm", "deviation", "recent", "told", "left_out")
LOADED = ("student", "average", "optimizer", "classifier", "classifier_optimizer")
_SAMPLE = 512


@dataclass(frozen=True)
class Goals:
    """How the evidence of two teachers is one goal."""

    typical: Tensor
    """(LOGITS,): the first teacher's on ordinary sound."""
    second_typical: Tensor
    """(CLASSES,): the second one's on the same."""
    columns: Tensor
    """int64 (CLASSES,): where its classes stand among the LOGITS."""

    def logits(self, first: Tensor, second: Tensor) -> Tensor:
        """Return (n, LOGITS), in the first teacher's units, of (n, LOGITS) and (n, CLASSES)."""
        goal = first.clone()
        own = second - self.second_typical + self.typical[self.columns]
        goal[:, self.columns] = goal[:, self.columns].lerp(own, SECOND_SHARE)
        return goal


def left_out_of(work: Path) -> frozenset[str]:
    """Return the classes of which the network of a working folder has learnt no label."""
    return frozenset(torch.load(work / STATE, weights_only=True)["left_out"])


def places_of(classes: Sequence[str], left_out: Collection[str] = ()) -> Tensor:
    """Say where the classes of a pool stand in the classifier, int64 (classes + 1,).

    -1 is nowhere; the last is for scenes without a label.
    """
    used = [name for name in classes if name not in left_out]
    return torch.tensor([*(used.index(name) if name in used else -1 for name in classes), -1])


class BothStudy:
    """A student that goes on learning from a pool; resumable at any time."""

    def __init__(  # noqa: PLR0913, PLR0917 - where, from what, and what is asked
        self,
        work: Path,
        begin: Student,
        place: Evidence,
        goals: Goals,
        classes: Sequence[str],
        steps: int,
        left_out: Collection[str] = (),
    ) -> None:
        self.path, self.curve = work / STATE, work / CURVE
        self.student, self.average = begin, copy.deepcopy(begin)
        self._place, self._goals, self._steps = place, goals, steps
        self.left_out = sorted(left_out)
        self._places = places_of(classes, left_out)
        self.classifier = nn.Linear(HIDDEN, int(self._places.max()) + 1)
        nn.init.zeros_(self.classifier.weight)
        told = self.classifier.parameters()
        self.classifier_optimizer = torch.optim.AdamW(told, CLASSIFIER_RATE, weight_decay=CLASSIFIER_DECAY)
        self._pool = Pool(work / "pool")
        self._learnt = [one for name, one in begin.named_parameters() if not _stays(name)]
        own = {id(one) for one in self._learnt}
        self.optimizer = Soap([group for group in groups(begin) if id(group["params"][0]) in own], PEAK_RATE)
        self.step, self.spent_s, self.norm = 0, 0.0, 0.0
        self.deviation = torch.ones(LOGITS)
        self.recent, self.told = torch.zeros(2 * len(WEIGHTS)), 0.0
        if self.path.exists():
            self._resume(torch.load(self.path, weights_only=True))
        else:
            sample = self._pool.draw(np.arange(min(len(self._pool), _SAMPLE)))
            goal = goals.logits(sample["logits"], sample["second"])
            self.deviation = goal.std(0).clamp(min=LEAST_LOGIT_DEVIATION)

    def _resume(self, state: dict[str, Any]) -> None:
        if state["left_out"] != self.left_out:
            raise SystemExit(f"{self.path} has learnt without the labels of {state['left_out']}: go on so")
        for key in LOADED:
            getattr(self, key).load_state_dict(state[key])
        for key in KEPT:
            setattr(self, key, state[key])

    def save(self) -> None:
        """Store everything a later run needs, whole or not at all."""
        state = {key: getattr(self, key) for key in KEPT}
        state |= {key: getattr(self, key).state_dict() for key in LOADED}
        store(self.path, state)

    @property
    def done(self) -> bool:
        """Say whether it has had its steps."""
        return self.step >= self._steps

    def rate(self, peak: float = PEAK_RATE) -> float:
        """Return the learning rate of this step: it rises, then falls along half a cosine to nothing."""
        falling = 0.5 * (1 + math.cos(math.pi * min(1.0, self.step / self._steps)))
        return peak * min(1.0, (self.step + 1) / WARM_STEPS) * falling

    def learn(self, noise: Noise, teacher: OpenTeacher) -> None:
        """Take one step; of the teacher only the front end is needed."""
        began = time.monotonic()
        rows = np.random.default_rng(self.step).integers(len(self._pool), size=BATCH)
        drawn = self._pool.draw(rows)
        clean = round(CLEAN_SHARE * BATCH)
        errors, told = self._errors(teacher.listen(noise.add(drawn["audio"], clean)), drawn)
        each = torch.stack([part.mean() for error in errors for part in (error[:clean], error[clean:])])
        weights = torch.tensor(list(WEIGHTS.values())).repeat_interleave(2)
        shares = torch.tensor([clean, BATCH - clean]).repeat(len(WEIGHTS)) / BATCH
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate() * group["share"]
        self.classifier_optimizer.param_groups[0]["lr"] = self.rate(CLASSIFIER_RATE)
        self.optimizer.zero_grad()
        self.classifier_optimizer.zero_grad()
        ((each * weights * shares).sum() + LABELS_WEIGHT * told).backward()
        self.norm = shorten(self._learnt, self.norm, self.step)
        self.optimizer.step()
        self.classifier_optimizer.step()
        self.step += 1
        newest = max(0.02, 1 / self.step)
        self.told += newest * (float(told.detach()) - self.told)
        follow(self.average, self.student, 1 / min(1.0 + AVERAGED * self.step, MOST_AVERAGED))
        self.recent = self.recent.lerp(each.detach(), newest)
        self.spent_s += time.monotonic() - began

    def _errors(self, mel: Tensor, drawn: dict[str, Tensor]) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor]:
        """Return the errors of WEIGHTS, each (n,), and the classifier's on average of all scenes."""
        blocks = list(self.student.blocks)
        with torch.no_grad():
            x = self.student.first(mel)
            for block in blocks[:ALONE]:
                x = block(x)
        for block in blocks[ALONE:]:
            x = block(x)
        hidden = self.student.think(self.student.pool(x))
        logits = self.student.logits(hidden)
        goal = self._goals.logits(drawn["logits"], drawn["second"])
        errors = (
            (hidden - self.student.hidden_scale(drawn["hidden"])).square().mean(1),
            ((logits - goal) / self.deviation).square().mean(1),
            1 - functional.cosine_similarity(self._place(logits), self._place(goal)),
        )
        truth = self._places[drawn["label"].flatten().long()]
        told = truth >= 0
        if not told.any():
            return errors, torch.zeros(())
        found = functional.cross_entropy(self.classifier(hidden[told]), truth[told], label_smoothing=SMOOTHED)
        return errors, told.float().mean() * found

    def note(self, marks: dict[str, float]) -> None:
        """Append what the average got in an exam to the curve, and store."""
        line: dict[str, object] = {"step": self.step, "windows": self.step * BATCH, "scenes": len(self._pool)}
        line |= {"minutes": round(self.spent_s / 60, 2), "rate": f"{self.rate():.2e}"}
        line |= {name: round(mark, 4) for name, mark in marks.items()}
        heads = (f"{name}_{heard}" for name in WEIGHTS for heard in ("clean", "noisy"))
        line |= {head: round(float(error), 4) for head, error in zip(heads, self.recent, strict=True)}
        line["labels"] = round(self.told, 4)
        append(self.curve, line)
        self.save()


def _stays(name: str) -> bool:
    """Say whether a weight belongs to the stem or to a block that stays as it is."""
    return name.startswith("stem.") or (name.startswith("blocks.") and int(name.split(".")[1]) < ALONE)
