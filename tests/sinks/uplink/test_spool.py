"""What waits for the broker is there after a kill, in order, once, and within its bounds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.bus.codec import decode_json
from monitor.bus.messages import Report
from monitor.sinks.uplink.spool import Spool
from tests.examples import event

WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from monitor.bus.messages import Report
from monitor.sinks.uplink.spool import Spool
spool = Spool(Path(sys.argv[1]), 30.0, 50.0)
for one in spool.after(0, 3):
    print("sent", one.id, flush=True)
    spool.remove([one.sequence])
for number in range(10**6):
    name = f"{sys.argv[2]}-{number}"
    spool.add([Report(id=name, node="attic", noted=datetime.now(UTC))])
    print(name, flush=True)
"""


def report(id_: str, noted: datetime | None = None, text: str = "") -> Report:
    return Report(id=id_, node="attic", noted=noted or datetime.now(UTC), source_name=text)


def ids(spool: Spool) -> list[str]:
    return [one.id for one in spool.after(0, 10**6)]


def test_what_waits_is_there_in_order_for_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "attic.sqlite"
    with closing(Spool(path, 30.0, 50.0)) as spool:
        spool.add([report("a"), report("b"), report("a")])
        spool.add([report("c")])
        spool.remove([1])
    with closing(Spool(path, 30.0, 50.0)) as spool:
        assert ids(spool) == ["b", "c"]
        spool.remove([2, 3])
        spool.add([report("d")])
        (left,) = spool.after(0, 9)
        sent = decode_json(left.payload, Report)
        assert (sent.sequence, sent.spool, sent.id) == (4, spool.identity, "d")
        assert len(spool) == 1


def test_a_number_is_never_given_twice_also_when_all_was_sent(tmp_path: Path) -> None:
    path = tmp_path / "attic.sqlite"
    for expected in range(1, 6):
        with closing(Spool(path, 30.0, 50.0)) as spool:
            spool.add([report(f"r{expected}")])
            assert [one.sequence for one in spool.after(0, 9)] == [expected]
            spool.remove([expected])


def test_a_program_that_is_killed_at_any_moment_loses_nothing_that_it_had_written(tmp_path: Path) -> None:
    path, written, sent = tmp_path / "attic.sqlite", list[str](), list[str]()
    for run in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(run)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(5 + run % 7)]
            os.kill(process.pid, signal.SIGKILL)
            lines += process.stdout.readlines()
        whole = [line.split() for line in lines if line.endswith("\n")]
        sent += [words[1] for words in whole if words[0] == "sent"]
        written += [words[0] for words in whole if words[0] != "sent"]
        with closing(Spool(path, 30.0, 50.0)) as spool:
            left = ids(spool)
            assert len(left) == len(set(left))
            assert left == sorted(left, key=lambda one: [int(part) for part in one.split("-")])
            assert set(written) <= set(sent) | set(left)
    assert len(written) > 50
    assert len(sent) > 20


def test_the_oldest_are_given_up_where_there_is_no_more_space_and_that_is_counted_for_good(
    tmp_path: Path,
) -> None:
    path = tmp_path / "attic.sqlite"
    with closing(Spool(path, 30.0, 1.0)) as spool:
        for number in range(30):
            spool.add([report(str(number), text="x" * 100_000)])
        assert ids(spool) == [str(number) for number in range(20, 30)]
        assert spool.lost == 20
    with closing(Spool(path, 30.0, 1.0)) as spool:
        assert (spool.lost, len(spool)) == (20, 10)


def test_what_is_too_old_is_given_up_but_not_what_a_clock_noted_that_was_not_set(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with closing(Spool(None, 1.0, 50.0)) as spool:
        spool.add([report("unset", datetime(1970, 1, 1, 0, 5, tzinfo=UTC))])
        spool.add([report("new", now), report("old", now - timedelta(days=2))])
        assert ids(spool) == ["unset", "new"]
        assert spool.lost == 1


def test_a_second_program_is_refused_the_file_and_gets_it_later(tmp_path: Path) -> None:
    path = tmp_path / "attic.sqlite"
    with closing(Spool(path, 30.0, 50.0)), pytest.raises(BlockingIOError):
        Spool(path, 30.0, 50.0)
    Spool(path, 30.0, 50.0).close()


def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "attic.sqlite"
    path.write_bytes(b"not a database, not at all" * 100)
    with closing(Spool(path, 30.0, 50.0)) as spool:
        assert spool.set_aside is not None
        spool.add([Report(id="x", node="n", noted=datetime.now(UTC), event=event())])
        assert len(spool) == 1
    assert path.stat().st_mode & 0o077 == 0
