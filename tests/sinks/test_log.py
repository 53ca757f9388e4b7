from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import msgspec
import pytest

from monitor.bus.codec import DECODERS
from monitor.bus.messages import Event, Health, NearMissMessage
from monitor.cli.main import main
from monitor.config.settings import Config
from monitor.errors import ConfigError
from monitor.sinks.kinds import SinkOptions
from monitor.sinks.log import LogFile, Worth, open_log
from tests.examples import event, health, level, near_miss

RUN = ["run", "--headless", "--fast", "--bind", "none", "--source", "demo"]


def test_events_near_misses_and_changes_of_health_are_kept() -> None:
    worth = Worth()
    assert worth.keeping(event())
    assert worth.keeping(near_miss())
    assert not worth.keeping(level())
    well = health()
    seen = [
        worth.keeping(one)
        for one in (
            well,
            msgspec.structs.replace(well, uptime_s=2.0, captured=5),
            msgspec.structs.replace(well, source_id="attic"),
            msgspec.structs.replace(well, hearing="too_quiet"),
            well,
            msgspec.structs.replace(well, overflow=well.overflow + 1),
        )
    ]
    assert seen == [True, False, True, True, True, True]


def test_a_line_is_what_is_published_with_its_topic(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log")
    for record in (event(), near_miss(), health()):
        log.emit(record)
    log.close()
    log.close()
    lines = (tmp_path / "log").read_bytes().splitlines()
    topics = [json.loads(line)["topic"].split("/")[0] for line in lines]
    assert topics == ["event", "near_miss", "health"]
    kinds = (Event, NearMissMessage, Health)
    assert [DECODERS[kind].decode(line) for kind, line in zip(kinds, lines, strict=True)] == [
        event(), near_miss(), health(),
    ]  # fmt: skip


def test_what_is_in_the_file_stays_and_a_torn_line_spoils_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    path.write_text('{"topic":"event/before/"}\n', encoding="utf-8")
    log = LogFile(path)
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[: len(data) // 2 or 1]))
    log.emit(event())  # in many pieces

    def full(fd: int, data: bytes) -> int:
        monkeypatch.setattr(os, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        return write(fd, data[:10])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        log.emit(event())
    monkeypatch.setattr(os, "write", write)
    log.emit(health())
    log.close()
    before, whole, torn, after = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(before) == {"topic": "event/before/"}
    assert json.loads(whole)["id"] == event().id
    assert len(torn) == 10
    assert json.loads(after)["uptime_s"] == health().uptime_s


def test_a_renamed_log_gets_no_further_line_and_none_is_lost_or_written_twice(tmp_path: Path) -> None:
    path, count, turns = tmp_path / "log", 3000, 20
    log = LogFile(path)
    log.emit(event(id_="first"))
    written = threading.Event()

    def write() -> None:
        for number in range(count):
            log.emit(event(id_=str(number)))
        written.set()

    writer = threading.Thread(target=write)
    writer.start()
    for turn in range(turns):
        while not path.exists() and not written.wait(0.001):
            pass
        if path.exists():
            path.rename(tmp_path / f"log.{turn}")
    writer.join()
    log.emit(event(id_="last"))
    log.close()
    parts = sorted(tmp_path.glob("log*"))
    ids = [json.loads(line)["id"] for part in parts for line in part.read_bytes().splitlines()]
    assert sorted(ids) == sorted(["first", "last", *map(str, range(count))])
    assert json.loads(path.read_bytes().splitlines()[-1])["id"] == "last"
    assert path.stat().st_mode & 0o077 == 0


def test_a_removed_log_begins_again_and_a_moved_folder_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    log = LogFile(folder / "log")
    (folder / "log").unlink()
    log.emit(event(id_="1"))
    folder.rename(tmp_path / "moved")
    log.emit(event(id_="2"))  # its name cannot be made
    kept = [json.loads(line)["id"] for line in (tmp_path / "moved" / "log").read_bytes().splitlines()]
    assert kept == ["1", "2"]
    (tmp_path / "moved" / "log").unlink()
    with pytest.raises(FileNotFoundError):
        log.emit(event(id_="3"))
    log.close()


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "no" / "log", tmp_path / "pipe"):
        with pytest.raises(ConfigError, match=r"The log .* cannot be written: .*; give --log another file"):
            open_log(Config(), SinkOptions(log=path))
    assert open_log(Config(), SinkOptions()) is None


def test_a_run_keeps_a_log_beside_its_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.jsonl"
    command = [*RUN, "--json", "--near-misses", "--classes", "siren,dog_bark", "--log", str(path)]
    assert main(command) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logged = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    states = [line["state"] for line in logged if line["topic"].startswith("health")]
    assert states[0] in {"starting", "running"}
    assert states[-1] == "ended"
    for line in logged:
        line["topic"] = line["topic"].split("/")[0]
    kept = [line for line in logged if line.pop("topic") != "health"]
    assert kept == [line for line in printed if line.get("type") != "trouble"]
    assert path.stat().st_mode & 0o077 == 0, "what was heard is the user's own"


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="needs /dev/full, a Linux device that is always full"
)
def test_a_full_disk_is_told_once_and_changes_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--classes", "siren", "--log", "/dev/full"]) == 1
    out, err = capsys.readouterr()
    assert err.count("The log /dev/full cannot be written: No space left on device.") == 1
    assert "ended: demo street" in out
