"""Checkpoints laid out as EfficientAT's, with random weights, and what they say, by another way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_BLOCKS = (
    (16, 16, 3, False, 1), (64, 24, 3, False, 2), (72, 24, 3, False, 1), (72, 40, 5, True, 2),
    (120, 40, 5, True, 1), (120, 40, 5, True, 1), (240, 80, 3, False, 2), (200, 80, 3, False, 1),
    (184, 80, 3, False, 1), (184, 80, 3, False, 1), (480, 112, 3, True, 1), (672, 112, 3, True, 1),
    (672, 160, 5, True, 2), (960, 160, 5, True, 1), (960, 160, 5, True, 1),
)  # fmt: skip
"""MobileNetV3-Large (Howard et al. 2019, table 1): widened to, channels out, kernel, squeezed, stride."""


def _wide(channels: float, least: int = 8) -> int:
    """Return the nearest multiple of eight, at least `least` and not a tenth less than it was."""
    near = max(least, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


def make_state(width: float = 0.1, classes: int = 527) -> dict[str, Any]:
    """Return named tensors of a network of this width."""
    import torch

    random = torch.Generator().manual_seed(2)
    state: dict[str, Any] = {}

    def conv(name: str, out: int, into: int, kernel: int = 1) -> None:
        weight = torch.randn(out, into, kernel, kernel, generator=random)
        state[f"{name}.0.weight"] = weight * (2 / (into * kernel**2)) ** 0.5
        for key, least in (("weight", 0.5), ("bias", -0.5), ("running_mean", -0.5), ("running_var", 0.5)):
            state[f"{name}.1.{key}"] = torch.rand(out, generator=random) + least
        state[f"{name}.1.num_batches_tracked"] = torch.tensor(7)

    def linear(name: str, out: int, into: int) -> None:
        state[f"{name}.weight"] = torch.randn(out, into, generator=random) / into**0.5
        state[f"{name}.bias"] = torch.randn(out, generator=random)

    channels = _wide(16 * width)
    conv("features.0", channels, 1, 3)
    for number, (widened, narrowed, kernel, squeezed, _) in enumerate(_BLOCKS, start=1):
        name, part = f"features.{number}.block", 0
        inner, out = _wide(widened * width), _wide(narrowed * width)
        if inner != channels:
            conv(f"{name}.0", inner, channels)
            part = 1
        conv(f"{name}.{part}", inner, 1, kernel)
        if squeezed:
            part += 1
            linear(f"{name}.{part}.conc_se_layers.0.fc1", _wide(inner / 4), inner)
            linear(f"{name}.{part}.conc_se_layers.0.fc2", inner, _wide(inner / 4))
        conv(f"{name}.{part + 1}", out, inner)
        channels = out
    conv("features.16", 6 * channels, channels)
    linear("classifier.2", _wide(1280 * width), 6 * channels)
    linear("classifier.5", classes, _wide(1280 * width))
    return state


def write_tagger(path: Path, state: dict[str, Any] | None = None) -> Path:
    """Write a checkpoint as EfficientAT publishes them."""
    import torch

    torch.save(make_state() if state is None else state, path)
    return path


def sure_of(number: int) -> dict[str, Any]:
    """Return a network that hears class `number` in every sound, and all others as much as is typical."""
    import torch

    from monitor.export.evidence import typical_logits

    state = make_state()
    state["classifier.5.weight"] = torch.zeros_like(state["classifier.5.weight"])
    state["classifier.5.bias"] = typical_logits()
    state["classifier.5.bias"][number] += 15
    return state


def logits_of(state: dict[str, Any], mel: Any) -> Any:
    """Return the logits for a log-mel, block by block as the papers have it, norms by themselves."""
    from torch.nn import functional

    def conv(x: Any, name: str, stride: int = 1, each: bool = False) -> Any:
        weight = state[f"{name}.0.weight"]
        groups = len(weight) if each else 1
        x = functional.conv2d(x, weight, None, stride, weight.shape[2] // 2, 1, groups)
        keys = ("running_mean", "running_var", "weight", "bias")
        norm = {key: state[f"{name}.1.{key}"] for key in keys}
        return functional.batch_norm(x, **norm, eps=1e-3)

    def linear(x: Any, name: str) -> Any:
        return functional.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])

    x = functional.hardswish(conv(mel, "features.0", 2))
    for number, (*_, squeezed, stride) in enumerate(_BLOCKS, start=1):
        act = functional.relu if number <= 6 else functional.hardswish
        name, y, part = f"features.{number}.block", x, 0
        if state[f"{name}.0.0.weight"].shape[-1] == 1:
            y, part = act(conv(y, f"{name}.0")), 1
        y = act(conv(y, f"{name}.{part}", stride, each=True))
        if squeezed:
            part += 1
            few = functional.relu(linear(y.mean((2, 3)), f"{name}.{part}.conc_se_layers.0.fc1"))
            y = y * linear(few, f"{name}.{part}.conc_se_layers.0.fc2").sigmoid()[:, :, None, None]
        y = conv(y, f"{name}.{part + 1}")
        x = x + y if stride == 1 and x.shape[1] == y.shape[1] else y
    pooled = functional.hardswish(conv(x, "features.16")).mean((2, 3))
    return linear(functional.hardswish(linear(pooled, "classifier.2")), "classifier.5")
