from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from monitor.encoders.checked import answer
from monitor.pipeline.batch import Batches
from monitor.records import Embedding, Window
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


class Asking:
    """Asks for the embeddings of tones, and writes down which axis each answer lies on."""

    def __init__(self, name: str, words: list[str], log: list[tuple[str, int]]) -> None:
        self.took_s: list[float] = []
        self._name = name
        self._words = iter(words)
        self._log = log

    def next_window(self) -> Window | None:
        word = next(self._words, None)
        return None if word is None else Window(0, tone(word, 1.0), False, RATE, 0.0)

    def accept(self, window: Window, embedding: Embedding | None) -> None:
        assert embedding is not None
        self.took_s.append(embedding.took_s)
        self._log.append((self._name, int(embedding.vector.argmax())))


def work_off(
    turns: list[Asking], encoder: Counting, monotonic: Callable[[], float] = lambda: 0.0, most: int = 64
) -> None:
    work = Batches(turns)
    while due := work.next_windows(most):
        work.accept(answer(encoder, due, monotonic).embeddings)


def test_windows_that_are_due_together_make_one_batch_and_each_turn_gets_its_own_embeddings() -> None:
    encoder, log = Counting(batches=True), list[tuple[str, int]]()
    work_off([Asking("a", ["low", "high"], log), Asking("b", [], log), Asking("c", ["middle"], log)], encoder)
    assert encoder.sizes == [2, 1]
    assert log == [("a", 0), ("c", 1), ("a", 2)]


def test_where_batches_gain_nothing_each_window_is_embedded_alone() -> None:
    encoder, log = Counting(batches=False), list[tuple[str, int]]()
    work_off([Asking("a", ["low", "high"], log), Asking("b", ["middle"], log)], encoder)
    assert encoder.sizes == [1, 1, 1]
    assert log == [("a", 0), ("b", 1), ("a", 2)]


def test_no_turn_gets_a_second_window_before_each_has_had_its_first_however_few_go_together() -> None:
    for most in (1, 2, 3, 4):
        log = list[tuple[str, int]]()
        turns = [Asking("a", ["low", "high"], log), Asking("b", ["low"], log), Asking("c", ["low"], log)]
        work_off(turns, Counting(batches=True), most=most)
        assert log == [("a", 0), ("b", 0), ("c", 0), ("a", 2)]


def test_each_window_of_a_batch_bears_its_share_of_the_work() -> None:
    seconds = iter([10.0, 13.0])
    turns = [Asking(name, ["low"], []) for name in "abc"]
    work_off(turns, Counting(batches=True), lambda: next(seconds))
    assert [turn.took_s for turn in turns] == [[1.0]] * 3
