"""What the student is asked: every map of the teacher, its pooled and hidden layers and its logits.

Each error is the share of the target's variance that is missed, so 0 is perfect and 1 is knowing the mean.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tools.train.student.listening import Outputs
from tools.train.student.network import Student
from tools.train.student.replay import FIRST_MAP, Replay

PARTS = (*(f"map{at}" for at in range(16)), "pooled", "hidden", "logits")
DEEP_PARTS = PARTS[FIRST_MAP + 1 :]
"""Those that learn from a replay."""
LEAST_LOGIT_DEVIATION = 0.3
"""Logits that hardly move count less."""
REPLAYED, REPLAYED_CHAINED = 96, 24
"""Windows for each deep part in a step, by stage."""
ALONE = 4
"""Blocks before the one from which on the student learns as a whole, once chained."""
NOISY_PARTS = PARTS[ALONE + 1 :]
"""Those that learn in noise."""
_SPARING = {128: 8, 64: 8, 32: 4, 16: 2}
"""Maps of so many rows have so many positions that one window in this many is enough while apart."""


class Wanted:
    """The teacher's answers, standardised as the student's are."""

    def __init__(self, student: Student, heard: Outputs) -> None:
        self.mel = heard.mel.clone(memory_format=torch.channels_last)
        self.maps = [
            scale(values).clone(memory_format=torch.channels_last)
            for scale, values in zip(student.scales, heard.maps, strict=True)
        ]
        self.pooled = student.pooled_scale(heard.pooled).clone()
        self.hidden = student.hidden_scale(heard.hidden).clone()
        self.logits = heard.logits.clone()
        self.clean = len(self.mel)
        """So many windows, the first, are heard by the student as by the teacher."""

    def widen(self, hidden: Tensor, logits: Tensor, weights: Tensor) -> None:
        """Move hidden (n, HIDDEN), standardised, and logits (n, LOGITS) by weights (n, 1) to these."""
        self.hidden = self.hidden.lerp(hidden, weights)
        self.logits = self.logits.lerp(logits, weights)


def _logit_error(found: Tensor, wanted: Tensor, deviation: Tensor) -> Tensor:
    return ((found - wanted) / deviation).square().mean()


def deep_parts(wanted: Wanted) -> list[Tensor]:
    """List what a replay keeps: the deep maps, pooled, hidden and logits."""
    return [*wanted.maps[FIRST_MAP:], wanted.pooled, wanted.hidden, wanted.logits]


def errors_apart(student: Student, wanted: Wanted, deviation: Tensor, replay: Replay) -> list[Tensor]:
    """Give each part the teacher's own input: one error for each of PARTS."""
    shallow = _errors_shallow(student, wanted, wanted.maps, FIRST_MAP)
    return shallow + errors_deep(student, deviation, replay, REPLAYED)


def _errors_shallow(student: Student, wanted: Wanted, given: list[Tensor], blocks: int) -> list[Tensor]:
    """Let the stem and the first blocks learn from the maps given, each alone, on some clean windows."""
    some = slice(0, wanted.clean, _SPARING[128])
    errors = [(student.first(wanted.mel[some]) - wanted.maps[0][some]).square().mean()]
    for at, block in enumerate(list(student.blocks)[:blocks]):
        some = slice(0, wanted.clean, _SPARING.get(wanted.maps[at].shape[2], 1))
        made = block(given[at][some])
        errors.append((made - wanted.maps[at + 1][some]).square().mean())
    return errors


def errors_deep(student: Student, deviation: Tensor, replay: Replay, windows: int) -> list[Tensor]:
    """Give the deep parts the teacher's own input of earlier windows: one error for each of DEEP_PARTS.

    Every part draws windows of its own, the layers behind the maps four times as many.
    """
    errors = []
    for at, block in enumerate(list(student.blocks)[FIRST_MAP:]):
        before, after = replay.draw(range(at, at + 2), windows)
        errors.append((block(before) - after).square().mean())
    last = len(student.blocks) - FIRST_MAP
    maps, pooled = replay.draw(range(last, last + 2), windows)
    errors.append((student.pool(maps) - pooled).square().mean())
    pooled, hidden, logits = replay.draw(range(last + 1, last + 4), 4 * windows)
    errors.append((student.think(pooled) - hidden).square().mean())
    errors.append(_logit_error(student.logits(hidden), logits, deviation))
    return errors


def errors_chained(student: Student, wanted: Wanted, deviation: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Give the student the sound alone: errors of PARTS on clean windows, of NOISY_PARTS on any others.

    The first blocks have the largest maps and the smallest errors, and a pass back through them costs as much
    as one through all others. So they learn one by one, from the student's own map before, and on some of the
    windows; all behind them learn together.
    """
    with torch.no_grad():
        own = [student.first(wanted.mel)]
        for block in list(student.blocks)[:ALONE]:
            own.append(block(own[-1]))
    found = [own[-1]]
    for block in list(student.blocks)[ALONE:]:
        found.append(block(found[-1]))
    found = [*found[1:], student.pool(found[-1])]
    found.append(student.think(found[-1]))
    found.append(student.logits(found[-1]) / deviation)
    goals = [*wanted.maps[ALONE + 1 :], wanted.pooled, wanted.hidden, wanted.logits / deviation]
    missed = [a - b for a, b in zip(found, goals, strict=True)]
    clean = [one[: wanted.clean].square().mean() for one in missed]
    noisy = [one[wanted.clean :].square().mean() for one in missed] if wanted.clean < len(wanted.mel) else []
    return _errors_shallow(student, wanted, own, ALONE) + clean, noisy
