from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.control import Peer, control_to_bind, find_control, peer_of
from monitor.errors import PublishError

PORT = "tcp://127.0.0.1:5557"


@pytest.fixture
def runtime(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder))
    return short_folder


@pytest.fixture
def temporary(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files, where there is no other."""
    if Path(f"/run/user/{os.geteuid()}").is_dir():
        pytest.skip("this user has a runtime folder of its own")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(short_folder))
    return short_folder


def test_the_folder_is_made_for_this_user_alone(runtime: Path) -> None:
    assert control_to_bind(PORT) == f"ipc://{runtime}/monitor/127.0.0.1-5557.control"
    status = (runtime / "monitor").stat()
    assert (status.st_mode & 0o777, status.st_uid) == (0o700, os.geteuid())


def test_without_a_runtime_folder_it_is_one_below_the_temporary_files(temporary: Path) -> None:
    path = control_to_bind(PORT).removeprefix("ipc://")
    assert path == f"{temporary}/monitor-{os.geteuid()}/127.0.0.1-5557.control"
    assert Path(path).parent.stat().st_mode & 0o777 == 0o700


def test_each_address_has_a_socket_of_its_own(runtime: Path) -> None:
    addresses = [PORT, "tcp://127.0.0.1:5558", "tcp://127.0.0.2:5557", "tcp://[::1]:5557"]
    assert len({control_to_bind(address) for address in addresses}) == len(addresses)


@pytest.mark.parametrize("trap", ["link", "file", "open to a group", "open to all"])
def test_a_folder_that_others_may_have_laid_is_refused(temporary: Path, trap: str) -> None:
    folder = temporary / f"monitor-{os.geteuid()}"
    if trap == "link":
        (temporary / "theirs").mkdir(mode=0o700)
        folder.symlink_to(temporary / "theirs")
    elif trap == "file":
        folder.touch(0o700)
    else:
        folder.mkdir()
        folder.chmod(0o750 if trap == "open to a group" else 0o777)
    with pytest.raises(PublishError, match=r"not a folder that only you may enter.*chmod 700.*--control"):
        control_to_bind(PORT)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(temporary: Path) -> None:
    folder = temporary / f"monitor-{os.geteuid()}"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)
    with pytest.raises(PublishError, match="not a folder that only you may enter"):
        control_to_bind(PORT)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_runtime_folder_of_another_user_is_not_used(
    runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    os.chown(runtime, 12345, 12345)
    try:
        assert str(runtime) not in control_to_bind(PORT)
        assert list(runtime.iterdir()) == []
    finally:
        os.chown(runtime, 0, 0)


def test_a_path_too_long_for_a_socket_leads_to_the_next_folder(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    path = control_to_bind(PORT).removeprefix("ipc://")
    assert path.startswith(str(temporary))
    assert len(path.encode()) <= 107


def test_paths_too_long_everywhere_are_refused_with_what_to_do(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = temporary / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    with pytest.raises(PublishError, match=r"longer than 107 bytes; state a shorter one: --control"):
        control_to_bind(PORT)


def test_what_is_stated_is_taken_and_is_never_a_port() -> None:
    assert control_to_bind(PORT, "ipc:///run/x") == find_control(PORT, "ipc:///run/x") == "ipc:///run/x"
    for take in (control_to_bind, find_control):
        with pytest.raises(PublishError, match="for the same user only; valid: ipc://"):
            take(PORT, "tcp://127.0.0.1:5558")


def test_the_socket_that_somebody_answers_on_is_found_wherever_it_is(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The monitor was started without a session, and whoever asks has one, where another one died."""
    path = control_to_bind(PORT).removeprefix("ipc://")
    session = Path(f"{temporary}/session")
    session.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(session))
    stale = control_to_bind(PORT).removeprefix("ipc://")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(stale)
    with socket.socket(socket.AF_UNIX) as living:
        living.bind(path)
        living.listen()
        assert find_control(PORT) == f"ipc://{path}"
    assert find_control(PORT) == f"ipc://{stale}"


def test_looking_for_a_monitor_makes_no_folder(runtime: Path) -> None:
    assert find_control(PORT).startswith(f"ipc://{runtime}/monitor/")
    assert list(runtime.iterdir()) == []


def test_another_user_is_not_trusted_and_this_one_and_root_are() -> None:
    assert peer_of(f"localhost:{os.geteuid()}:0:7") == Peer(os.geteuid(), 7)
    assert Peer(os.geteuid(), 1).trusted
    assert Peer(0, 1).trusted
    assert not Peer(os.geteuid() + 4321, 1).trusted


def test_who_asks_is_called_by_the_name_it_gives_or_its_programs_and_its_process() -> None:
    own = Peer(os.geteuid(), os.getpid())
    assert own.called("the interface") == f"the interface (pid {os.getpid()})"
    assert own.called(None) == f"{Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"
    assert Peer(1, 2**30).called(None) == f"another program (pid {2**30})"
    assert "\x1b" not in own.called("\x1b[2J" + "x" * 100)


@given(st.text())
def test_any_address_is_a_peer_or_none(address: str) -> None:
    peer = peer_of(address)
    assert peer is None or (peer.uid >= 0 and peer.pid >= 0)


def test_sockets_of_monitors_that_were_killed_do_not_pile_up(runtime: Path) -> None:
    folder = Path(control_to_bind(PORT).removeprefix("ipc://")).parent
    listening, dead, new, file = (folder / f"127.0.0.1-{port}.control" for port in range(1, 5))
    file.touch()
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(listening))
        alive.listen()
        for path in (dead, new):
            with socket.socket(socket.AF_UNIX) as killed:
                killed.bind(str(path))
        for path in (listening, dead, file):
            os.utime(path, (0.0, 0.0))
        control_to_bind(PORT)
        assert set(folder.iterdir()) == {listening, new, file}
