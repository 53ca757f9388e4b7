"""The history's file: what is kept, what is thinned, what goes, and what no kill and no damage can break."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from monitor.bus.messages import Change, Event
from monitor.errors import HistoryError
from monitor.storage.database import MEGABYTE, has_grown, taken_bytes, used_bytes
from monitor.storage.history import Asked, HistoryWriter, acknowledge, find, missed, open_database
from monitor.storage.history.database import VERSION
from tests.examples import NOON, event, health, near_miss
from tools.benchmark.history_kills import kill_writers

KILLS = 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.db"


@pytest.fixture
def writer(path: Path) -> Iterator[HistoryWriter]:
    made = HistoryWriter(path, keep_days=36_500.0, max_mb=100.0)
    yield made
    made.close()


def urgent(type_: str = "offset", id_: str = "1") -> Event:
    return msgspec.structs.replace(event(type_, id_=id_), urgent=True)  # type: ignore[arg-type]


def test_an_event_is_one_record_with_the_newest_of_its_messages(writer: HistoryWriter, path: Path) -> None:
    for type_ in ("onset", "update", "offset"):
        writer.add(event(type_))
    assert find(path, Asked()).events == [event("offset")]


def test_a_late_message_takes_back_neither_an_end_nor_an_acknowledgement(
    writer: HistoryWriter, path: Path
) -> None:
    seen = msgspec.structs.replace(
        urgent(), type="acknowledged", acknowledged_by="you", acknowledged_at=NOON + timedelta(hours=1)
    )
    for message in (urgent("onset"), urgent("offset"), seen, urgent("update"), urgent("offset")):
        writer.add(message)
    assert find(path, Asked()).events == [seen]
    assert missed(path, 10) == []


def test_what_is_urgent_is_missed_until_it_is_acknowledged_also_while_no_monitor_runs(
    writer: HistoryWriter, path: Path
) -> None:
    for one in (urgent(id_="1"), urgent(id_="2"), event("offset", id_="3")):
        writer.add(one)
    assert [one.id for one in missed(path, 10)] == ["1", "2"]
    assert [one.id for one in find(path, Asked(missed=True)).events] == ["1", "2"]
    (seen,) = acknowledge(path, Asked(), "2", "monitor ack")
    assert (seen.id, seen.type, seen.acknowledged_by) == ("2", "acknowledged", "monitor ack")
    assert [one.id for one in missed(path, 10)] == ["1"]
    assert [one.id for one in acknowledge(path, Asked(class_="dog_bark"), None, "monitor ack")] == ["1"]
    assert acknowledge(path, Asked(), None, "monitor ack") == []


def test_near_misses_are_thinned_to_the_best_of_each_minute_and_counted(
    writer: HistoryWriter, path: Path
) -> None:
    for score in (0.2, 0.4, 0.3):
        writer.add(msgspec.structs.replace(near_miss(), score=score))
    writer.add(msgspec.structs.replace(near_miss(), score=0.1, time=NOON + timedelta(minutes=1)))
    found = find(path, Asked()).near_misses
    assert [(one.miss.score, one.count) for one in found] == [(0.4, 3), (0.1, 1)]


def test_changes_of_health_and_of_settings_are_kept(writer: HistoryWriter, path: Path) -> None:
    change = Change(1, NOON, "mute", "the interface (pid 1)", "siren", False, True)
    writer.add(health())
    writer.add_change("mic0", change)
    found = find(path, Asked())
    assert found.health == [health()]
    assert [(one.source_id, one.change) for one in found.changes] == [("mic0", change)]


def test_a_part_is_found_by_time_class_and_source(writer: HistoryWriter, path: Path) -> None:
    late = msgspec.structs.replace(event("offset", "siren", "2"), onset_time=NOON + timedelta(hours=2))
    elsewhere = msgspec.structs.replace(event("offset", id_="3"), source_id="attic")
    for one in (event("offset"), late, elsewhere):
        writer.add(one)
    hour = timedelta(hours=1)
    assert find(path, Asked(since=NOON + hour)).events == [late]
    assert late not in find(path, Asked(until=NOON + hour)).events
    assert find(path, Asked(class_="siren")).events == [late]
    assert find(path, Asked(source_id="attic")).events == [elsewhere]
    assert find(path, Asked(limit=1)).events == [late]


def test_what_its_monitor_did_not_live_to_end_has_gone_with_it(writer: HistoryWriter, path: Path) -> None:
    writer.add(urgent("onset"))
    assert find(path, Asked()).events[0].offset_time is None  # it may sound yet
    assert [one.ended_by for one in missed(path, 10, {"mic0"})] == ["gone"]  # unless another run begins there
    assert missed(path, 10, {"attic"}) == []
    with closing(open_database(path)) as database:
        database.execute("UPDATE events SET heard = ?", ((NOON + timedelta(seconds=7)).timestamp(),))
    (gone,) = missed(path, 10)
    assert (gone.ended_by, gone.offset_time) == ("gone", NOON + timedelta(seconds=7))


def test_what_is_older_than_it_may_be_goes(writer: HistoryWriter, path: Path) -> None:
    now = datetime.now(UTC)
    old = msgspec.structs.replace(event("offset", id_="old"), onset_time=now - timedelta(days=36_501))
    writer.add(msgspec.structs.replace(event("offset"), onset_time=now))
    writer.add(old)
    writer.prune(now)
    assert [one.id for one in find(path, Asked()).events] == [event().id]


def test_where_the_file_is_too_large_the_oldest_goes_and_the_file_shrinks(path: Path) -> None:
    writer = HistoryWriter(path, keep_days=36_500.0, max_mb=0.5)
    for number in range(2000):
        time = NOON + timedelta(seconds=number)
        writer.add(msgspec.structs.replace(event("offset", id_=str(number)), onset_time=time))
    writer.prune(datetime.now(UTC))
    writer.close()
    kept = [int(one.id) for one in find(path, Asked()).events]
    assert kept == list(range(kept[0], 2000))
    assert kept[0] > 0
    with closing(open_database(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.stat().st_size <= 0.6 * 2**20


def test_the_log_beside_the_file_counts_in_what_both_may_take_while_it_is_written(path: Path) -> None:
    writer, log = HistoryWriter(path, keep_days=36_500.0, max_mb=0.5), Path(f"{path}-wal")
    longest = 0
    for number in range(1200):
        time = NOON + timedelta(seconds=number)
        writer.add(msgspec.structs.replace(event("offset", id_=str(number)), onset_time=time))
        longest = max(longest, log.stat().st_size)
    assert 0 < longest <= 0.2 * MEGABYTE
    assert taken_bytes(path) > 0.5 * MEGABYTE
    writer.prune(datetime.now(UTC))
    assert 0.2 * MEGABYTE < taken_bytes(path) <= 0.5 * MEGABYTE
    writer.close()


def test_a_file_that_grows_too_fast_is_pruned_before_its_hour(path: Path) -> None:
    with closing(open_database(path, make=True)) as database:
        room = used_bytes(database)
        assert not has_grown(database, room, None, NOON)
        assert has_grown(database, room - 1, NOON - timedelta(minutes=1), NOON)
        assert not has_grown(database, room - 1, NOON - timedelta(seconds=50), NOON)


def test_the_file_and_its_folder_are_for_their_owner_only(writer: HistoryWriter, path: Path) -> None:
    writer.add(event())
    files = (path, path.parent, *path.parent.glob("history.db-*"))
    assert [one.stat().st_mode & 0o077 for one in files] == [0] * 4


@pytest.mark.parametrize("beside", [(), ("-wal", "-shm")], ids=["the file", "all three"])
def test_a_history_that_is_deleted_while_it_is_written_is_forgotten_and_what_comes_after_is_kept(
    writer: HistoryWriter, path: Path, beside: tuple[str, ...]
) -> None:
    writer.add(event("offset", id_="before"))
    for suffix in ("", *beside):
        Path(f"{path}{suffix}").unlink()
    for id_ in ("after", "later"):
        writer.add(event("offset", id_=id_))
    assert {one.id for one in find(path, Asked()).events} == {"after", "later"}
    writer.close()
    assert {one.id for one in find(path, Asked()).events} == {"after", "later"}


def test_a_damaged_history_is_set_aside_and_a_new_one_begun(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"This is no database, but somebody may want it." * 100)
    writer = HistoryWriter(path, keep_days=365.0, max_mb=100.0)
    writer.add(msgspec.structs.replace(event("offset"), onset_time=datetime.now(UTC)))
    writer.close()
    assert writer.set_aside is not None
    assert writer.set_aside.read_bytes().startswith(b"This is no database")
    assert len(find(path, Asked()).events) == 1


def test_a_history_of_a_later_version_is_left_alone(writer: HistoryWriter, path: Path) -> None:
    writer.add(event())
    with closing(open_database(path)) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(HistoryError, match="of a later version of monitor"):
        find(path, Asked())
    with pytest.raises(HistoryError, match="of a later version of monitor"):
        HistoryWriter(path, 365.0, 100.0).add(event())
    assert path.read_bytes() == before


def test_nothing_is_found_where_there_is_none_and_none_is_made(path: Path) -> None:
    assert find(path, Asked()).events == []
    assert missed(path, 10) == acknowledge(path, Asked(), None, "x") == []
    assert not path.exists()


def test_a_writer_that_is_killed_leaves_what_it_wrote_and_nothing_half(path: Path) -> None:
    outcome = kill_writers(path, KILLS)
    assert (outcome.integrity, outcome.lost) == ("ok", 0)
    assert outcome.written >= KILLS


def _fill(writer: HistoryWriter) -> None:
    for number in range(1, 1000):
        writer.add(event("offset", id_=str(number)))


def test_a_full_disk_costs_records_and_not_the_file(writer: HistoryWriter, path: Path) -> None:
    writer.add(event("offset", id_="0"))
    with closing(open_database(path)) as database:
        pages = database.execute("PRAGMA page_count").fetchone()[0]
    database = writer._file.opened()
    database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        _fill(writer)
    database.execute("PRAGMA max_page_count = 100000")
    writer.add(event("offset", id_="later"))
    ids = {one.id for one in find(path, Asked()).events}
    assert {"0", "later"} <= ids


def test_a_file_with_a_view_is_none_of_ours_and_no_query_of_it_is_waited_for(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as database:
        endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
        database.execute("CREATE VIEW events AS " + endless)
    with pytest.raises(HistoryError, match="views or triggers"):
        find(path, Asked())
    writer = HistoryWriter(path, keep_days=36_500.0, max_mb=100.0)
    writer.add(event())
    writer.close()
    assert writer.set_aside is not None
    assert len(find(path, Asked()).events) == 1
