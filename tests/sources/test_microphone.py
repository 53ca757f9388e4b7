from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.config import CaptureConfig
from monitor.errors import SourceError, SourceLost
from monitor.records import Block
from monitor.sources.capture import Capture
from monitor.sources.microphone import Microphone, list_devices
from tests.sources.fakes import RecordingRing, noise
from tests.vmic import SAMPLE_RATE, VirtualMicrophones


@contextmanager
def opened(spec: str) -> Iterator[Microphone]:
    microphone = Microphone(spec)
    microphone.open()
    try:
        yield microphone
    finally:
        microphone.close()


def first_block(microphone: Microphone) -> Block:
    block = microphone.read(5.0)
    assert block is not None
    return block


def listen(microphone: Microphone, seconds: float) -> NDArray[np.float32]:
    """Return the first channel of `seconds` of sound, float32 (n,)."""
    parts: list[NDArray[np.float32]] = []
    while sum(map(len, parts)) < seconds * SAMPLE_RATE:
        block = microphone.read(1.0)
        if block is not None:
            assert block.lost_len == 0
            parts.append(block.samples[:, 0])
    return np.concatenate(parts)


def wait_lost(microphone: Microphone) -> tuple[float, str]:
    """Return how long it took to notice, in seconds, and the sentence."""
    begin_s = time.monotonic()
    while True:
        try:
            microphone.read(0.05)
        except SourceLost as error:
            return time.monotonic() - begin_s, str(error)
        assert time.monotonic() - begin_s < 10.0


def test_what_is_played_is_what_is_heard_bit_for_bit(vmic: VirtualMicrophones) -> None:
    played = noise(SAMPLE_RATE // 2)[:, 0]
    with opened("attic") as microphone:
        first_block(microphone)
        vmic.play("attic", played)
        heard = listen(microphone, 1.5)
    start = int(np.flatnonzero(heard)[0])
    np.testing.assert_array_equal(heard[start : start + len(played)], played)
    assert microphone.sample_rate == SAMPLE_RATE


def test_microphones_are_listed_and_chosen_by_index_name_and_id(two_vmics: VirtualMicrophones) -> None:
    left, right = (found for found in list_devices() if "kitchen" in found.name)
    assert (left.name, left.id, left.host_api) == ("kitchen_left", "alsa-kitchen_left", "ALSA")
    for spec in (str(right.index), "kitchen_right", "RIGHT", right.id):
        with opened(spec) as microphone:
            assert (microphone.id, microphone.name) == (right.id, right.name)
    with pytest.raises(SourceError, match="more than one") as caught:
        Microphone("kitchen").open()
    assert left.id in str(caught.value)
    assert right.id in str(caught.value)
    with pytest.raises(SourceError, match=r"no microphone 'cellar'.*kitchen_left"):
        Microphone("cellar").open()


def test_each_microphone_hears_its_own_sound(two_vmics: VirtualMicrophones) -> None:
    with opened("kitchen_left") as left, opened("kitchen_right") as right:
        first_block(left)
        first_block(right)
        two_vmics.play("kitchen_right", noise(SAMPLE_RATE // 5)[:, 0])
        assert np.any(listen(right, 1.0))
        assert not np.any(listen(left, 1.0))


def test_a_microphone_that_is_unplugged_is_lost_within_a_second(vmic: VirtualMicrophones) -> None:
    with opened("attic") as microphone:
        first_block(microphone)
        vmic.unplug("attic")
        took_s, sentence = wait_lost(microphone)
    assert took_s < 1.0
    assert "attic" in sentence


def test_a_microphone_that_stalls_is_lost_within_a_second(vmic: VirtualMicrophones) -> None:
    with opened("attic") as microphone:
        first_block(microphone)
        vmic.stall("attic")
        took_s, sentence = wait_lost(microphone)
    assert took_s < 1.0
    assert "delivers no sound" in sentence


def test_a_lost_microphone_is_never_replaced_by_another(two_vmics: VirtualMicrophones) -> None:
    microphone = Microphone("kitchen_left")
    microphone.open()
    microphone.close()
    two_vmics.unplug("kitchen_left")
    with pytest.raises(SourceError, match="kitchen_left"):
        microphone.open()
    two_vmics.plug("kitchen_left")
    microphone.open()
    assert first_block(microphone) is not None
    assert microphone.id == "alsa-kitchen_left"
    microphone.close()


def test_an_unplugged_microphone_returns_behind_a_gap_of_the_time_away(vmic: VirtualMicrophones) -> None:
    ring = RecordingRing()
    capture = Capture(Microphone("attic"), ring, 16_000, CaptureConfig(reopen_every_s=0.1), wait=False)
    capture.start()
    ring.wait_position(8_000)
    vmic.unplug("attic")
    wait_for_state(capture, "lost")
    assert capture.status.reason is not None
    vmic.plug("attic")
    wait_for_state(capture, "running")
    ring.wait_position(ring.position + 8_000)
    now_s, position = time.monotonic(), ring.position
    capture.stop()
    assert capture.status.reopened == 1
    assert len(ring.gaps) == 1
    assert capture.status.anchor_s is not None
    assert position / 16_000 == pytest.approx(now_s - capture.status.anchor_s, abs=0.25)


def wait_for_state(capture: Capture, state: str) -> None:
    deadline_s = time.monotonic() + 15.0
    while capture.status.state != state:
        assert time.monotonic() < deadline_s, capture.status
        time.sleep(0.01)


def test_a_busy_interpreter_loses_no_sound(vmic: VirtualMicrophones) -> None:
    played = noise(3 * SAMPLE_RATE)[:, 0]
    busy = threading.Event()

    def spin() -> None:
        while not busy.is_set():
            sum(range(1000))

    with opened("attic") as microphone:
        first_block(microphone)
        threading.Thread(target=spin, daemon=True).start()
        try:
            vmic.play("attic", played)
            heard = listen(microphone, 4.5)
        finally:
            busy.set()
    start = int(np.flatnonzero(heard)[0])
    np.testing.assert_array_equal(heard[start : start + len(played)], played)


def test_a_parent_that_stalls_finds_its_sound_waiting(vmic: VirtualMicrophones) -> None:
    with opened("attic") as microphone:
        first = first_block(microphone)
        time.sleep(1.5)  # the stall itself: longer than `lost_after_s`
        count = 0
        while (block := microphone.read(0.0)) is not None:
            assert block.lost_len == 0
            count += len(block.samples)
            last_s = block.captured_s
    assert count == pytest.approx((last_s - first.captured_s) * SAMPLE_RATE, abs=0.1 * SAMPLE_RATE)


def test_closing_ends_the_process_and_may_be_done_twice(vmic: VirtualMicrophones) -> None:
    microphone = Microphone("attic")
    microphone.open()
    process = microphone._process
    assert process is not None
    microphone.close()
    microphone.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
    with pytest.raises(SourceLost, match="closed"):
        microphone.read(0.0)


def test_a_machine_without_microphones_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "asound.conf").write_text("", "utf-8")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    stand_in(tmp_path, monkeypatch, "class PortAudioError(Exception): pass\n"
             "def query_hostapis(): return ()\n"
             "def query_devices(kind=None):\n    if kind: raise ValueError\n    return ()\n")  # fmt: skip
    assert list_devices() == []
    with pytest.raises(SourceError, match="No microphone was found"):
        Microphone("default").open()


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let the capture process import this instead of sounddevice."""
    (folder / "sounddevice.py").write_text(code, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))


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


FAKE_DRIVER = """
import os, sys, threading, time
class PortAudioError(Exception): pass
INFO = dict(name="Fake Mic", index=0, hostapi=0, max_input_channels=1, default_samplerate=16000.0)
def query_hostapis(): return [dict(name="Fake")]
def query_devices(kind=None): return INFO if kind else [INFO]
class Status:
    def __init__(self, flag): self.input_overflow = flag
class RawInputStream:
    def __init__(self, samplerate, channels, blocksize, callback, finished_callback, **_):
        self.samplerate, self.channels = samplerate, channels
        self._make = blocksize, callback, finished_callback
    def start(self): threading.Thread(target=self._run, daemon=True).start()
    def _run(self):
        block_len, callback, finished = self._make
{body}
"""


def fake_driver(folder: Path, monkeypatch: pytest.MonkeyPatch, *body: str) -> None:
    lines = "\n".join(f"        {line}" for line in body)
    stand_in(folder, monkeypatch, FAKE_DRIVER.replace("{body}", lines))


def test_a_drivers_overflow_flag_reaches_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_driver(
        tmp_path,
        monkeypatch,
        "for flag in (False, True, False):",
        "    callback(bytes(4 * block_len), block_len, None, Status(flag))",
        "finished()",
    )
    with opened("fake") as microphone:
        assert [first_block(microphone).overflow for _ in range(3)] == [False, True, False]
        with pytest.raises(SourceLost, match="Fake Mic went away"):
            microphone.read(5.0)


def test_samples_dropped_while_the_parent_stalls_are_counted_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute of sound arrives at once: some fits the pipe and the backlog, the rest is in `lost_len`."""
    fake_driver(
        tmp_path,
        monkeypatch,
        "for _ in range(3000):",
        "    callback(bytes(4 * block_len), block_len, None, Status(False))",
        "while not os.path.exists(sys.argv[0] + 'x') and time.sleep(1.0) is None:",
        "    callback(bytes(4 * block_len), block_len, None, Status(False)); finished(); break",
    )
    with opened("fake") as microphone:
        heard = lost = 0
        with pytest.raises(SourceLost):
            while True:
                block = first_block(microphone)
                heard += len(block.samples)
                lost += block.lost_len
    assert lost > 0
    assert heard + lost == 3001 * 320


def test_a_driver_that_hangs_does_not_hold_up_the_closing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_driver(
        tmp_path,
        monkeypatch,
        "import signal",
        "callback(bytes(4 * block_len), block_len, None, Status(False))",
    )
    with (tmp_path / "sounddevice.py").open("a") as file:
        file.write("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n")
    microphone = Microphone("fake")
    microphone.open()
    begin_s = time.monotonic()
    microphone.close()
    assert time.monotonic() - begin_s < 1.0
