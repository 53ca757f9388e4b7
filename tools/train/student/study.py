"""The student while it learns: its weights, their average, its optimiser, the curve; resumable at any time.

Four stages. Apart: each block learns alone, from the teacher's map before it to the teacher's map after it,
so all learn at once and nothing has to work yet. Chained: the student hears the sound alone, and every map,
the pooled and hidden layers and the logits are compared. View: hidden and logits are half those of a longer
view. Noise: the student hears most scenes in a background; the teacher does not.
"""

from __future__ import annotations

import copy
import csv
import time
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tools.train.student.hints import (
    ALONE,
    LEAST_LOGIT_DEVIATION,
    PARTS,
    REPLAYED_CHAINED,
    Wanted,
    deep_parts,
    errors_apart,
    errors_chained,
    errors_deep,
)
from tools.train.student.listening import OpenTeacher
from tools.train.student.measure import Exam, Marks, measure
from tools.train.student.network import Student
from tools.train.student.noise import CLEAN_SHARE, Noise
from tools.train.student.replay import Replay
from tools.train.student.scenes import Scenes
from tools.train.student.shipped import shipped_weights, unfold
from tools.train.student.soap import Soap
from tools.train.student.sources import RATE
from tools.train.student.stages import APART, CHAINED, NOISE, Stage, stage_after, stage_named
from tools.train.student.start import prepare
from tools.train.student.view import cut

SHORT, LONG = (32, 2 * RATE), (12, 5 * RATE)
"""Scenes in a batch, and samples of each."""
LONG_SHARE = 7
"""One batch in so many is long."""


CHAINED_WEIGHTS = (*(1.0,) * 16, 2.0, 4.0, 4.0)
"""Of each of PARTS, once chained."""
NOISY_WEIGHTS = (*(0.5 * (at - ALONE) / (15 - ALONE) for at in range(ALONE + 1, 16)), 2.0, 4.0, 4.0)
"""Of each of NOISY_PARTS. A clean map cannot be asked of early blocks, which see little time and frequency
and can only do in noise what they do without; the last ones see the scene: up to a half."""
VIEW_S = 5.0
"""Seconds of the longer view."""
HEADS = 2
"""Hidden and logits: in a longer view no longer the teacher's function of its pooled layer."""
DEEP_WEIGHT = 0.5
"""Of the deep parts' errors on the teacher's own input, once chained."""
BIAS_FAN = 16
"""A bias moves as a weight of a layer with so many inputs."""
STATE, CURVE = "student.pt", "curve.csv"
"""In the working folder."""


def groups(student: Student) -> list[dict[str, Any]]:
    """Let each weight move in proportion to its own size, one over the root of its layer's inputs."""
    fans = ((one, one[0].numel() if one.dim() > 1 else BIAS_FAN) for one in student.parameters())
    return [{"params": [one], "share": fan**-0.5} for one, fan in fans]


class Study:
    """One student, from its random start on."""

    def __init__(self, work: Path, teacher: OpenTeacher, seed: int, view_s: float = VIEW_S) -> None:
        self.path, self.curve, self.teacher = work / STATE, work / CURVE, teacher
        torch.manual_seed(seed)
        self.student = Student().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.stage: Stage = APART
        self.view_len = round(view_s * RATE)
        self.step, self.total, self.spent_s = 0, 0, 0.0
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
        self.stage = stage_named(state["stage"])
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
        store(self.path, state | {"stage": self.stage.name})

    def prepare(self, scenes: Scenes, shipped: Path | None = None) -> None:
        """Begin, once, with scales and a start that fit the sound; as a shipped graph, in the last stage."""
        if self.total == 0:
            heard = self.teacher.hear(scenes.draw(192, SHORT[1]))
            prepare(self.student, heard)
            self.deviation = heard.logits.std(0).clamp(min=LEAST_LOGIT_DEVIATION).clone()
            if shipped is not None:
                unfold(self.student, shipped_weights(shipped))
                self.stage = NOISE
            self.average.load_state_dict(self.student.state_dict())

    def advance(self) -> None:
        """Go on to the next stage, from the average of this one.

        The optimiser restarts only once the blocks are chained: after that its view of the weights holds.
        """
        self.stage, self.step, self.norm = stage_after(self.stage), 0, 0.0
        self.student.load_state_dict(self.average.state_dict())
        if self.stage is CHAINED:
            self.optimizer = Soap(groups(self.student), self.stage.peak_rate)

    def learn(self, scenes: Scenes, noise: Noise) -> None:
        """Take one step."""
        began = time.monotonic()
        is_long = self.total % LONG_SHARE == LONG_SHARE - 1 and len(self._replay) > 0
        wanted = self._wanted(scenes, noise, *(LONG if is_long else SHORT))
        errors, total = self._ask(wanted)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate() * group["share"]
        self.optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        self.norm = shorten(self.student.parameters(), self.norm, self.step)
        self.optimizer.step()
        self.step, self.total = self.step + 1, self.total + 1
        self._follow()
        self.windows += LONG[0] * LONG[1] // SHORT[1] if is_long else SHORT[0]
        self.recent = self.recent.lerp(errors.detach(), max(0.02, 1 / self.step))
        self.spent_s += time.monotonic() - began

    def _wanted(self, scenes: Scenes, noise: Noise, n: int, length: int) -> Wanted:
        """Draw what the student hears, and what the teacher makes of it."""
        wide = self.stage.wide and self.view_len > length
        scene = scenes.draw(n, self.view_len if wide else length)
        audio = scene
        if wide:
            generator = torch.Generator().manual_seed(self.total)
            audio, weights = cut(scene, length, generator)
        wanted = Wanted(self.student, self.teacher.hear(audio))
        if n == SHORT[0]:
            self._replay.keep(deep_parts(wanted))
        if wide:
            heard = self.teacher.hear(scene)
            wanted.widen(self.student.hidden_scale(heard.hidden), heard.logits, weights)
        if self.stage.noisy:
            wanted.clean = round(CLEAN_SHARE * n)
            wanted.mel = self.teacher.listen(noise.add(audio, wanted.clean))
        return wanted

    def _ask(self, wanted: Wanted) -> tuple[Tensor, Tensor]:
        """Return the errors of PARTS on clean windows, and the sum to make small."""
        if self.stage is APART:
            errors = torch.stack(errors_apart(self.student, wanted, self.deviation, self._replay))
            return errors, errors.sum()
        clean, noisy = errors_chained(self.student, wanted, self.deviation)
        errors, share = torch.stack(clean), wanted.clean / len(wanted.mel)
        total = share * (errors @ torch.tensor(CHAINED_WEIGHTS))
        if noisy:
            total = total + (1 - share) * (torch.stack(noisy) @ torch.tensor(NOISY_WEIGHTS))
        if len(self._replay):
            deep = errors_deep(self.student, self.deviation, self._replay, REPLAYED_CHAINED)
            total = total + DEEP_WEIGHT * torch.stack(deep[:-HEADS] if self.stage.wide else deep).sum()
        return errors, total

    def rate(self) -> float:
        """Return the learning rate of this step."""
        stage = self.stage
        falling = (stage.level_steps / max(self.step, stage.level_steps)) ** 0.5
        return stage.peak_rate * min(1.0, (self.step + 1) / stage.warm_steps) * falling

    def _follow(self) -> None:
        """Move the average, which spans the last tenth of the steps but no more than 1500.

        The steps of this stage while the blocks are apart or newly chained, after that of all.
        """
        steps = self.total if self.stage.wide else self.step
        follow(self.average, self.student, 1 / min(1.0 + 0.1 * steps, 1500.0))

    def note(self, exams: list[Exam]) -> dict[str, Marks]:
        """Measure the average, append to the curve, and store."""
        marks = {exam.name: measure(self.average, exam) for exam in exams}
        line: dict[str, object] = {"stage": self.stage.name, "step": self.step, "windows": self.windows}
        line |= {"minutes": round(self.spent_s / 60, 2), "rate": f"{self.rate():.2e}"}
        for name, mark in marks.items():
            line |= {f"{name}_{one.name}": round(getattr(mark, one.name), 4) for one in fields(mark)}
        line |= {name: round(1 - float(error), 4) for name, error in zip(PARTS, self.recent, strict=True)}
        append(self.curve, line)
        self.save()
        return marks


def shorten(parameters: Iterable[Tensor], norm: float, step: int) -> float:
    """Shorten a gradient that is three times as long as they have been; return how long they are by now."""
    limit = 3 * norm if step > 20 else 1e9
    length = min(float(torch.nn.utils.clip_grad_norm_(parameters, limit)), limit)
    return norm + max(0.05, 1 / (step + 1)) * (length - norm)


@torch.no_grad()
def follow(average: Student, student: Student, share: float) -> None:
    """Move the average of the weights by a share towards the student."""
    for slow, fast in zip(average.parameters(), student.parameters(), strict=True):
        slow.lerp_(fast, share)
    for kept, new in zip(average.buffers(), student.buffers(), strict=True):
        kept.copy_(new)


def store(path: Path, state: dict[str, Any]) -> None:
    """Store a state, whole or not at all."""
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


def append(path: Path, line: dict[str, object]) -> None:
    """Add a line to a table; lines with other columns are kept, with gaps."""
    lines: list[dict[str, object]] = []
    if path.exists():
        with path.open(newline="") as file:
            lines = [dict(one) for one in csv.DictReader(file)]
    columns = dict.fromkeys(key for one in (line, *lines) for key in one)
    with path.with_suffix(".tmp").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerows([*lines, line])
    path.with_suffix(".tmp").replace(path)
