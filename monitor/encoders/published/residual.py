"""Residual networks (K. He et al., 2016; ResNeXt: S. Xie et al., 2017), tensors named as torchvision's."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

Block = Callable[[int, int, int], nn.Module]
"""Takes channels in, the stage's width and the stride."""


class BasicBlock(nn.Module):
    """Two convolutions and what goes past them."""

    widens = 1

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = past(channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return float32 (n, width, h, w)."""
        inner = self.bn1(self.conv1(x)).relu()
        return (self.bn2(self.conv2(inner)) + self.downsample(x)).relu()


class GroupedBottleneck(nn.Module):
    """ResNeXt's block of 32 groups, four channels each in the first stage."""

    widens = 4

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        inner, out = 2 * width, self.widens * width
        self.conv1 = nn.Conv2d(channels, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, groups=32, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = past(channels, out, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return float32 (n, 4 width, h, w)."""
        inner = self.bn1(self.conv1(x)).relu()
        inner = self.bn2(self.conv2(inner)).relu()
        return (self.bn3(self.conv3(inner)) + self.downsample(x)).relu()


def past(channels: int, out: int, stride: int) -> nn.Module:
    """Return the way past a block: nothing is done where the shape stays."""
    if stride == 1 and channels == out:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))


def stage(block: Block, channels: int, width: int, depth: int, stride: int) -> nn.Sequential:
    """Return the blocks of one stage; the first changes channels and resolution."""
    out = width * getattr(block, "widens", 1)
    return nn.Sequential(
        block(channels, width, stride), *(block(out, width, 1) for _ in range(max(depth, 1) - 1))
    )
