"""Windows that are due together -> one batch for the encoder.

What works on a stream asks for embeddings as a generator: it gives a window, and is sent its embedding. So
the order of work within one stream stays what it is alone, while the encoder hears several at once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeAlias

import numpy as np

from monitor.encoders import Encoder
from monitor.records import Embedding, Window

Turn: TypeAlias = Generator[Window, Embedding, None]
"""A piece of work on one stream: gives each window that is due, takes its embedding."""


def carry(turns: Sequence[Turn], encoder: Encoder, monotonic: Callable[[], float]) -> None:
    """Take each of `turns` to its end: side by side where the encoder gains by batches, else in order."""
    for group in [turns] if encoder.batches else [[turn] for turn in turns]:
        asking = [(turn, window) for turn in group for window in _next(turn)]
        while asking:
            answers = zip(asking, _embed(encoder, [window for _, window in asking], monotonic), strict=True)
            asking = [(turn, window) for (turn, _), answer in answers for window in _next(turn, answer)]


def _next(turn: Turn, answer: Embedding | None = None) -> list[Window]:
    """Return the window that `turn` asks for next, if any."""
    try:
        return [next(turn) if answer is None else turn.send(answer)]
    except StopIteration:
        return []


def _embed(encoder: Encoder, windows: Sequence[Window], monotonic: Callable[[], float]) -> list[Embedding]:
    """Return the embeddings of `windows`, made in one batch."""
    begun = monotonic()
    vectors = encoder.embed_audio(np.stack([window.samples for window in windows]))
    took_s = (monotonic() - begun) / len(windows)
    return [Embedding(vector, took_s) for vector in vectors]
