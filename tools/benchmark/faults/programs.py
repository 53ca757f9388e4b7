"""Programs that stand in for a part of the monitor or of the machine, and do what a file says."""

from __future__ import annotations

from pathlib import Path

import msgspec

DRIVER = """
import array, math, os, random, threading, time
class PortAudioError(Exception): pass
INFO = dict(name="Fake Mic", index=0, hostapi=0, max_input_channels=1, default_samplerate=16000.0)
def query_hostapis(): return [dict(name="Fake")]
def query_devices(kind=None): return INFO if kind else [INFO]
class Status:
    def __init__(self, flag): self.input_overflow = flag
def mode():
    with open(os.environ["FAULT_FILE"]) as file: return file.read().strip() or "well"
class RawInputStream:
    def __init__(self, samplerate, channels, blocksize, callback, finished_callback, **_):
        self.samplerate, self.channels = samplerate, channels
        self._driver = blocksize, callback, finished_callback
    def start(self): threading.Thread(target=self._run, daemon=True).start()
    def _run(self):
        block_len, callback, finished = self._driver
        chance, due_s = random.Random(0), time.monotonic()
        while True:
            now = mode()
            gain, pace, ppm = 0.03, 1.0, now.partition("ppm ")[2]
            if now == "silent": gain = 0.0
            if now == "clips": gain = 30.0
            if now == "slow clock": pace = 0.919
            if ppm: pace = 1.0 + float(ppm) * 1e-6
            due_s += block_len / self.samplerate / pace
            time.sleep(max(0.0, due_s - time.monotonic()))
            if now == "stalls": continue
            if now == "gone": return finished()
            noise = array.array("f", (max(-1.0, min(1.0, chance.gauss(0.0, gain))) for _ in range(block_len)))
            if now == "nan": noise[0] = math.nan
            callback(noise.tobytes(), block_len, None, Status(now == "overflows"))
"""
"""A module to be imported in place of sounddevice: one microphone of 16 kHz that hears noise."""

ENCODER = """
import os, sys, time
import numpy as np
from monitor.encoders.stored_encoder import StoredEncoder
real = StoredEncoder.embed_windows
def embed(self, windows):
    with open(os.environ["FAULT_FILE"]) as file: fault = file.read().strip()
    if fault == "slow": time.sleep(1.5)
    if fault == "fails": raise RuntimeError("out of memory")
    if fault == "no numbers": return np.full((len(windows), self.dim), np.nan, np.float32)
    while fault == "hangs":
        time.sleep(0.1)
        with open(os.environ["FAULT_FILE"]) as file: fault = file.read().strip()
    return real(self, windows)
StoredEncoder.embed_windows = embed
from monitor.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
"""The monitor with an encoder that goes wrong."""

CLOCK = """
import os, sys
from datetime import timedelta
import monitor.assemble.running
from monitor.pipeline.reporter import Clock
true = monitor.assemble.running.SYSTEM_CLOCK
def offset_s(which):
    with open(os.environ["FAULT_FILE"]) as file: said = file.read().split()
    return float(said[1]) if said and which in said[0] else 0.0
monitor.assemble.running.SYSTEM_CLOCK = Clock(
    monotonic=true.monotonic,
    utc=lambda: true.utc() + timedelta(seconds=offset_s("utc")),
    suspended=lambda: true.suspended() + offset_s("slept"),
)
from monitor.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
"""The monitor on a computer whose clock is set, or that has slept: the file says ``utc -3600``."""


class Switch(msgspec.Struct, frozen=True):
    """The file that says what goes wrong."""

    path: Path

    def set(self, fault: str) -> None:
        """Let it go wrong in this way from now on; empty: all is well. Never half written."""
        beside = self.path.with_suffix(".new")
        beside.write_text(fault)
        beside.replace(self.path)
