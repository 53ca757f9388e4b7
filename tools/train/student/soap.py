"""SOAP (N. Vyas et al., 2024, arXiv 2409.11321): Adam in the axes along which a layer's gradients vary.

The student has few weights and sees very many positions of its maps, so good axes cost next to nothing beside
the passes forward and back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

EVERY = 40
"""Steps between two turns of the axes."""
LARGEST = 640
"""Sides longer than this keep their own axes."""


class Soap(torch.optim.Optimizer):
    """Turns each weight into a matrix (outputs, the rest) and follows both sides' covariance of gradients."""

    def __init__(
        self,
        params: Iterable[dict[str, Any]],
        lr: float,
        betas: tuple[float, float] = (0.95, 0.98),
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay, "eps": 1e-8})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """Take one step; the first only measures."""
        for group in self.param_groups:
            for one in group["params"]:
                if one.grad is not None:
                    self._move(
                        one, one.grad.reshape(len(one), -1) if one.dim() > 1 else one.grad[:, None], group
                    )

    def _move(self, one: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state, (slow, fast) = self.state[one], group["betas"]
        if not state:
            state["step"] = 0
            state["mean"] = torch.zeros_like(gradient)
            state["square"] = torch.zeros_like(gradient)
            sides = [n if one.dim() > 1 and 1 < n <= LARGEST else 0 for n in gradient.shape]
            state["cov"] = [gradient.new_zeros(n, n) for n in sides]
            state["axes"] = [torch.eye(n) for n in sides]
        step = state["step"] = state["step"] + 1
        _note(state["cov"], gradient, fast)
        if step == 1:
            state["axes"] = [_eigenvectors(cov) for cov in state["cov"]]
            return
        state["mean"].lerp_(gradient, 1 - slow)
        rotated = _rotated(gradient, state["axes"])
        state["square"].lerp_(rotated.square(), 1 - fast)
        count = step - 1
        scale = (1 - fast**count) ** 0.5 / (1 - slow**count)
        change = _rotated(state["mean"], state["axes"]) / (state["square"].sqrt() + group["eps"])
        change = _rotated(change, [axes.T for axes in state["axes"]])
        if group["weight_decay"] and one.dim() > 1:
            one.mul_(1 - group["lr"] * group["weight_decay"])
        one.add_(change.reshape(one.shape), alpha=-group["lr"] * scale)
        if step % EVERY == 0 or step in (5, 10):
            _refresh(state)


def _note(covariances: list[Tensor], gradient: Tensor, decay: float) -> None:
    if len(covariances[0]):
        covariances[0].lerp_(gradient @ gradient.T, 1 - decay)
    if len(covariances[1]):
        covariances[1].lerp_(gradient.T @ gradient, 1 - decay)


def _rotated(matrix: Tensor, axes: list[Tensor]) -> Tensor:
    """Express a matrix in other axes; a side without axes stays."""
    if len(axes[0]):
        matrix = axes[0].T @ matrix
    return matrix @ axes[1] if len(axes[1]) else matrix


def _eigenvectors(covariance: Tensor) -> Tensor:
    if not len(covariance):
        return covariance
    small = 1e-12 * covariance.diagonal().mean() + 1e-30
    return torch.linalg.eigh(covariance + small * torch.eye(len(covariance)))[1].flip(1)


def _refresh(state: dict[str, Any]) -> None:
    """Turn the axes by one step of orthogonal iteration, largest variance first."""
    for side in (0, 1):
        axes, covariance = state["axes"][side], state["cov"][side]
        if not len(axes):
            continue
        order = (axes * (covariance @ axes)).sum(0).argsort(descending=True)
        state["square"] = state["square"].index_select(side, order)
        state["axes"][side] = torch.linalg.qr(covariance @ axes[:, order])[0]
