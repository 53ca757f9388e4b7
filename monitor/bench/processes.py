"""What a process and all that it started have used so far, as the kernel counts it. Linux only."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

_PROC = Path("/proc")


class Usage(msgspec.Struct, frozen=True):
    """What a process, all its threads and all below it have used since they began."""

    cpu_s: float
    """Seconds of processor time, user and system."""
    wakeups: int
    """Times one of their threads had waited for something and went on."""
    resident_mib: float
    """Memory that they hold now; what they share is counted for each."""

    def since(self, before: Usage) -> Usage:
        """Return what was used after `before`; memory is that of now."""
        return Usage(self.cpu_s - before.cpu_s, self.wakeups - before.wakeups, self.resident_mib)


def family(pid: int) -> list[int]:
    """Return a process and all its descendants; none where it has ended."""
    children: list[int] = []
    try:
        for task in (_PROC / str(pid) / "task").iterdir():  # a child belongs to the thread that started it
            children += map(int, (task / "children").read_text("ascii").split())
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(below for child in children for below in family(child))]


def usage(pids: Iterable[int]) -> Usage:
    """Return what these processes have used together; one that has ended counts as nothing."""
    each = [_usage(pid) for pid in pids]
    return Usage(
        sum(one.cpu_s for one in each),
        sum(one.wakeups for one in each),
        sum(one.resident_mib for one in each),
    )


def _usage(pid: int) -> Usage:
    own = _PROC / str(pid)
    cpu_ns = wakeups = pages = 0
    with contextlib.suppress(OSError):
        for thread in (own / "task").iterdir():
            cpu_ns += int(_read(thread / "schedstat", lambda text: text.split()[0]))
            wakeups += int(_read(thread / "status", _voluntary))
        pages = int((own / "statm").read_text().split()[1])
    return Usage(cpu_ns / 1e9, wakeups, pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


def _read(path: Path, part: Callable[[str], str]) -> str:
    """Return part of a file of a thread; 0 of one that has just ended."""
    try:
        return part(path.read_text())
    except OSError:
        return "0"


def _voluntary(status: str) -> str:
    return next(line.split()[1] for line in status.splitlines() if line.startswith("voluntary"))
