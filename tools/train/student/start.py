"""A random start that fits the sound: scales of all maps, weights that neither fade nor saturate."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tools.train.student.listening import Outputs
from tools.train.student.network import Block, Student

RIDGE = 1e-3
"""Share of the mean variance added before a layer is solved."""


@torch.no_grad()
def prepare(student: Student, heard: Outputs) -> None:
    """Measure the maps' scales on real sound, bring random layers to unit variance, solve each last layer.

    What is solved is the layer that narrows a block, from the block's own random features to the teacher's
    next map: a linear regression.
    """
    for scale, values in zip(student.scales, heard.maps, strict=True):
        scale.set(values)  # type: ignore[operator]
    student.pooled_scale.set(heard.pooled)
    student.hidden_scale.set(heard.hidden)
    for bend, scale in student.bends():
        bend.set(scale)
    level(student.stem, heard.mel)
    maps = [scale(values) for scale, values in zip(student.scales, heard.maps, strict=True)]
    for at, block in enumerate(student.blocks):
        ratio = student.scales[at].deviation, student.scales[at + 1].deviation
        if block.has_skip:
            block.skip.copy_(ratio[0] / ratio[1])  # type: ignore[operator, union-attr, arg-type]
        start_block(block, maps[at], maps[at + 1])  # type: ignore[arg-type]
    level(student.last, maps[-1])
    level(student.hidden, student.pooled_scale(heard.pooled))
    nn.init.zeros_(student.logits.weight)
    student.logits.bias.copy_(heard.logits.mean(0))


def level(layer: nn.Conv2d | nn.Linear, x: Tensor) -> Tensor:
    """Scale a layer so that each output has mean 0 and deviation 1 on x; return its output."""
    nn.init.normal_(layer.weight)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    y: Tensor = layer(x)
    axes = [axis for axis in range(y.dim()) if axis != 1]
    mean, deviation = y.mean(axes), y.std(axes) + 1e-6
    layer.weight /= deviation.view(-1, *[1] * (layer.weight.dim() - 1))
    layer.bias.copy_(-mean / deviation)  # type: ignore[union-attr]
    return layer(x)  # type: ignore[no-any-return]


def start_block(block: Block, x: Tensor, wanted: Tensor) -> None:
    """Start one block from the maps before and after it."""
    y = block.act(level(block.filter, block.act(level(block.expand, x))))
    if block.squeeze is not None and block.excite is not None:
        level(block.squeeze, y.mean((2, 3)))
        nn.init.normal_(block.excite.weight, std=0.3 / block.squeeze.out_features**0.5)
        nn.init.zeros_(block.excite.bias)  # type: ignore[arg-type]
        y = y * block.weigh(y)
    rest = wanted - x * block.skip[:, None, None] if block.has_skip else wanted  # type: ignore[index]
    weight, bias = solve(_flat(y), _flat(rest))
    block.project.weight.copy_(weight[:, :, None, None])
    block.project.bias.copy_(bias)  # type: ignore[union-attr]


def _flat(x: Tensor) -> Tensor:
    return x.transpose(0, 1).flatten(1).T


def solve(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Fit y (n, outputs) from x (n, inputs) by ridge regression: weights (outputs, inputs) and bias."""
    centre, middle = x.mean(0), y.mean(0)
    inputs = x - centre
    gram = (inputs.T @ inputs).double() / len(x)
    gram += RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=torch.float64)
    weight = torch.linalg.solve(gram, (inputs.T @ (y - middle)).double() / len(x)).T.float()
    return weight, middle - weight @ centre
