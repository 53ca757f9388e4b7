"""The four stages a student learns in, one after the other; from `chained` on it hears the sound alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """How one stage learns."""

    name: str
    peak_rate: float
    """Share of its usual size by which a weight moves in a step."""
    warm_steps: int
    level_steps: int
    """After so many the rate falls with the root of the steps, so that there is no end to plan for."""
    wide: bool = False
    """The teacher's hidden layer and logits are those of a longer view, too."""
    noisy: bool = False
    """The student hears most scenes in a background, the teacher without."""


APART = Stage("apart", 0.25, 20, 150)
CHAINED = Stage("chained", 0.012, 40, 400)
VIEW = Stage("view", 0.004, 40, 400, wide=True)
"""Little is new, so it starts near the rate at which `chained` was left."""
NOISE = Stage("noise", 0.004, 40, 600, wide=True, noisy=True)
"""It keeps the longer view. At .006 and fewer clean scenes, the answers to clean sound got worse."""
STAGES = (APART, CHAINED, VIEW, NOISE)


def stage_named(name: str) -> Stage:
    """Find a stage by its name."""
    return next(stage for stage in STAGES if stage.name == name)


def stage_after(stage: Stage) -> Stage:
    """Return the next stage; the last one has none."""
    return STAGES[STAGES.index(stage) + 1]
