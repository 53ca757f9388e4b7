"""The memory: what is remembered, found, forgotten and encrypted, and how it is kept within its bounds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from monitor.config.settings import MemoryConfig
from monitor.errors import ConfigError, MomentsError
from monitor.files.state_files import write_private
from monitor.records import Correction, Moment
from monitor.storage.database import MEGABYTE, open_database, taken_bytes
from monitor.storage.moments import (
    Asked,
    MomentStore,
    MomentWriter,
    OfEvent,
    Told,
    Untold,
    memory_file,
    open_moments,
    opened,
)
from monitor.storage.moments.opening import SCHEMA
from monitor.storage.moments.sealing import Seal, new_key, seal_of

NOW = datetime.now(UTC).replace(microsecond=0)
CONFIG = MemoryConfig(keep_days=30.0, max_mb=100.0)
DIM = 64


def moment(seconds: float = 0.0, event_id: str = "", class_: str = "", seed: int = 0) -> Moment:
    vector = np.random.default_rng(seed).standard_normal(DIM)
    return Moment(
        "mic0", "model-1", NOW + timedelta(seconds=seconds),
        (vector / np.linalg.norm(vector)).astype(np.float16), {"siren": 0.9, "dog": 0.1},
        -32.5, -50.0, event_id, class_,
    )  # fmt: skip


def correction(event_id: str, right: bool = False) -> Correction:
    return Correction(event_id, "siren", right, "", "mic0", "model-1", NOW, "you")


def plain(moments: Iterable[Moment]) -> list[tuple[object, ...]]:
    """Return moments as what can be compared."""
    rows = [[getattr(one, name) for name in Moment.__struct_fields__] for one in moments]
    return [tuple(one.tobytes() if isinstance(one, np.ndarray) else one for one in row) for row in rows]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "memory.db"


@pytest.fixture
def writer(path: Path) -> Iterator[MomentWriter]:
    made = MomentWriter(path, CONFIG, None)
    yield made
    made.close()


def test_what_is_remembered_is_found_by_event_and_by_time(writer: MomentWriter, path: Path) -> None:
    first, second, other = moment(0, "a", "siren"), moment(1, "a", "siren", 1), moment(9, seed=2)
    writer.emit(OfEvent("a", [second, first]))
    writer.emit(OfEvent("", [other]))
    with open_moments(path) as moments:
        assert moments is not None
        found = moments.of_event("a")
        late = list(moments.find(Asked(since=NOW + timedelta(seconds=5))))
        (kept,) = moments.overview()
    assert plain(found) == plain([first, second])
    assert plain(late) == plain([other])
    assert (kept.moments, kept.events, kept.first, kept.last) == (3, 1, NOW, NOW + timedelta(seconds=9))


def test_an_event_has_the_moments_it_was_given_last(writer: MomentWriter, path: Path) -> None:
    writer.emit(OfEvent("a", [moment(0, "a"), moment(1, "a")]))
    writer.emit(OfEvent("a", [moment(2, "a")]))
    with open_moments(path) as moments:
        assert moments is not None
        assert [one.time for one in moments.of_event("a")] == [NOW + timedelta(seconds=2)]
        assert moments.newest_event() == "a"


@pytest.mark.parametrize("every", [False, True])
def test_an_event_is_found_and_replaced_without_a_look_at_any_other_moment(
    writer: MomentWriter, path: Path, every: bool
) -> None:
    def work() -> int:
        """Return how many hundreds of steps SQLite takes."""
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        with closing(open_database(path, SCHEMA)) as database:
            store = MomentStore(database, path, None)
            database.set_progress_handler(count, 100)
            store.put_event("a", store.of_event("a"))
        return steps

    writer.emit(OfEvent("a", [moment(0, "a", "siren")]))
    before = work()
    for at in range(1000):
        id_ = "" if every else f"b{at}"
        writer.emit(OfEvent(id_, [moment(at, id_)]))
    assert work() <= before + 1


def test_the_moments_of_one_model_are_read_as_arrays_in_batches(writer: MomentWriter, path: Path) -> None:
    mine = [moment(number, seed=number) for number in range(5)]
    writer.emit(OfEvent("", [*mine, msgspec.structs.replace(moment(9), model="another")]))
    with open_moments(path) as moments:
        assert moments is not None
        batches = list(moments.batches("model-1", most=2))
    assert [len(one.times) for one in batches] == [2, 2, 1]
    vectors = np.concatenate([one.vectors for one in batches])
    assert vectors.dtype == np.float16
    assert np.array_equal(vectors, np.stack([one.vector for one in mine]))
    assert batches[0].scores[0] == {"siren": 0.9, "dog": 0.1}


def test_where_there_is_no_memory_there_is_nothing_to_read(path: Path) -> None:
    with open_moments(path) as moments:
        assert moments is None
    assert not path.exists()


def test_what_is_forgotten_is_in_no_file_any_more(writer: MomentWriter, path: Path) -> None:
    secret = moment(0, "a", "siren", seed=3)
    writer.emit(OfEvent("a", [secret]))
    writer.emit(Told(correction("a")))
    with open_moments(path) as moments:
        assert moments is not None
        assert moments.forget(Asked(event_id="a")) == (1, ["a"])
        assert moments.corrections() == []  # there is nothing left for it to rest on
    writer.close()
    files = b"".join(one.read_bytes() for one in path.parent.iterdir())
    assert secret.vector.tobytes() not in files


def test_the_oldest_goes_and_moments_of_no_event_first(path: Path) -> None:
    writer = MomentWriter(path, MemoryConfig(max_moments=100, keep_days=30.0), None)
    writer.emit(OfEvent("old", [moment(-40 * 86400, "old")]))
    for number in range(10):
        writer.emit(OfEvent(str(number), [moment(number - 1000, str(number))]))
    writer.emit(OfEvent("", [moment(number, seed=number) for number in range(200)]))
    writer.prune(NOW)
    with open_moments(path) as moments:
        assert moments is not None
        left = list(moments.find(Asked()))
    assert len([one for one in left if one.event_id]) == 10
    windows = [one.time for one in left if not one.event_id]
    assert 80 <= len(windows) <= 90
    assert min(windows) > NOW
    assert max(windows) == NOW + timedelta(seconds=199)
    writer.close()


def test_a_memory_that_is_too_large_shrinks(path: Path) -> None:
    writer = MomentWriter(path, MemoryConfig(max_mb=1.0), None)
    moments = [
        msgspec.structs.replace(moment(number), vector=np.ones(1024, np.float16)) for number in range(2000)
    ]
    writer.emit(OfEvent("", moments))
    assert taken_bytes(path) <= MEGABYTE  # with the log of so large a transaction
    writer.prune(NOW)
    writer.close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.stat().st_size <= 1.1 * 2**20


def test_moments_of_a_corrected_event_stay_as_long_as_the_correction(
    writer: MomentWriter, path: Path
) -> None:
    writer.emit(Told(correction("a")))
    writer.emit(OfEvent("a", [moment(-40 * 86400, "a", "siren")]))
    writer.emit(Told(correction("a", right=True)))
    writer.prune(NOW)
    with open_moments(path) as moments:
        assert moments is not None
        assert [one.right for one in moments.corrections("model-1")] == [True]
        assert moments.corrections("another") == []
        assert len(moments.of_event("a")) == 1
    writer.emit(Untold("a"))
    writer.prune(NOW)
    with open_moments(path) as moments:
        assert moments is not None
        assert moments.corrections() == []
        assert moments.of_event("a") == []


def test_with_a_key_nothing_of_a_moment_can_be_read_without_it(path: Path) -> None:
    key = seal_of(MemoryConfig(key_env="K"), {"K": new_key()})
    open_, sealed = moment(0, "a", "siren", seed=1), moment(1, "b", "siren", seed=2)
    first = MomentWriter(path, CONFIG, None)
    first.emit(OfEvent("a", [open_]))
    first.close()
    second = MomentWriter(path, CONFIG, key)  # what was there before it had a key is encrypted too
    second.emit(OfEvent("b", [sealed]))
    second.close()
    files = b"".join(one.read_bytes() for one in path.parent.iterdir())
    assert open_.vector.tobytes() not in files
    assert sealed.vector.tobytes() not in files
    with open_moments(path, key) as moments:
        assert moments is not None
        assert plain(moments.find(Asked())) == plain([open_, sealed])


@pytest.mark.parametrize("given", [None, "another"])
def test_without_its_key_an_encrypted_memory_is_refused_with_one_sentence(
    path: Path, given: str | None
) -> None:
    writer = MomentWriter(path, CONFIG, seal_of(MemoryConfig(key_env="K"), {"K": new_key()}))
    writer.emit(OfEvent("", [moment()]))
    writer.close()
    other = None if given is None else seal_of(MemoryConfig(key_env="K"), {"K": new_key()})
    with pytest.raises(MomentsError, match=r"is encrypted.*key"), open_moments(path, other):
        pass


def test_what_a_row_says_of_itself_cannot_be_changed_without_the_key(path: Path) -> None:
    seal = seal_of(MemoryConfig(key_env="K"), {"K": new_key()})
    writer = MomentWriter(path, CONFIG, seal)
    writer.emit(OfEvent("a", [moment(0, "a", "siren")]))
    writer.close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE moments SET class = 'dog'")
    with open_moments(path, seal) as moments:
        assert moments is not None
        with pytest.raises(MomentsError, match="damaged or was changed"):
            moments.of_event("a")


def test_a_key_is_read_from_a_file_or_a_variable(tmp_path: Path) -> None:
    key, file = new_key(), tmp_path / "key"
    write_private(file, f"{key}\n".encode())
    one, other = seal_of(MemoryConfig(key_file=str(file))), seal_of(MemoryConfig(key_env="K"), {"K": key})
    assert isinstance(one, Seal)
    assert isinstance(other, Seal)
    assert other.open(one.close(b"text", b"about"), b"about") == b"text"
    assert seal_of(MemoryConfig()) is None


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (MemoryConfig(key_file="/nowhere/key"), "cannot be read: No such file"),
        (MemoryConfig(key_env="UNSET"), "The variable UNSET has no key"),
        (MemoryConfig(key_env="SHORT"), "The variable SHORT has no key"),
        (MemoryConfig(key_env="UNSET", key_file="key"), "keep one of them"),
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(config: MemoryConfig, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        seal_of(config, {"SHORT": "c2VjcmV0"})
    assert "c2VjcmV0" not in str(refused.value)


def test_a_memory_that_is_deleted_while_it_is_written_is_begun_again(
    writer: MomentWriter, path: Path
) -> None:
    writer.emit(OfEvent("", [moment(1.0)]))
    path.unlink()
    writer.emit(OfEvent("", [moment(2.0), moment(3.0)]))
    writer.prune(NOW)
    with open_moments(path) as moments:
        assert moments is not None
        assert sum(one.moments for one in moments.overview()) == 2


def test_a_damaged_memory_is_set_aside_and_another_begun(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database " * 1000)
    with pytest.raises(MomentsError, match="cannot be used"), open_moments(path) as moments:
        pass
    writer = MomentWriter(path, CONFIG, None)
    writer.emit(OfEvent("a", [moment(0, "a")]))
    assert "was damaged and is now" in writer.news()[0]
    assert writer.news() == []
    writer.close()
    with open_moments(path) as moments:
        assert moments is not None
        assert len(moments.of_event("a")) == 1


def test_it_lies_beside_the_history_for_its_owner_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = memory_file()
    assert path == tmp_path / "monitor" / "memory.db"
    writer = MomentWriter(path, CONFIG, None)
    writer.emit(OfEvent("a", [moment(0, "a")]))
    assert [one.stat().st_mode & 0o077 for one in (path, path.parent)] == [0, 0]
    with opened(MemoryConfig()) as moments:
        assert moments is not None
        assert not moments.encrypted
    writer.close()
