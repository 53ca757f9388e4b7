from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.encoders import embedding_cache as text_cache
from monitor.encoders.embedding_cache import TextCache, cache_file
from monitor.units import unit_norm

DIM = 4


def vectors(*texts: str) -> dict[str, NDArray[np.float32]]:
    """A unit vector per text."""
    random = np.random.default_rng(len(texts))
    rows = unit_norm(random.standard_normal((len(texts), DIM)).astype(np.float32))
    return dict(zip(texts, rows, strict=True))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "texts.sqlite3"


def test_what_is_written_is_read_bit_for_bit(path: Path) -> None:
    written = vectors("siren", "dog bark", "日本語")
    TextCache(path, "model", DIM).write(written)
    read = TextCache(path, "model", DIM).read([*written, "unknown"])
    assert set(read) == set(written)
    assert all((read[text] == written[text]).all() for text in written)


@given(st.text())
def test_any_text_can_be_looked_up(text: str) -> None:
    assert TextCache(None, "model", DIM).read([text]) == {}


def test_half_a_character_is_a_text_too(path: Path) -> None:
    TextCache(path, "model", DIM).write(vectors("\ud800"))
    assert "\ud800" in TextCache(path, "model", DIM).read(["\ud800"])


def test_another_model_finds_nothing(path: Path) -> None:
    TextCache(path, "model", DIM).write(vectors("siren"))
    assert TextCache(path, "other", DIM).read(["siren"]) == {}


def test_the_words_themselves_are_not_kept(path: Path) -> None:
    TextCache(path, "model", DIM).write(vectors("a secret"))
    assert b"secret" not in path.read_bytes()


@pytest.mark.parametrize("content", [b"", b"no database at all" * 500], ids=["empty", "damaged"])
def test_a_damaged_file_costs_no_more_than_the_time(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    cache = TextCache(path, "model", DIM)
    assert cache.read(["siren"]) == {}
    cache.write(vectors("siren"))
    cache.write(vectors("siren"))
    assert "siren" in cache.read(["siren"])


def test_bytes_that_are_no_unit_vector_are_not_believed(path: Path) -> None:
    cache = TextCache(path, "model", DIM)
    cache.write(vectors("short", "altered", "right"))
    with closing(sqlite3.connect(path)) as database, database:
        rows = [key for (key,) in database.execute("SELECT key FROM texts ORDER BY rowid")]
        database.execute("UPDATE texts SET vector = ? WHERE key = ?", (b"1234", rows[0]))
        database.execute(
            "UPDATE texts SET vector = ? WHERE key = ?", (np.full(DIM, np.nan, "f4").tobytes(), rows[1])
        )
    assert set(cache.read(["short", "altered", "right"])) == {"right"}


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = TextCache(tmp_path / "file" / "texts.sqlite3", "model", DIM)
    cache.write(vectors("siren"))
    assert cache.read(["siren"]) == {}


def test_a_locked_file_is_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_cache, "_LOCKED_S", 0.01)
    cache = TextCache(path, "model", DIM)
    cache.write(vectors("siren"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert cache.read(["siren"]) == {}
        cache.write(vectors("dog bark"))
    assert set(cache.read(["siren", "dog bark"])) == {"siren"}


def test_several_programs_may_write_at_once(path: Path) -> None:
    def write(number: int) -> None:
        for count in range(10):
            TextCache(path, "model", DIM).write(vectors(f"{number} {count}"))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    texts = [f"{number} {count}" for number in range(4) for count in range(10)]
    assert set(TextCache(path, "model", DIM).read(texts)) == set(texts)


def test_the_oldest_go_when_there_are_too_many(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_cache, "MOST_ROWS", 5)
    cache = TextCache(path, "model", DIM)
    for number in range(8):
        cache.write(vectors(str(number)))
    assert set(cache.read([str(number) for number in range(8)])) == set("34567")


def test_a_cache_may_hold_as_many_as_it_is_told(path: Path) -> None:
    cache = TextCache(path, "model", DIM, most_rows=2)
    for number in range(4):
        cache.write(vectors(str(number)))
    assert set(cache.read([str(number) for number in range(4)])) == set("23")


def test_the_file_is_where_the_desktop_wants_it_unless_the_user_wants_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("MONITOR_NO_CACHE", "0")
    assert cache_file() == tmp_path / "monitor" / "texts.sqlite3"
    assert cache_file("eval/other.sqlite3") == tmp_path / "monitor" / "eval" / "other.sqlite3"
    monkeypatch.setenv("MONITOR_NO_CACHE", "1")
    assert cache_file() is None
