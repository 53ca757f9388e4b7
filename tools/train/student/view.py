"""The longer view: the teacher hears some seconds round the window that the student hears.

On clips of sources it never met, named by its evidence alone, the teacher has 48 % right from 2 s, 54 % from
5 s and 53 % from the mean of both; but where a clip is shorter than 2 s nothing is gained, and all its layers
differ, since silence is averaged in. So the longer view counts where it holds more than the window does.
"""

from __future__ import annotations

import torch
from torch import Tensor

SHARE = 0.5
"""Of the longer view in the answers asked for; the rest is the window's own."""
ENOUGH = 0.2
"""Of a scene's energy outside the window, for the longer view to count in full."""
STARTS = 3
"""Places drawn for a window, of which the loudest is taken."""


def cut(
    scenes: Tensor, length: int, generator: torch.Generator, places: int = STARTS
) -> tuple[Tensor, Tensor]:
    """Cut a window out of each scene (n, longer): windows (n, length), and the longer view's weights (n, 1).

    It is the loudest of so many places.

    What lies outside a window cannot be heard in it, so the longer view counts less where the window has less
    than its part of the scene's energy; and less where it has nearly all, for then nothing is added to it.
    """
    longer = scenes.shape[1]
    starts = torch.randint(longer - length + 1, (len(scenes), places), generator=generator)
    energy = torch.cat([torch.zeros(len(scenes), 1), scenes.double().square().cumsum(1)], 1)
    inside = energy.gather(1, starts + length) - energy.gather(1, starts)
    most, which = inside.max(1, keepdim=True)
    at = starts.gather(1, which) + torch.arange(length)
    part = (most / (energy[:, -1:] + 1e-9)).float()
    heard, added = (part * (longer / length)).clamp(max=1), ((1 - part) / ENOUGH).clamp(max=1)
    return scenes.gather(1, at), SHARE * heard * added
