"""The student while it learns: its weights, their average, its optimiser, the curve; resumable at any time.

Two stages. Apart: each block learns alone, from the teacher's map before it to the teacher's map after it, so
all learn at once and nothing has to work yet. Chained: the student hears the sound alone, and every map, the
pooled and hidden layers and the logits are compared.
"""

from __future__ import annotations

import copy
import csv
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from student.hints import (
    LEAST_LOGIT_DEVIATION,
    PARTS,
    REPLAYED_CHAINED,
    Wanted,
    deep_parts,
    errors_apart,
    errors_chained,
    errors_deep,
)
from student.listening import OpenTeacher
from student.measure import Exam, Marks, measure
from student.network import Student
from student.replay import Replay
from student.scenes import Scenes
from student.soap import Soap
from student.sources import RATE
from student.start import prepare

SHORT, LONG = (32, 2 * RATE), (12, 5 * RATE)
"""Scenes in a batch, and samples of each."""
LONG_SHARE = 7
"""One batch in so many is long."""


@dataclass(frozen=True)
class Stage:
    """How one stage learns."""

    name: str
    peak_rate: float
    """Share of its usual size by which a weight moves in a step."""
    warm_steps: int
    level_steps: int
    """After so many the rate falls with the root of the steps, so that there is no end to plan for."""


APART = Stage("apart", 0.25, 20, 150)
CHAINED = Stage("chained", 0.012, 40, 400)
CHAINED_WEIGHTS = (*(1.0,) * 16, 2.0, 4.0, 4.0)
"""Of each of PARTS, once chained."""
DEEP_WEIGHT = 0.5
"""Of the deep parts' errors on the teacher's own input, once chained."""
BIAS_FAN = 16
"""A bias moves as a weight of a layer with so many inputs."""


def groups(student: Student) -> list[dict[str, Any]]:
    """Let each weight move in proportion to its own size, one over the root of its layer's inputs."""
    fans = ((one, one[0].numel() if one.dim() > 1 else BIAS_FAN) for one in student.parameters())
    return [{"params": [one], "share": fan**-0.5} for one, fan in fans]


class Study:
    """One student, from its random start on."""

    def __init__(self, work: Path, teacher: OpenTeacher, seed: int) -> None:
        self.path, self.curve, self.teacher = work / "student.pt", work / "curve.csv", teacher
        torch.manual_seed(seed)
        self.student = Student().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.stage, self.step, self.total, self.spent_s = APART, 0, 0, 0.0
        self.windows, self.norm = 0, 0.0
        self.deviation = torch.ones(527)
        self.recent: Tensor = torch.ones(len(PARTS))
        self._replay = Replay(seed)
        if self.path.exists():
            self._resume(torch.load(self.path, weights_only=True))
        else:
            self._begin()

    def _begin(self) -> None:
        self.average: Student = copy.deepcopy(self.student)
        self.optimizer = Soap(groups(self.student), self.stage.peak_rate)

    def _resume(self, state: dict[str, Any]) -> None:
        self.stage = APART if state["stage"] == APART.name else CHAINED
        self._begin()
        self.student.load_state_dict(state["student"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        for key in ("step", "total", "spent_s", "windows", "norm", "deviation", "recent"):
            setattr(self, key, state[key])

    def save(self) -> None:
        """Store everything a later run needs, whole or not at all."""
        keys = ("step", "total", "spent_s", "windows", "norm", "deviation", "recent")
        state = {key: getattr(self, key) for key in keys}
        state |= {key: getattr(self, key).state_dict() for key in ("student", "average", "optimizer")}
        torch.save(state | {"stage": self.stage.name}, self.path.with_suffix(".tmp"))
        self.path.with_suffix(".tmp").replace(self.path)

    def prepare(self, scenes: Scenes) -> None:
        """Begin, once, with scales and a start that fit the sound."""
        if self.total == 0:
            heard = self.teacher.hear(scenes.draw(192, SHORT[1]))
            prepare(self.student, heard)
            self.deviation = heard.logits.std(0).clamp(min=LEAST_LOGIT_DEVIATION).clone()
            self.average.load_state_dict(self.student.state_dict())

    def chain(self) -> None:
        """Go on to the second stage, from the average of the first."""
        self.stage, self.step, self.norm = CHAINED, 0, 0.0
        self.student.load_state_dict(self.average.state_dict())
        self.optimizer = Soap(groups(self.student), self.stage.peak_rate)

    def learn(self, scenes: Scenes) -> None:
        """Take one step."""
        began = time.monotonic()
        is_long = self.total % LONG_SHARE == LONG_SHARE - 1 and len(self._replay) > 0
        audio = scenes.draw(*(LONG if is_long else SHORT))
        wanted = Wanted(self.student, self.teacher.hear(audio))
        errors, total = self._ask(wanted)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate() * group["share"]
        self.optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        self._clip()
        self.optimizer.step()
        self.step, self.total = self.step + 1, self.total + 1
        self._follow()
        self.windows += audio.shape[0] * audio.shape[1] // SHORT[1]
        self.recent = self.recent.lerp(errors.detach(), max(0.02, 1 / self.step))
        self.spent_s += time.monotonic() - began

    def _ask(self, wanted: Wanted) -> tuple[Tensor, Tensor]:
        """Return the errors of PARTS, and the sum to make small."""
        if wanted.mel.shape[0] == SHORT[0]:
            self._replay.keep(deep_parts(wanted))
        if self.stage is APART:
            errors = torch.stack(errors_apart(self.student, wanted, self.deviation, self._replay))
            return errors, errors.sum()
        errors = torch.stack(errors_chained(self.student, wanted, self.deviation))
        total = errors @ torch.tensor(CHAINED_WEIGHTS)
        if len(self._replay):
            deep = errors_deep(self.student, self.deviation, self._replay, REPLAYED_CHAINED)
            total = total + DEEP_WEIGHT * torch.stack(deep).sum()
        return errors, total

    def rate(self) -> float:
        """Return the learning rate of this step."""
        stage = self.stage
        falling = (stage.level_steps / max(self.step, stage.level_steps)) ** 0.5
        return stage.peak_rate * min(1.0, (self.step + 1) / stage.warm_steps) * falling

    def _clip(self) -> None:
        """Shorten a gradient that is three times as long as they have been."""
        limit = 3 * self.norm if self.step > 20 else 1e9
        norm = min(float(torch.nn.utils.clip_grad_norm_(self.student.parameters(), limit)), limit)
        self.norm += max(0.05, 1 / (self.step + 1)) * (norm - self.norm)

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average, which spans the last tenth of the steps but no more than 1500."""
        share = 1 / min(1.0 + 0.1 * self.step, 1500.0)
        for slow, fast in zip(self.average.parameters(), self.student.parameters(), strict=True):
            slow.lerp_(fast, share)
        for slow, fast in zip(self.average.buffers(), self.student.buffers(), strict=True):
            slow.copy_(fast)

    def note(self, exams: list[Exam]) -> dict[str, Marks]:
        """Measure the average, append to the curve, and store."""
        marks = {exam.name: measure(self.average, exam) for exam in exams}
        line: dict[str, object] = {"stage": self.stage.name, "step": self.step, "windows": self.windows}
        line |= {"minutes": round(self.spent_s / 60, 2), "rate": f"{self.rate():.2e}"}
        for name, mark in marks.items():
            line |= {f"{name}_{one.name}": round(getattr(mark, one.name), 4) for one in fields(mark)}
        line |= {name: round(1 - float(error), 4) for name, error in zip(PARTS, self.recent, strict=True)}
        new = not self.curve.exists()
        with self.curve.open("a", newline="") as file:
            writer = csv.DictWriter(file, list(line))
            if new:
                writer.writeheader()
            writer.writerow(line)
        self.save()
        return marks
