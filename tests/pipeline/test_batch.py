from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.pipeline.batch import Turn, carry
from monitor.records import Window
from tests.fakes import RATE, FakeEncoder, tone


class Counting(FakeEncoder):
    """Remembers how many windows came together, and gains by it or not."""

    def __init__(self, batches: bool) -> None:
        super().__init__()
        self.batches = batches
        self.sizes: list[int] = []

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        self.sizes.append(len(windows))
        return super().embed_audio(windows)


def turn(name: str, words: list[str], log: list[tuple[str, int]]) -> Turn:
    """Ask for the embeddings of tones, and write down which axis each answer lies on."""
    for word in words:
        answer = yield Window(0, tone(word, 1.0), False, RATE, 0.0)
        assert answer is not None
        log.append((name, int(answer.vector.argmax())))


def test_windows_that_are_due_together_make_one_batch_and_each_turn_gets_its_own_embeddings() -> None:
    encoder, log = Counting(batches=True), list[tuple[str, int]]()
    carry(
        [turn("a", ["low", "high"], log), turn("b", [], log), turn("c", ["middle"], log)],
        encoder,
        lambda: 0.0,
    )
    assert encoder.sizes == [2, 1]
    assert log == [("a", 0), ("c", 1), ("a", 2)]


def test_where_batches_gain_nothing_each_window_is_embedded_alone_and_waits_for_no_other_turn() -> None:
    encoder, log = Counting(batches=False), list[tuple[str, int]]()
    carry([turn("a", ["low", "high"], log), turn("b", ["middle"], log)], encoder, lambda: 0.0)
    assert encoder.sizes == [1, 1, 1]
    assert log == [("a", 0), ("a", 2), ("b", 1)]


def test_each_window_of_a_batch_bears_its_share_of_the_work() -> None:
    seconds = iter([10.0, 13.0])
    shares: list[float] = []

    def watching() -> Turn:
        answer = yield Window(0, tone("low", 1.0), False, RATE, 0.0)
        assert answer is not None
        shares.append(answer.took_s)

    carry([watching() for _ in range(3)], Counting(batches=True), lambda: next(seconds))
    assert shares == [1.0, 1.0, 1.0]
