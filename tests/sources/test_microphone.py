from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.config.settings import CaptureConfig
from monitor.errors import SourceError, SourceLost
from monitor.sources.capture import Capture
from monitor.sources.microphone import Microphone, list_devices
from tests.sources.drivers import fake_driver, first_block, opened
from tests.sources.fakes import RecordingRing, noise
from tests.vmic import SAMPLE_RATE, VirtualMicrophones


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


@pytest.mark.usefixtures("two_vmics")
def test_microphones_are_listed_and_chosen_by_index_name_and_id() -> None:
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
    with pytest.raises(SourceError, match=r"kitchen_left.*no such microphone at present; plug it in"):
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
    assert position / 16_000 == pytest.approx(now_s - ring.captured_s[0], abs=0.25)


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


@pytest.mark.usefixtures("vmic")
def test_a_parent_that_stalls_finds_its_sound_waiting() -> None:
    with opened("attic") as microphone:
        first = first_block(microphone)
        time.sleep(1.5)  # the stall itself: longer than `lost_after_s`
        count = 0
        while (block := microphone.read(0.0)) is not None:
            assert block.lost_len == 0
            count += len(block.samples)
            last_s = block.captured_s
    assert count == pytest.approx((last_s - first.captured_s) * SAMPLE_RATE, abs=0.1 * SAMPLE_RATE)


@pytest.mark.usefixtures("vmic")
def test_closing_ends_the_process_and_may_be_done_twice() -> None:
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


def test_a_capture_process_that_cannot_be_started_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(SourceError, match=r"cannot be started: No such file"):
        Microphone("attic").open()


def warnings_of(microphone: Microphone, seconds: float) -> list[str]:
    """What is said with the blocks of so many seconds."""
    deadline_s = time.monotonic() + seconds
    said = []
    while time.monotonic() < deadline_s:
        block = microphone.read(0.5)
        if block is not None and block.warning:
            said.append(block.warning)
    return said


@pytest.mark.parametrize(("pace", "told"), [(0.919, True), (2.0, True), (1.0005, False)])
def test_a_driver_that_delivers_another_rate_than_it_claims_is_told_within_five_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pace: float, told: bool
) -> None:
    fake_driver(
        tmp_path,
        monkeypatch,
        "begin_s = time.monotonic()",
        "for number in range(1_000_000):",
        f"    time.sleep(max(0.0, begin_s + number * block_len / 16_000 / {pace} - time.monotonic()))",
        "    callback(bytes(4 * block_len), block_len, None, Status(False))",
    )
    with opened("fake") as microphone:
        said = warnings_of(microphone, 5.0)
    assert any(f"{pace:.2f} times" in one for one in said) == told
