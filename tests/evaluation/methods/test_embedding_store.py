"""What a model has heard once it need not hear again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.evaluation.methods.embedding_store import EmbeddingStore, WindowBatch, kept_file
from tests.fakes import PITCHES_HZ, RATE, FakeEncoder, tone


class Counting(FakeEncoder):
    """Counts what it hears."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        self.sizes.append(len(windows))
        return super().embed_audio(windows)


class Batching(Counting):
    batches = True


def take(*words: str) -> WindowBatch:
    """Return tones, each known by its word."""

    def render(which: Sequence[int]) -> NDArray[np.float32]:
        return np.stack([tone(words[at], 1.0) for at in which])

    return WindowBatch(words, render)


def embed(encoder: FakeEncoder, keep: Path | None, *takes: WindowBatch) -> NDArray[np.float32]:
    return EmbeddingStore(encoder, keep).embed(takes, lambda: None)


@pytest.fixture
def keep(tmp_path: Path) -> Path:
    return tmp_path / "eval" / "embeddings.sqlite3"


def test_embeddings_are_in_the_order_of_the_windows(keep: Path) -> None:
    takes = take("low", "high"), take("middle"), take("low")

    found = embed(Counting(), keep, *takes)

    assert found.argmax(axis=1).tolist() == [
        list(PITCHES_HZ).index(w) for w in ("low", "high", "middle", "low")
    ]
    assert (embed(Counting(), keep, *takes) == found).all()
    assert (embed(Counting(), None, *takes) == found).all()


def test_only_what_is_new_is_heard(keep: Path) -> None:
    encoder = Counting()
    embed(encoder, keep, take("low", "high"), take("low"))
    assert sum(encoder.sizes) == 2

    embed(encoder, keep, take("high", "middle"))
    assert sum(encoder.sizes) == 3


def test_without_a_file_all_is_heard_again() -> None:
    encoder = Counting()
    embed(encoder, None, take("low"))
    embed(encoder, None, take("low"))

    assert sum(encoder.sizes) == 2


@pytest.mark.parametrize(("field", "value"), [("identity", "fake-1"), ("window_len", RATE // 2)])
def test_another_model_or_window_hears_for_itself(keep: Path, field: str, value: object) -> None:
    embed(Counting(), keep, take("low"))
    other = Counting()
    setattr(other, field, value)
    embed(other, keep, take("low"))

    assert sum(other.sizes) == 1


@pytest.mark.parametrize("content", [b"", b"not ours", b"SQLite format 3\0" + bytes(2000)])
def test_a_file_that_is_damaged_or_not_ours_is_made_again(keep: Path, content: bytes) -> None:
    keep.parent.mkdir()
    keep.write_bytes(content)
    encoder = Counting()
    embed(encoder, keep, take("low"))
    embed(encoder, keep, take("low"))
    embed(encoder, keep, take("low"))

    assert sum(encoder.sizes) <= 2  # the first may have thrown it away, and kept nothing


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert embed(Counting(), tmp_path / "file" / "embeddings.sqlite3", take("low")).shape == (1, 4)


def test_windows_are_heard_together_only_by_a_model_that_gains_by_it() -> None:
    alone, together = Counting(), Batching()
    embed(alone, None, take("low", "middle", "high"))
    embed(together, None, take("low", "middle", "high"))

    assert (alone.sizes, together.sizes) == ([1, 1, 1], [3])


def test_every_take_is_reported() -> None:
    done: list[int] = []
    EmbeddingStore(Counting(), None).embed([take("low")] * 40, lambda: done.append(1))

    assert len(done) == 40


def test_the_file_is_below_the_cache_folder_unless_the_user_wants_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("MONITOR_NO_CACHE", "0")
    assert kept_file() == tmp_path / "monitor" / "eval" / "embeddings.sqlite3"
    monkeypatch.setenv("MONITOR_NO_CACHE", "1")
    assert kept_file() is None
