from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.diary import PRIORITIES, Diary, Level
from monitor.diary.entry import Entry, entry
from monitor.diary.journal import datagram
from monitor.errors import ConfigError
from monitor.start import child_environment, python_module
from tests.test_text import is_safe

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[tuple[socket.socket, Path]]:
    """What listens in the place of systemd's journal, and where."""
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        listening.settimeout(120.0)
        yield listening, path


def fields(message: bytes) -> dict[str, str]:
    """Read one datagram as the journal does."""
    found: dict[str, str] = {}
    while message:
        line, _, message = message.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            length, message = int.from_bytes(message[:8], "little"), message[8:]
            value, message = message[:length], message[length + 1 :]
        found[name.decode()] = value.decode()
    return found


@given(st.text(), st.sampled_from(sorted(PRIORITIES)), st.text())
def test_the_journal_reads_back_what_was_written_whatever_is_in_it(
    text: str, level: Level, source: str
) -> None:
    made = Entry(text, level, {"source": source})
    found = fields(datagram(made))
    safe = [one.encode("utf-8", "replace").decode() for one in (text, source)]
    assert [found["MESSAGE"], found["MONITOR_SOURCE"]] == safe
    assert (found["PRIORITY"], found["SYSLOG_IDENTIFIER"]) == (str(PRIORITIES[level]), "monitor")


@given(st.text())
def test_whatever_is_written_is_one_safe_line(text: str) -> None:
    made = entry(text, "info", {"source": text})
    assert is_safe(made.text)
    assert all(map(is_safe, made.fields.values()))
    assert "\n" not in made.text


@pytest.mark.parametrize(
    "address", ["rtsp://me:hunter2@camera/1", "mqtts://me:hunter2@broker", "tgram://hunter2@x/y"]
)
def test_no_password_of_an_address_is_in_it(address: str, capsys: Capture) -> None:
    for form in ("text", "json"):
        diary = Diary()
        diary.keep(form, "info")
        diary.note(f"The source {address} is lost.", "error", {"source": address})
    said = capsys.readouterr().err
    assert "hunter2" not in said
    assert f"{address.partition(':')[0]}://…@" in said


@pytest.mark.parametrize(("level", "kept"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_what_matters_less_is_left_out(level: Level, kept: int, capsys: Capture) -> None:
    diary = Diary()
    diary.keep("json", level)
    for one in ("error", "warning", "info", "debug"):
        diary.note(f"an {one}", one)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["level"] for line in lines] == ["error", "warning", "info", "debug"][:kept]
    assert set(lines[0]) == {"time", "level", "text"}


def test_the_journal_gets_entries_with_their_priority(journal: tuple[socket.socket, Path]) -> None:
    listening, path = journal
    diary = Diary()
    diary.keep("journal", "info", path)
    diary.note("The disk is full.", "warning", {"source": "mic0"})
    diary.close()
    found = fields(listening.recv(4096))
    assert (found["MESSAGE"], found["PRIORITY"]) == ("The disk is full.", "4")
    assert (found["SYSLOG_IDENTIFIER"], found["MONITOR_SOURCE"]) == ("monitor", "mic0")


def test_a_journal_that_is_not_there_is_refused_and_one_that_goes_is_no_error(tmp_path: Path) -> None:
    diary = Diary()
    with pytest.raises(ConfigError, match="valid: --diary auto, text or json"):
        diary.keep("journal", "info", tmp_path / "none")
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        diary.keep("journal", "info", path)
    diary.note("nobody takes this", "error")
    diary.close()


SERVICE = """
import sys
from pathlib import Path
from monitor.console import DIARY
keep = DIARY.keep
DIARY.keep = lambda form, level: keep(form, level, Path(sys.argv[1]))
from monitor.cli.main import main
sys.exit(main(sys.argv[2:]))
"""


def test_a_run_whose_output_leads_into_the_journal_writes_entries_with_priorities_and_fields(
    journal: tuple[socket.socket, Path], tmp_path: Path
) -> None:
    listening, path = journal
    ours, its = socket.socketpair()
    with ours, its:
        status = os.fstat(its.fileno())
        leads_to = f"{status.st_dev}:{status.st_ino}"
        command = ["run", "--source", "demo", "--fast", "--headless", "--bind", "none", "--urgent", "siren"]
        run = subprocess.Popen(
            [sys.executable, "-c", SERVICE, str(path), *command, "--classes", "siren,dog_bark"],
            env={**child_environment(), "HOME": str(tmp_path), "JOURNAL_STREAM": leads_to},
            stdout=its.fileno(),
            stderr=its.fileno(),
        )
        entries: list[dict[str, str]] = []
        try:
            while not entries or entries[-1].get("MONITOR_STATE") != "ended":
                entries.append(fields(listening.recv(65536)))
            run.wait(timeout=60)
        finally:
            run.kill()
            run.wait()
        ours.setblocking(False)
        with pytest.raises(BlockingIOError):
            ours.recv(1)
    onsets = {one["MONITOR_CLASS"]: one for one in entries if one.get("MONITOR_TYPE") == "onset"}
    assert onsets["siren"]["PRIORITY"] == "2"
    assert onsets["dog_bark"]["PRIORITY"] == "5"
    assert onsets["siren"]["MONITOR_SOURCE"] == "demo"
    assert "URGENT" in onsets["siren"]["MESSAGE"]


def test_a_journal_without_its_socket_is_told_priorities_as_prefixes(tmp_path: Path) -> None:
    output = tmp_path / "stream"
    with output.open("wb") as stream:
        status = os.fstat(stream.fileno())
        named = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}", "HOME": str(tmp_path)}
        if Path("/run/systemd/journal/socket").exists():
            pytest.skip("the journal of this machine would take them")
        subprocess.run(
            python_module("monitor", "run", "--source", "no-such-file.wav"),
            env={**child_environment(), **named},
            stderr=stream,
            check=False,
        )
    assert output.read_text().startswith("<3>")
