from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.encoders import watched
from monitor.encoders.checked import answer
from monitor.encoders.watched import CALM_S, GIVE_UP_S, RENEW_EVERY_S, SAY_AFTER_S, TIMEOUT_S, WatchedEncoder
from monitor.records import Embedding, Window
from tests.encoders.faults import FAILURES, Fault, Faulty
from tests.fakes import RATE, FakeEncoder, tone


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def hands() -> Hands:
    return Hands()


def window(word: str = "low") -> Window:
    return Window(0, tone(word, 1.0), False, RATE, 0.0)


def embed(watcher: WatchedEncoder, *words: str) -> list[Embedding | None]:
    watcher.submit([window(word) for word in words or ("low",)])
    found = watcher.collect(10.0)
    assert found is not None
    return found


def test_what_is_heard_on_the_thread_is_bit_for_bit_what_the_encoder_gives(hands: Hands) -> None:
    watcher = WatchedEncoder(FakeEncoder(), hands)
    (found,) = embed(watcher, "high")
    assert found is not None
    np.testing.assert_array_equal(found.vector, FakeEncoder().embed_audio(tone("high", 1.0)[np.newaxis])[0])
    assert watcher.stall is None
    assert watcher.close()


@pytest.mark.parametrize("fault", FAILURES)
def test_no_vector_that_is_no_embedding_goes_further_and_the_next_window_is_tried(
    fault: Fault, hands: Hands
) -> None:
    watcher = WatchedEncoder(Faulty([fault]), hands)
    assert embed(watcher) == [None]
    assert watcher.stall is not None
    assert watcher.stall.reason.startswith("the encoder failed (")
    assert None not in embed(watcher)
    hands.now_s += CALM_S + 0.1
    assert watcher.stall is None


@pytest.mark.parametrize("fault", ["nan", "zero"])
def test_of_a_batch_only_the_window_that_failed_is_lost(fault: Fault) -> None:
    found = answer(Faulty([fault], batches=True), [window(), window("high")], lambda: 0.0)
    assert [embedding is None for embedding in found.embeddings] == [True, False]


def test_a_batch_that_raises_is_embedded_window_by_window() -> None:
    encoder = Faulty(["raises", "raises", "well"], batches=True)
    found = answer(encoder, [window(), window("high")], lambda: 0.0)
    assert [embedding is None for embedding in found.embeddings] == [True, False]
    assert found.wrong == "RuntimeError: out of memory"


def test_an_encoder_that_does_not_answer_is_told_of_within_five_seconds(hands: Hands) -> None:
    encoder = Faulty.after(1, "hangs")
    watcher = WatchedEncoder(encoder, hands)
    embed(watcher)
    watcher.submit([window()])
    assert watcher.collect(0.0) is None
    assert watcher.stall is None
    hands.now_s += SAY_AFTER_S + 0.1
    assert SAY_AFTER_S < 5.0
    assert watcher.stall is not None
    assert "does not answer" in watcher.stall.reason
    encoder.released.set()


def test_a_hang_is_given_up_and_another_encoder_is_loaded(hands: Hands) -> None:
    stuck, fresh = Faulty.after(1, "hangs"), FakeEncoder()
    watcher = WatchedEncoder(stuck, hands, lambda: fresh)
    embed(watcher)
    watcher.submit([window()])
    hands.now_s += TIMEOUT_S + 0.1
    assert watcher.collect(0.0) == [None]
    assert None not in embed(watcher)
    hands.now_s += CALM_S + 0.1
    assert watcher.stall is None
    stuck.released.set()


def test_an_answer_that_comes_after_it_was_given_up_is_nobodys(hands: Hands) -> None:
    slow = Faulty(["hangs"])
    watcher = WatchedEncoder(slow, hands)
    watcher.submit([window("low")])  # and nobody waits for it: the run was to end there
    watcher.submit([window("high")])
    slow.released.set()
    found = watcher.collect(10.0)
    assert found is not None
    assert found[0] is not None
    assert int(found[0].vector.argmax()) == 2


def test_failures_in_a_row_load_the_encoder_again_not_too_often(hands: Hands) -> None:
    loaded: list[Faulty] = []

    def load() -> Faulty:
        loaded.append(Faulty.after(0, "nan"))
        return loaded[-1]

    watcher = WatchedEncoder(Faulty.after(0, "raises"), hands, load)
    for _ in range(9):
        embed(watcher)
    assert len(loaded) == 1
    hands.now_s += RENEW_EVERY_S
    embed(watcher)
    embed(watcher)
    assert len(loaded) == 2


def test_a_source_whose_sound_cannot_be_embedded_does_not_cost_the_others_their_encoder(hands: Hands) -> None:
    loaded: list[FakeEncoder] = []

    def load() -> FakeEncoder:
        loaded.append(FakeEncoder())
        return loaded[-1]

    faults: list[Fault] = ["nan", "well"] * 20
    watcher = WatchedEncoder(Faulty(faults), hands, load)
    for _ in range(20):
        hands.now_s += GIVE_UP_S
        assert [one is None for one in embed(watcher, "low", "high")] == [True, False]
        assert watcher.stall is not None
    assert not loaded
    assert watcher.hopeless is None


def test_a_loading_that_fails_is_a_failure_and_is_tried_again(hands: Hands) -> None:
    loads: Iterator[FakeEncoder | Exception] = iter([OSError("no such file"), FakeEncoder()])

    def load() -> FakeEncoder:
        found = next(loads)
        if isinstance(found, Exception):
            raise found
        return found

    watcher = WatchedEncoder(Faulty.after(0, "raises"), hands, load)
    for _ in range(4):
        assert embed(watcher) == [None]
    assert "no such file" in (watcher.stall.reason if watcher.stall else "")
    assert None not in embed(watcher)


def test_another_model_is_never_taken_for_the_one_that_failed(hands: Hands) -> None:
    other = FakeEncoder()
    other.identity = "fake-1"
    watcher = WatchedEncoder(Faulty.after(0, "raises"), hands, lambda: other)
    for _ in range(4):
        assert embed(watcher) == [None]
    assert "another one" in (watcher.stall.reason if watcher.stall else "")


def test_what_fails_for_a_minute_in_spite_of_loading_again_is_hopeless(hands: Hands) -> None:
    watcher = WatchedEncoder(Faulty.after(0, "raises"), hands)
    for _ in range(4):
        embed(watcher)
    assert watcher.hopeless is None
    hands.now_s += GIVE_UP_S + 0.1
    embed(watcher)
    assert "out of memory" in (watcher.hopeless or "")


def test_an_encoder_that_fails_now_and_then_is_never_hopeless(hands: Hands) -> None:
    watcher = WatchedEncoder(Faulty(["raises", "well"] * 100), hands)
    for _ in range(200):
        embed(watcher)
        hands.now_s += 1.0
        assert watcher.hopeless is None


def test_closing_says_whether_the_encoder_hangs_and_does_not_wait_for_it(hands: Hands) -> None:
    encoder = Faulty(["hangs"])
    watcher = WatchedEncoder(encoder, hands)
    watcher.submit([window()])
    begun_s = time.monotonic()
    assert not watcher.close()
    assert time.monotonic() - begun_s < watched._CLOSE_S + 1.0
    encoder.released.set()


def test_an_encoder_that_is_too_slow_does_not_come_and_go(hands: Hands) -> None:
    class Slow(FakeEncoder):
        def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
            hands.now_s += SAY_AFTER_S + 3.0
            return super().embed_audio(windows)

    watcher = WatchedEncoder(Slow(), hands)
    assert None not in embed(watcher)
    for _ in range(3):
        assert watcher.stall is not None
        assert "too slow (5 s" in watcher.stall.reason
        hands.now_s += SAY_AFTER_S  # until it is told of again for not answering
        assert None not in embed(watcher)
    hands.now_s += CALM_S + 0.1
    assert watcher.stall is None
