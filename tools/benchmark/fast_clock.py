"""A faster clock for a program and all it starts: an hour of its time passes in minutes.

The program is as it ships; what tells it the time is `fast_clock.c`, built with the C compiler at hand and
loaded before the C library. Waits are shortened alike, so that every timer of the program comes when it is
due. The speed may be changed while it runs: time goes on from where it is, and never backwards.
"""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
import time
from pathlib import Path

_SOURCE = Path(__file__).with_name("fast_clock.c")
_FORM = struct.Struct("qqqd")
"""True and shown nanoseconds when this speed began, how far the wall clock is ahead, and the speed."""
_LENGTH = 8 + _FORM.size


def missing() -> str:
    """Return why there can be no faster clock here, or an empty string."""
    if not Path("/proc/self").exists():
        return "a faster clock needs Linux"
    return "" if shutil.which("cc") else "a faster clock needs a C compiler (package gcc)"


class FastClock:
    """The time as it is shown to a program."""

    def __init__(self, folder: Path, speed: float) -> None:
        """Begin at the true time, `speed` times as fast; keep two files in `folder`."""
        library, state = folder / "fast_clock.so", folder / "fast_clock"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(_SOURCE)], check=True)
        state.write_bytes(bytes(_LENGTH))
        with state.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _LENGTH)
        self._written = 0
        self._wall_ns = time.time_ns() - time.monotonic_ns()
        self.speed, self._begun = 1.0, (0, 0)
        self.run_at(speed)
        self.environment = {
            **os.environ,
            "LD_PRELOAD": str(library),
            "MONITOR_FAST_CLOCK": str(state),
        }
        """What a process needs to live by this clock."""

    def shown_ns(self, true_ns: int) -> int:
        """Return what the steady clock shows at a true moment of it."""
        return self._begun[1] + round((true_ns - self._begun[0]) * self.speed)

    def run_at(self, speed: float) -> None:
        """Run `speed` times as fast from now on."""
        self._mark()  # whoever reads the clock now waits until all is written
        now_ns = time.monotonic_ns()
        self._begun, self.speed = (now_ns, self.shown_ns(now_ns)), speed
        _FORM.pack_into(self._shared, 8, *self._begun, self._wall_ns, speed)
        self._mark()

    def _mark(self) -> None:
        self._written += 1
        self._shared[:8] = self._written.to_bytes(8, "little")
