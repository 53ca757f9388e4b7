"""`monitor scan`: stopped at any moment it goes on, each recording is there once, a bad one stops nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="needs pyarrow (pip install 'sound-monitor[scan]')")

from tests.archive.archives import CLASSES, begin, monitor, part_rows, rows, summary, write_archive

pytestmark = pytest.mark.timeout(900)  # many processes, each of which loads the model
_SCAN = ("scan", "recordings", "--classes", CLASSES, "--scores", "--workers", "2", "--json")


def _tables(out: Path) -> dict[str, list[dict[str, Any]]]:
    whole = {name: rows(out, name) for name in ("files", "events", "errors")}
    return whole | {name: part_rows(out, name) for name in ("embeddings", "scores")}


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _wait_for(what: Any, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 600
    while not what() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight recordings, scanned without a break."""
    folder = tmp_path_factory.mktemp("archive")
    write_archive(folder / "recordings", count=6, seconds=8.0)
    done = monitor(*_SCAN, "--out", "whole", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert summary(done)["heard"]["files"] == 6
    return folder


def test_a_scan_keeps_files_events_scores_and_embeddings(archive: Path) -> None:
    tables = _tables(archive / "whole")
    assert [row["duration_s"] for row in tables["files"]] == [8.0] * 6
    assert {row["status"] for row in tables["files"]} == {"heard"}
    assert sum(row["events"] for row in tables["files"]) == len(tables["events"]) > 0
    assert len(tables["embeddings"]) == sum(row["windows"] for row in tables["files"]) >= 6 * 8
    assert {len(row["embedding"]) for row in tables["embeddings"]} == {512}
    assert not tables["errors"]
    assert all(0.0 <= row["siren"] <= 1.0 for row in tables["scores"])


@pytest.mark.parametrize("parts_done", [0, 2])
def test_killed_and_run_again_it_goes_on_and_each_recording_is_there_once(
    archive: Path, parts_done: int
) -> None:
    out = archive / f"killed-{parts_done}"
    process = begin(*_SCAN, "--out", out.name, cwd=archive)
    parts = out / "parts"

    def there() -> bool:
        begun = any(parts.glob("*.partial/*.parquet")) if parts.is_dir() else False
        return begun and len(list(parts.glob("0*/summary.json"))) >= parts_done

    _wait_for(there, process)
    workers = _children(process.pid)
    process.kill()
    process.wait(10)
    deadline = time.monotonic() + 300
    while any(Path(f"/proc/{worker}").exists() for worker in workers):  # they end by themselves
        assert time.monotonic() < deadline
        time.sleep(0.05)
    done = monitor(*_SCAN, "--out", out.name, cwd=archive)
    assert done.returncode == 0, done.stderr
    assert summary(done)["there"] + summary(done)["heard"]["files"] == 6
    assert _tables(out) == _tables(archive / "whole")
    assert not list((out / "parts").glob("*.partial"))


def test_a_process_that_is_killed_costs_nothing_but_its_time(archive: Path) -> None:
    process = begin(*_SCAN, "--out", "worker", cwd=archive)
    _wait_for(lambda: len(_children(process.pid)) == 2, process)
    os.kill(_children(process.pid)[0], signal.SIGKILL)
    assert process.wait(600) == 0
    assert _tables(archive / "worker") == _tables(archive / "whole")


def test_ctrl_c_keeps_what_is_finished(archive: Path) -> None:
    process = begin(*_SCAN, "--out", "stopped", cwd=archive)
    parts = archive / "stopped" / "parts"
    _wait_for(lambda: any(parts.glob("0*/summary.json")) if parts.is_dir() else False, process)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(300) in {0, 130}
    assert rows(archive / "stopped", "files")


def test_bad_recordings_stop_nothing_and_are_told(tmp_path: Path) -> None:
    good = write_archive(tmp_path / "recordings", count=2, seconds=6.0)
    folder = tmp_path / "recordings"
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.mp3").write_text("no sound at all, only words\n" * 50)
    (folder / "cut.wav").write_bytes(good[0].read_bytes()[:300_000])
    (folder / "notes.txt").write_text("passed over")
    (folder / "gone.flac").symlink_to(folder / "nowhere.flac")
    done = monitor("scan", "recordings", "--classes", CLASSES, "--out", "out", "--json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert (summary(done)["failed"], summary(done)["damaged"]) == (3, 1)
    errors = {Path(row["path"]).name: row for row in rows(tmp_path / "out", "errors")}
    assert set(errors) == {"empty.wav", "text.mp3", "cut.wav", "gone.flac"}
    assert "is empty (0 bytes)" in errors["empty.wav"]["sentence"]
    assert errors["cut.wav"]["status"] == "damaged"
    assert len(rows(tmp_path / "out", "files")) == 6
    (folder / "empty.wav").write_bytes(good[0].read_bytes())
    (folder / "gone.flac").unlink()
    again = monitor("scan", "recordings", "--classes", CLASSES, "--out", "out", "--retry", cwd=tmp_path)
    assert again.returncode == 1
    assert "In the tables: 2 failed, 1 damaged; why is in out/errors.parquet; --retry" in " ".join(
        again.stdout.split()
    )
    assert "text.mp3 is not an audio file" in again.stderr
    names = [Path(row["path"]).name for row in rows(tmp_path / "out", "errors")]
    assert names == ["cut.wav", "gone.flac", "text.mp3"]  # what changed is heard; what is gone stays told


@pytest.mark.timeout(120)
def test_a_hop_longer_than_the_window_is_refused_as_the_option_it_was_given_by(tmp_path: Path) -> None:
    (path,) = write_archive(tmp_path, count=1, seconds=3.0)
    done = monitor("scan", path, "--out", "out", "--classes", "siren", "--hop", "5", cwd=tmp_path)
    assert done.returncode == 2
    assert "--hop (or hop_s in [scan]) is 5; valid: 0.01 to 2, the model's window" in done.stderr


@pytest.mark.parametrize("named", ["nothing", "not-there", "@list.txt", "s3://key:secret@bucket/x"])
def test_what_is_no_archive_is_refused_in_a_sentence(named: str, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    done = monitor("scan", named, "--out", "out", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_list_names_recordings_too(archive: Path) -> None:
    names = sorted((archive / "recordings").iterdir())[:2]
    (archive / "list.txt").write_text("# two of them\n" + "\n".join(map(str, names)) + "\n\n")
    done = monitor(
        "scan", "@list.txt", "--classes", CLASSES, "--out", "listed", "--keep", "int8", cwd=archive
    )
    assert done.returncode == 0, done.stderr
    assert [row["path"] for row in rows(archive / "listed", "files")] == [str(one) for one in names]
    assert {len(row["embedding"]) for row in part_rows(archive / "listed", "embeddings")} == {256}
