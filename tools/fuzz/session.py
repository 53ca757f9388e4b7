"""Runs targets for so long, in processes of their own, and says what came of them."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tools.fuzz.by_coverage import FAULTS, FIGURES
from tools.fuzz.by_mutation import COUNT, LAST
from tools.fuzz.faults import Fault
from tools.fuzz.target import Target

_GRACE_S = 600.0
"""For a process to begin and to end, on a busy machine."""
_COUNT = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_PROGRESS = re.compile(r"^#(\d+)\s+(\w+)\s+cov: (\d+)", re.MULTILINE)
_MOST_CRASHES = 10


class Outcome(msgspec.Struct, frozen=True):
    """What came of one target."""

    target: str
    engine: str
    executions: int
    coverage: tuple[int, int] | None
    """Edges that the first inputs reach, and all; None: nobody counts."""
    faults: list[Fault]


def by_coverage(targets: Sequence[Target], seconds: int, most: int, folder: Path) -> list[Outcome]:
    """Try targets, `most` side by side, each for `seconds`; what breaks them is kept below `folder`."""
    if not targets:
        return []
    names = [target.name for target in targets]
    rounds = -(-len(names) // most)
    done = _process(
        "tools.fuzz.by_coverage", [str(seconds), str(most), str(folder), *names], seconds * rounds * 2.0
    )
    return [_outcome(name, folder / name, done.stderr) for name in names]


def _outcome(name: str, folder: Path, said: str) -> Outcome:
    figures = (folder / FIGURES).read_text("utf-8", "replace") if (folder / FIGURES).exists() else ""
    faults = _faults((folder / FAULTS).read_text("utf-8")) if (folder / FAULTS).exists() else []
    for path in sorted((*folder.glob("timeout-*"), *folder.glob("oom-*"), *folder.glob("crash-*"))):
        faults.append(Fault(name, path.name.partition("-")[0], "the process was ended", str(path)))
    progress = _PROGRESS.findall(figures)
    if not progress:
        faults.append(Fault(name, "it was not tried", (figures or said)[-600:], ""))
        return Outcome(name, "coverage", 0, None, faults)
    count = _COUNT.search(figures)
    begun = next((cov for _, what, cov in progress if what == "INITED"), progress[0][2])
    executions = int(count[1]) if count else int(progress[-1][0])
    return Outcome(name, "coverage", executions, (int(begun), int(progress[-1][2])), faults)


def by_mutation(target: Target, seconds: int, folder: Path) -> Outcome:
    """Try a target of machine code, again and again where it ends its process."""
    folder.mkdir(parents=True, exist_ok=True)
    faults: dict[str, Fault] = {}
    count = seed = 0
    stop_s = time.monotonic() + seconds
    while (left_s := stop_s - time.monotonic()) > 1.0 and seed < _MOST_CRASHES:
        arguments = [target.name, str(round(left_s)), str(folder), str(seed)]
        done = _process("tools.fuzz.by_mutation", arguments, left_s)
        count += int((folder / COUNT).read_text()) if (folder / COUNT).exists() else 0
        found = _faults(done.stdout)
        if done.returncode:
            kept = folder / f"ended-{seed}"
            kept.write_bytes((folder / LAST).read_bytes() if (folder / LAST).exists() else b"")
            says = " | ".join(done.stderr.strip().splitlines()[:3])[:300]
            found.append(Fault(target.name, f"exit code {done.returncode}", says, str(kept)))
        faults |= {one.place: one for one in found if one.place not in faults}
        seed += 1
    return Outcome(target.name, "mutation", count, None, list(faults.values()))


def _process(module: str, arguments: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    try:
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", check=False,
            timeout=seconds + _GRACE_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", "it did not end")


def _faults(text: str) -> list[Fault]:
    return [msgspec.json.decode(line, type=Fault) for line in text.splitlines() if line.startswith("{")]
