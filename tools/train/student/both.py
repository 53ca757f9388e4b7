"""The last stage: two teachers at once, from many scenes that are kept (pool.py), each time in other noise.

The goals are the first teacher's hidden layer and, for the logits, what both teachers on average take for
evidence: a class's logit less what it is on ordinary sound. The student hears most scenes in a background;
its teachers never did. Its first blocks see little time and frequency, and stay as they are.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from monitor.export.evidence import Evidence
from tools.train.student.hints import ALONE, LEAST_LOGIT_DEVIATION
from tools.train.student.listening import OpenTeacher
from tools.train.student.network import LOGITS, Student
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
AVERAGED, MOST_AVERAGED = 0.1, 500.0
"""The average of the weights spans so many of the steps, the last ones, and no more than so many."""
STATE, CURVE = "both.pt", "both.csv"
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


class BothStudy:
    """A student that goes on learning from a pool; resumable at any time."""

    def __init__(self, work: Path, begin: Student, place: Evidence, goals: Goals, steps: int) -> None:
        self.path, self.curve = work / STATE, work / CURVE
        self.student, self.average = begin, copy.deepcopy(begin)
        self._place, self._goals, self._steps = place, goals, steps
        self._pool = Pool(work / "pool")
        self._learnt = [one for name, one in begin.named_parameters() if not _stays(name)]
        own = {id(one) for one in self._learnt}
        self.optimizer = Soap([group for group in groups(begin) if id(group["params"][0]) in own], PEAK_RATE)
        self.step, self.spent_s, self.norm = 0, 0.0, 0.0
        self.deviation = torch.ones(LOGITS)
        self.recent = torch.zeros(2 * len(WEIGHTS))
        if self.path.exists():
            self._resume(torch.load(self.path, weights_only=True))
        else:
            sample = self._pool.draw(np.arange(min(len(self._pool), _SAMPLE)))
            goal = goals.logits(sample["logits"], sample["second"])
            self.deviation = goal.std(0).clamp(min=LEAST_LOGIT_DEVIATION)

    def _resume(self, state: dict[str, Any]) -> None:
        for key in ("student", "average", "optimizer"):
            getattr(self, key).load_state_dict(state[key])
        for key in ("step", "spent_s", "norm", "deviation", "recent"):
            setattr(self, key, state[key])

    def save(self) -> None:
        """Store everything a later run needs, whole or not at all."""
        state = {key: getattr(self, key) for key in ("step", "spent_s", "norm", "deviation", "recent")}
        state |= {key: getattr(self, key).state_dict() for key in ("student", "average", "optimizer")}
        store(self.path, state)

    @property
    def done(self) -> bool:
        """Say whether it has had its steps."""
        return self.step >= self._steps

    def rate(self) -> float:
        """Return the learning rate of this step: it rises, then falls along half a cosine to nothing."""
        falling = 0.5 * (1 + math.cos(math.pi * min(1.0, self.step / self._steps)))
        return PEAK_RATE * min(1.0, (self.step + 1) / WARM_STEPS) * falling

    def learn(self, noise: Noise, teacher: OpenTeacher) -> None:
        """Take one step; of the teacher only the front end is needed."""
        began = time.monotonic()
        rows = np.random.default_rng(self.step).integers(len(self._pool), size=BATCH)
        drawn = self._pool.draw(rows)
        clean = round(CLEAN_SHARE * BATCH)
        errors = self._errors(teacher.listen(noise.add(drawn["audio"], clean)), drawn)
        each = torch.stack([part.mean() for error in errors for part in (error[:clean], error[clean:])])
        weights = torch.tensor(list(WEIGHTS.values())).repeat_interleave(2)
        shares = torch.tensor([clean, BATCH - clean]).repeat(len(WEIGHTS)) / BATCH
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate() * group["share"]
        self.optimizer.zero_grad()
        (each * weights * shares).sum().backward()  # type: ignore[no-untyped-call]
        self.norm = shorten(self._learnt, self.norm, self.step)
        self.optimizer.step()
        self.step += 1
        follow(self.average, self.student, 1 / min(1.0 + AVERAGED * self.step, MOST_AVERAGED))
        self.recent = self.recent.lerp(each.detach(), max(0.02, 1 / self.step))
        self.spent_s += time.monotonic() - began

    def _errors(self, mel: Tensor, drawn: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return the errors of WEIGHTS, each (n,)."""
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
        return (
            (hidden - self.student.hidden_scale(drawn["hidden"])).square().mean(1),
            ((logits - goal) / self.deviation).square().mean(1),
            1 - functional.cosine_similarity(self._place(logits), self._place(goal)),
        )

    def note(self, marks: dict[str, float]) -> None:
        """Append what the average got in an exam to the curve, and store."""
        line: dict[str, object] = {"step": self.step, "windows": self.step * BATCH, "scenes": len(self._pool)}
        line |= {"minutes": round(self.spent_s / 60, 2), "rate": f"{self.rate():.2e}"}
        line |= {name: round(mark, 4) for name, mark in marks.items()}
        heads = (f"{name}_{heard}" for name in WEIGHTS for heard in ("clean", "noisy"))
        line |= {head: round(float(error), 4) for head, error in zip(heads, self.recent, strict=True)}
        append(self.curve, line)
        self.save()


def _stays(name: str) -> bool:
    """Say whether a weight belongs to the stem or to a block that stays as it is."""
    return name.startswith("stem.") or (name.startswith("blocks.") and int(name.split(".")[1]) < ALONE)
