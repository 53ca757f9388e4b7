"""What is made of what was measured: pure functions, at their limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.doctor.findings import State
from monitor.doctor.model import keeps_up
from monitor.doctor.privacy import connections
from monitor.doctor.sound_system import confinement
from monitor.doctor.storage import space
from monitor.doctor.wall_clock import _kept_right
from monitor.privacy import keep_private, switched_on

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LINE = "   0: 0100007F:15B5 {remote}:0050 01 0:0 00:0 0     0        0 {inode} 1 0\n"


@pytest.mark.parametrize(("window_s", "state"), [(0.02, "ok"), (0.15, "attention"), (0.3, "fault")])
def test_a_machine_keeps_up_if_windows_take_less_than_they_last(window_s: float, state: State) -> None:
    assert keeps_up(window_s, hop_s=0.25).state == state


@pytest.mark.parametrize(("free_mb", "state"), [(1, "fault"), (300, "attention"), (5000, "ok")])
def test_a_disk_needs_space_for_the_history_that_may_come(free_mb: int, state: State) -> None:
    assert space("disk", free_mb * 1_000_000, may_take_mb=200.0).state == state


@pytest.mark.parametrize(("said", "state"), [("yes", "ok"), ("no", "attention"), ("", "unchecked")])
def test_a_clock_that_nothing_keeps_right_is_told(said: str, state: State) -> None:
    assert _kept_right(said).state == state


def proc(folder: Path, remote: str, inode: str) -> Path:
    """Make the folder of a process that has the socket 77, on a machine with one connection."""
    (folder / "fd").mkdir()
    (folder / "fd" / "3").symlink_to("socket:[77]")
    (folder / "fd" / "4").symlink_to("/dev/null")
    (folder / "net").mkdir()
    (folder / "net" / "tcp").write_text(HEAD + LINE.format(remote=remote, inode=inode), "ascii")
    return folder


@pytest.mark.parametrize(
    ("remote", "inode", "state"),
    [
        ("08080808", "77", "fault"),
        ("08080808", "78", "ok"),  # another process's
        ("0100007F", "77", "ok"),
        ("00000000", "77", "ok"),
    ],
)
def test_a_connection_of_ours_to_another_machine_is_found(
    tmp_path: Path, remote: str, inode: str, state: State
) -> None:
    assert connections(proc(tmp_path, remote, inode)).state == state


def test_where_a_system_shows_no_connections_nothing_is_claimed(tmp_path: Path) -> None:
    assert connections(tmp_path).state == "unchecked"


def test_a_switch_that_somebody_turned_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_private()
    assert switched_on() == []
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    assert switched_on() == ["ORT_DISABLE_TELEMETRY"]


@pytest.mark.parametrize(
    ("environment", "file", "says"),
    [
        ({"SNAP": "/snap/monitor/1", "SNAP_NAME": "monitor"}, None, "snap connect monitor:audio-record"),
        ({}, ".flatpak-info", "--socket=pulseaudio"),
        ({}, ".dockerenv", "--device /dev/snd"),
    ],
)
def test_what_keeps_sound_away_is_told_with_how_to_let_it_in(
    tmp_path: Path, environment: dict[str, str], file: str | None, says: str
) -> None:
    if file:
        (tmp_path / file).touch()
    found = confinement(environment, tmp_path)
    assert found is not None
    assert says in found[1]


def test_what_runs_free_is_not_confined(tmp_path: Path) -> None:
    assert confinement({}, tmp_path) is None
