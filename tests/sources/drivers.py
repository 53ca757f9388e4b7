"""An open microphone, and stand-ins for sounddevice that a real capture process imports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.records import Block
from monitor.sources.microphone import Microphone


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


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let the capture process import this instead of sounddevice."""
    (folder / "sounddevice.py").write_text(code, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))


_FAKE_DRIVER = """
import threading, time
class PortAudioError(Exception): pass
INFO = dict(name="Fake Mic", index=0, hostapi=0, max_input_channels=1, default_samplerate=16000.0)
def query_hostapis(): return [dict(name="Fake")]
def query_devices(kind=None): return INFO if kind else [INFO]
class Status:
    def __init__(self, flag): self.input_overflow = flag
class RawInputStream:
    def __init__(self, samplerate, channels, blocksize, callback, finished_callback, **_):
        self.samplerate, self.channels = samplerate, channels
        self._driver = blocksize, callback, finished_callback
    def start(self): threading.Thread(target=self._run, daemon=True).start()
    def _run(self):
        block_len, callback, finished = self._driver
{body}
"""


def fake_driver(folder: Path, monkeypatch: pytest.MonkeyPatch, *body: str) -> None:
    """Let the capture process hear one 16 kHz mono microphone whose driver runs these lines of code.

    They may use ``callback(data, block_len, time, Status(overflow))``, ``finished()`` and `block_len`.
    """
    lines = "\n".join(f"        {line}" for line in body)
    stand_in(folder, monkeypatch, _FAKE_DRIVER.replace("{body}", lines))
