"""What a process and all it started take of the machine, from /proc; and what lies in a folder."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from monitor.bench.processes import family


class Taken(msgspec.Struct, frozen=True):
    """What a family of processes takes at one moment."""

    processes: int
    resident_mib: float
    """Of all together; what they share counts for each."""
    monitor_mib: float
    """Of the first alone."""
    descriptors: int
    threads: int
    cpu_s: float
    """User and system time so far, of those that live."""


def cpu_s(pid: int) -> float:
    """Return user and system time of a process so far, all its threads, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process, MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def taken(pid: int) -> Taken:
    """Return what a process and its descendants take now; those that end meanwhile are left out."""
    found = [one for member in family(pid) if (one := _alone(member)) is not None]
    return Taken(
        processes=len(found),
        resident_mib=round(sum(one.resident_mib for one in found), 2),
        monitor_mib=found[0].monitor_mib if found else 0.0,
        descriptors=sum(one.descriptors for one in found),
        threads=sum(one.threads for one in found),
        cpu_s=round(sum(one.cpu_s for one in found), 2),
    )


def _alone(pid: int) -> Taken | None:
    """Return what one process takes; None where it has ended."""
    try:
        memory = round(resident_mib(pid), 2)
        descriptors, threads = (len(list(Path(f"/proc/{pid}/{kind}").iterdir())) for kind in ("fd", "task"))
        return Taken(1, memory, memory, descriptors, threads, cpu_s(pid))
    except (FileNotFoundError, ProcessLookupError):
        return None


def bytes_below(folder: Path) -> dict[str, int]:
    """Return the size of each regular file below `folder`, by its path from there."""
    sizes = {}
    for path in sorted(folder.rglob("*")):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and not path.is_symlink():
                sizes[str(path.relative_to(folder))] = path.stat().st_size
    return sizes
