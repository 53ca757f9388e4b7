"""The text tower of the model in the box."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

MAX_TOKENS = 48
VOCABULARY = 12_000
TEXT_WIDTH = 256
TEXT_LAYERS = 2
TEXT_HEADS = 4


class TextLayer(nn.Module):
    """Self-attention and a feed-forward layer, normalised before each."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm, self.feed_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Map (n, t, width); `hidden` (n, 1, 1, t) is very negative where a token is padding."""
        n, t, width = x.shape
        qkv = self.qkv(self.attention_norm(x)).reshape(n, t, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        weights = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(width // self.heads) + hidden, dim=-1)
        x = x + self.merge((weights @ value).transpose(1, 2).reshape(n, t, width))
        fed: Tensor = self.narrow(functional.gelu(self.widen(self.feed_norm(x))))
        return x + fed


class TextTower(nn.Module):
    """Token ids (n, t) and mask (n, t) -> embedding (n, d), unit norm."""

    def __init__(self, dim: int, vocabulary: int = VOCABULARY) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, TEXT_WIDTH)
        self.positions = nn.Embedding(MAX_TOKENS, TEXT_WIDTH)
        self.layers = nn.ModuleList(TextLayer(TEXT_WIDTH, TEXT_HEADS) for _ in range(TEXT_LAYERS))
        self.norm = nn.LayerNorm(TEXT_WIDTH)
        self.out = nn.Linear(TEXT_WIDTH, dim)
        nn.init.normal_(self.tokens.weight, std=0.1)
        nn.init.normal_(self.positions.weight, std=0.02)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Embed a padded batch of at most MAX_TOKENS tokens; padding does not change the result."""
        mask = attention_mask.to(self.norm.weight.dtype)
        x = self.tokens.weight[input_ids] + self.positions.weight[: input_ids.shape[1]]
        for layer in self.layers:
            x = layer(x, (mask[:, None, None, :] - 1) * 1e4)
        kept = mask[:, :, None]
        pooled = (self.norm(x) * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1)
        return functional.normalize(self.out(pooled).float(), dim=1)
