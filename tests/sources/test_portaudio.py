from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import SourceAbsent, SourceError, SourceLost
from monitor.sources.capture_messages import BLOCKS_PER_S
from monitor.sources.devices import Device
from monitor.sources.microphone import Microphone, list_devices
from monitor.sources.portaudio import _forms, _reason
from tests.sources.drivers import fake_driver, first_block, opened, stand_in


def device(host_api: str, channels: int, sample_rate: int) -> Device:
    return Device(0, "id", "name", host_api, channels, sample_rate, is_default=True)


@pytest.mark.parametrize(
    ("host_api", "channels", "expected"),
    [
        ("ALSA", 1, [(48_000, 1), (44_100, 1)]),
        ("ALSA", 4, [(48_000, 4), (48_000, 1), (44_100, 4), (44_100, 1)]),
        ("ALSA", 128, [(48_000, 2), (48_000, 1), (44_100, 2), (44_100, 1)]),
        ("Core Audio", 2, [(44_100, 2), (44_100, 1)]),
    ],
)
def test_a_device_is_tried_at_its_native_rate_with_all_real_channels_first(
    host_api: str, channels: int, expected: list[tuple[int, int]]
) -> None:
    assert _forms(device(host_api, channels, 44_100)) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("Error opening RawInputStream: Device unavailable", -9985), "Device unavailable"),
        (
            ("Error opening: Unanticipated host error", -9999, (0, -16, "Device or resource busy")),
            "Unanticipated host error: Device or resource busy",
        ),
        (("Error starting stream: Wait timed out", -9999, (0, 0, "")), "Wait timed out"),
        ((), "it gives no reason"),
    ],
)
def test_a_refusal_is_told_without_portaudios_own_words_for_its_calls(
    arguments: tuple[object, ...], expected: str
) -> None:
    assert _reason(RuntimeError(*arguments)) == expected


def read_out(microphone: Microphone) -> tuple[int, int]:
    """Return how many samples arrived, and how many were counted as lost, until the microphone went away."""
    heard = lost = 0
    while True:
        try:
            block = first_block(microphone)
        except SourceLost:
            return heard, lost
        heard += len(block.samples)
        lost += block.lost_len


_NO_DEVICE = """
class PortAudioError(Exception): pass
def query_hostapis(): return ()
def query_devices(kind=None):
    if kind: raise ValueError("no default")
    return ()
"""


def test_a_machine_without_microphones_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, _NO_DEVICE)
    assert list_devices() == []
    with pytest.raises(SourceError, match="No microphone was found"):
        Microphone("default").open()


def test_a_missing_portaudio_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, "raise OSError('PortAudio library not found')\n")
    with pytest.raises(SourceError, match="sudo apt-get install libportaudio2"):
        list_devices()


def test_a_capture_process_that_crashes_gives_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stand_in(tmp_path, monkeypatch, "raise RuntimeError('driver on fire')\n")
    with pytest.raises(SourceError, match="driver on fire"):
        list_devices()
    assert capfd.readouterr() == ("", "")


def test_a_drivers_overflow_flag_reaches_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_driver(
        tmp_path,
        monkeypatch,
        "for flag in (False, True, True):",
        "    callback(bytes(4 * block_len), block_len, None, Status(flag))",
        "finished()",
    )
    with opened("fake") as microphone:
        assert [first_block(microphone).overflow for _ in range(3)] == [False, True, True]
        with pytest.raises(SourceLost, match="Fake Mic went away"):
            microphone.read(5.0)


def test_samples_dropped_while_the_parent_stalls_are_counted_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two minutes of sound arrive at once: some fits the pipe and the backlog, the rest is in `lost_len`."""
    fake_driver(
        tmp_path,
        monkeypatch,
        "for _ in range(1200):",
        "    callback(bytes(4 * block_len), block_len, None, Status(False))",
        "time.sleep(1.0)  # by now the parent reads again",
        "callback(bytes(4 * block_len), block_len, None, Status(False))",
        "finished()",
    )
    with opened("fake") as microphone:
        heard, lost = read_out(microphone)
    assert lost > 0
    assert heard + lost == 1201 * (16_000 // BLOCKS_PER_S)


def test_a_driver_that_hangs_does_not_hold_up_the_closing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_driver(
        tmp_path,
        monkeypatch,
        "callback(bytes(4 * block_len), block_len, None, Status(False))",
    )
    with (tmp_path / "sounddevice.py").open("a") as file:
        file.write("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n")
    microphone = Microphone("fake")
    microphone.open()
    begin_s = time.monotonic()
    microphone.close()
    assert time.monotonic() - begin_s < 1.0


class Immortal(subprocess.Popen[bytes]):
    """A process that hangs in the kernel: no signal reaches it until the driver lets go."""

    def kill(self) -> None:
        pass

    def release(self) -> None:
        super().kill()
        self.wait()


def children() -> int:
    return len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - what a path would open counts


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors under /proc")
def test_a_process_that_cannot_be_ended_is_the_only_one_however_often_it_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_driver(tmp_path, monkeypatch, "callback(bytes(4 * block_len), block_len, None, Status(False))")
    with (tmp_path / "sounddevice.py").open("a") as file:
        file.write(
            "import os, time\nos._exit = lambda code: time.sleep(3600)  # it cannot end by itself either\n"
        )
    started: list[Immortal] = []

    def start(*arguments: Any, **options: Any) -> Immortal:
        started.append(Immortal(*arguments, **options))
        return started[-1]

    microphone = Microphone("fake", start=start)
    microphone.open()
    before = children(), descriptors()
    for _ in range(100):
        with pytest.raises(SourceAbsent, match=rf"hangs and cannot be ended \(process {started[0].pid}\)"):
            microphone.open()
        assert children() <= before[0]
        assert descriptors() < before[1]
    started[0].release()
    microphone.open()
    microphone.close()
    assert len(started) == 2
    started[1].release()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors under /proc")
def test_a_driver_that_hangs_and_is_deaf_to_signals_leaves_nothing_behind_when_it_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_driver(tmp_path, monkeypatch, "callback(bytes(4 * block_len), block_len, None, Status(False))")
    with (tmp_path / "sounddevice.py").open("a") as file:
        file.write("import signal\nfor number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)\n")
    before = children(), descriptors()
    microphone = Microphone("fake", lost_after_s=0.05)
    for _ in range(int(os.environ.get("REOPENINGS", "5"))):
        microphone.open()
        assert children() <= before[0] + 1
    microphone.close()
    assert (children(), descriptors()) == before


def test_an_opening_that_hangs_is_ended_by_closing_from_another_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(
        tmp_path,
        monkeypatch,
        "import time, pathlib\npathlib.Path(__file__ + '.on').touch()\ntime.sleep(60)\n",
    )
    microphone = Microphone("fake")
    refusals: list[str] = []

    def open_it() -> None:
        try:
            microphone.open()
        except SourceError as error:
            refusals.append(str(error))

    opening = threading.Thread(target=open_it, daemon=True)
    opening.start()
    while not (tmp_path / "sounddevice.py.on").exists():
        time.sleep(0.01)
    microphone.close()
    opening.join(2.0)
    assert len(refusals) == 1


def test_the_capture_process_ends_with_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_driver(tmp_path, monkeypatch, "time.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{Path(__file__).resolve().parents[2]}")
    code = (
        "import time; from monitor.sources.microphone import Microphone\n"
        "m = Microphone('fake'); m.open(); print(m._process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    deadline_s = time.monotonic() + 5.0
    while _runs(child):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    """Tell whether a process that is not our child still runs; one that nobody has buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_portaudio_and_numpy_stay_where_they_belong() -> None:
    """PortAudio never loads in the main process, numpy never in the capture process."""
    code = "import sys, monitor.sources.{}; print(*({{'numpy', 'sounddevice'}} & sys.modules.keys()))"
    loaded = [
        subprocess.run(
            [sys.executable, "-c", code.format(name)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        for name in ("microphone", "portaudio")
    ]
    assert loaded == [["numpy"], []]
