"""Several microphones: each is the one that was meant, none is heard twice, whatever the order of events."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from monitor.config.settings import CaptureConfig
from monitor.errors import SourceAbsent, SourceError
from monitor.sources.capture import Capture
from monitor.sources.devices import Device
from monitor.sources.microphone import Microphone
from monitor.sources.microphone_choice import choose_all
from tests.sources.drivers import stand_in
from tests.sources.fakes import RecordingRing

COUNT = 6
_EXCLUSIVE = """
import fcntl, pathlib, threading, time
class PortAudioError(Exception): pass
folder, held = pathlib.Path(__file__).parent, []
def grasp(number):
    file = (folder / f"card{number}").open("a")
    try: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError: return None
    return file
def free(number):
    file = grasp(number)
    if file is None: return False
    time.sleep(0.01)  # looking at a device opens it, as with ALSA
    file.close()
    return True
CARDS = [number for number in range(COUNT) if free(number)]
def info(index): return dict(name=f"Mic {CARDS[index]}", index=index, hostapi=0, max_input_channels=1,
                             default_samplerate=16000.0)
def query_hostapis(): return [dict(name="Fake")]
def query_devices(kind=None): return info(0) if kind else [info(index) for index in range(len(CARDS))]
class Status: input_overflow = False
class RawInputStream:
    def __init__(self, device, samplerate, channels, blocksize, callback, finished_callback, **_):
        self.samplerate, self.channels, self.card = samplerate, channels, CARDS[device]
        self.driver = blocksize, callback
    def start(self):
        file = grasp(self.card)
        if file is None: raise PortAudioError("Error opening RawInputStream: Device unavailable", -9985)
        held.append(file)
        threading.Thread(target=self.run, daemon=True).start()
    def run(self):
        block_len, callback = self.driver
        while True:
            callback(bytes(4 * block_len), block_len, None, Status())
            time.sleep(0.02)
"""
"""Devices that one program can have at a time and that vanish from the list of the others meanwhile."""


@pytest.fixture
def exclusive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, _EXCLUSIVE.replace("COUNT", str(COUNT), 1))


def opened_at_once(microphones: list[Microphone]) -> list[str]:
    """Open all side by side, as a run does; return what each of them is."""
    rings = [RecordingRing() for _ in microphones]
    captures = [
        Capture(one, ring, 16_000, CaptureConfig(require=True), wait=False)
        for one, ring in zip(microphones, rings, strict=True)
    ]
    errors: list[SourceError] = []

    def start(capture: Capture) -> None:
        try:
            capture.start()
        except SourceError as error:
            errors.append(error)

    threads = [threading.Thread(target=start, args=(capture,)) for capture in captures]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = [one.name for one in microphones]
    for capture in captures:
        capture.stop()
    assert errors == []
    return names


@pytest.mark.usefixtures("exclusive")
@pytest.mark.parametrize("specs", [range(COUNT), range(COUNT)[::-1]], ids=["forwards", "backwards"])
def test_exclusive_microphones_by_index_are_each_the_one_that_was_meant(specs: range) -> None:
    microphones = [Microphone(str(index)) for index in specs]
    choose_all(microphones)
    assert opened_at_once(microphones) == [f"Mic {index}" for index in specs]


def device(index: int, name: str) -> Device:
    return Device(index, f"alsa-{name}", name, "ALSA", 1, 48_000, is_default=index == 0)


TABLE = [device(0, "attic"), device(1, "cellar"), device(2, "kitchen")]


@pytest.mark.parametrize(
    "specs", [("0", "attic"), ("default", "0"), ("ATT", "alsa-attic"), ("cellar", "kit", "1")]
)
def test_one_microphone_under_two_names_is_refused_with_one_sentence(specs: tuple[str, ...]) -> None:
    with pytest.raises(SourceError, match=r"--mic \S+ and --mic \S+ are the same microphone"):
        choose_all([Microphone(spec) for spec in specs], lambda: TABLE)


def test_the_devices_are_listed_once_for_all_and_not_at_all_for_one() -> None:
    calls = []

    def listed() -> list[Device]:
        calls.append(1)
        return TABLE

    choose_all([Microphone("0")], listed)
    microphones = [Microphone("0"), Microphone("CELL"), Microphone("loft")]
    choose_all(microphones, listed)
    assert len(calls) == 1
    assert [(one.id, one.name) for one in microphones] == [
        ("alsa-attic", "attic"),
        ("alsa-cellar", "cellar"),
        ("loft", "loft"),
    ]


def test_a_name_that_means_several_is_refused() -> None:
    with pytest.raises(SourceError, match="more than one"):
        choose_all([Microphone("t"), Microphone("cellar")], lambda: TABLE)


@pytest.mark.usefixtures("exclusive")
def test_a_microphone_that_appears_later_is_never_one_that_is_heard_already() -> None:
    first, second = Microphone("Mic 0"), Microphone("Mic")
    heard: set[str] = set()
    first.choose(None, heard)
    first.open()
    second.choose(None, {*heard, *(f"fake-mic-{number}" for number in range(COUNT))})
    second.spec = "Mic 1"
    with pytest.raises(SourceAbsent, match="'Mic 1' means Mic 1, which is listened to already"):
        second.open()
    assert heard == {"fake-mic-0"}
    first.close()


def test_a_driver_that_hangs_while_the_devices_are_listed_leaves_all_to_be_waited_for() -> None:
    def hangs() -> list[Device]:
        raise SourceAbsent("the driver hangs")

    microphones = [Microphone("0"), Microphone("1")]
    choose_all(microphones, hangs)
    assert [one.id for one in microphones] == ["0", "1"]
