"""What `benchmark_clap.py` measures: records that are kept as JSON, and their tables as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tools.benchmark.benchmark import Timing, summarise
from tools.benchmark.clap_variants import LABELS, LAION, TEXT_LABELS, TRANSFORMERS

_ALL_LABELS = LABELS | {
    "text": "text tower, float32",
    "text-int8": "text tower, int8",
    f"{LAION} text": "laion-clap's text tower",
}
_PLAIN = str.maketrans("", "", "*")


@dataclass(frozen=True)
class Times:
    """Durations of one variant, one for each round."""

    name: str
    threads: int
    batch: int
    """Windows or texts of one call."""
    clock_ms: list[float]
    """Of the call, on the clock."""
    cpu_ms: list[float]
    """Processor time of all threads."""
    front_ms: list[float]
    """Processor time of the front end alone; empty where it was not measured."""


@dataclass(frozen=True)
class Pace:
    """One window a second, as in life."""

    name: str
    threads: int
    """0: as many as ONNX Runtime likes."""
    spinning: bool
    """Whether threads wait awake; of torch, what its runtime does."""
    median_ms: float
    slow_ms: float
    """The 95th percentile."""
    share: float
    """Processor seconds per second."""


@dataclass(frozen=True)
class Memory:
    """A process of its own that loads some towers and uses each once."""

    names: list[str]
    peak_mb: float
    resident_mb: float
    """At the end."""
    start_s: float
    """Processor seconds from the start of the process to the end of the first use."""


@dataclass(frozen=True)
class Agreement:
    """How alike two variants embed the same inputs."""

    name: str
    against: str
    inputs: int
    mean: float
    """Cosine."""
    least: float
    least_centred: float
    """Least cosine after the mean of the reference is taken from both: what tells inputs apart."""


@dataclass(frozen=True)
class Machine:
    """Where it was measured."""

    processor: str
    cores: int
    versions: dict[str, str]
    weights: str
    """Which weights."""


@dataclass(frozen=True)
class Figures:
    """All of it."""

    machine: Machine
    windows: list[Times]
    batches: list[Times]
    texts: list[Times]
    paces: list[Pace]
    memories: list[Memory]
    agreements: list[Agreement]


def draw(figures: Figures) -> str:
    """Draw everything that was measured."""
    parts = [
        _machine(figures.machine),
        *_windows(figures.windows),
        *_batches(figures.batches),
        *_texts(figures.texts),
        *_paces(figures.paces),
        *_memories(figures.memories),
        *_agreements(figures.agreements),
    ]
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Draw one table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def faster(timing: Timing) -> str:
    """Say how many times as fast as the first of a comparison something is, with its interval."""
    return f"{1 / timing.ratio:.2f} [{1 / timing.ratio_high:.2f}, {1 / timing.ratio_low:.2f}]"


def against(reference: Times, found: Times) -> Timing:
    """Compare two ways; the ratio is to the reference.

    One thread is measured by processor time, so that what else the machine does counts little; several
    threads by the clock, since what they gain is not to be seen otherwise.
    """
    return summarise(np.array([times_that_count(reference), times_that_count(found)]).T)[1]


def times_that_count(times: Times) -> list[float]:
    """Return the durations that count, ms."""
    return times.cpu_ms if times.threads == 1 else times.clock_ms


def _machine(machine: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return (
        f"Measured by `tools/benchmark/benchmark_clap.py` on {machine.cores} cores of "
        f"{machine.processor}; {versions}. "
        f"Weights: {machine.weights}. What shares a table took turns, in one process per number of threads; "
        "times are medians [quartiles]; speeds, batches and prompts go by processor time on one thread, by "
        "the clock on several; intervals are 95 % bootstraps over rounds."
    )


def _windows(times: Sequence[Times]) -> list[str]:
    parts = []
    for threads in sorted({time.threads for time in times}):
        of = {time.name: time for time in times if time.threads == threads}
        rows = [_window_row(of[name], of) for name in LABELS if name in of]
        head = (
            "one window, from sound to embedding",
            "ms",
            "processor ms",
            "of them front end",
            "times as fast as transformers [95 %]",
            "as laion-clap [95 %]",
        )
        rounds = len(next(iter(of.values())).clock_ms)
        parts += [f"## One window, {_threads(threads)} ({rounds} rounds)", table(head, rows)]
    return parts


def _window_row(found: Times, of: dict[str, Times]) -> list[str]:
    low, median, high = np.percentile(found.clock_ms, [25, 50, 75])
    return [
        LABELS[found.name],
        f"{median:.0f} [{low:.0f}, {high:.0f}]",
        f"{np.median(found.cpu_ms):.0f}",
        f"{np.median(found.front_ms):.1f}",
        *(faster(against(of[name], found)) if name in of else "" for name in (TRANSFORMERS, LAION)),
    ]


def _batches(times: Sequence[Times]) -> list[str]:
    if not times:
        return []
    sizes = sorted({time.batch for time in times})
    rows = []
    for threads in sorted({time.threads for time in times}):
        for name in LABELS:
            of = {time.batch: time for time in times if (time.name, time.threads) == (name, threads)}
            if of:
                each = [f"{np.median(times_that_count(of[size])) / size:.0f}" for size in sizes]
                rows.append([LABELS[name], str(threads), *each])
    head = ("ms per window", "threads", *(f"batch of {size}" for size in sizes))
    return ["## Several windows at once", table(head, rows)]


def _texts(times: Sequence[Times]) -> list[str]:
    if not times:
        return []
    rows = []
    for threads in sorted({time.threads for time in times}):
        of = {(time.name, time.batch): time for time in times if time.threads == threads}
        for name, label in TEXT_LABELS.items():
            row = [label, str(threads)]
            for count in sorted({batch for _, batch in of}):
                row.append(f"{np.median(times_that_count(of[name, count])) / count:.1f}")
                row.append(faster(against(of[TRANSFORMERS, count], of[name, count])))
            rows.append(row)
    counts = sorted({time.batch for time in times})
    pairs = [(f"ms a prompt, {count} at once", "times as fast as transformers") for count in counts]
    return [
        "## A prompt of 12 tokens",
        table(("", "threads", *(cell for pair in pairs for cell in pair)), rows),
    ]


def _paces(paces: Sequence[Pace]) -> list[str]:
    if not paces:
        return []
    rows = [
        [
            LABELS[pace.name],
            str(pace.threads) if pace.threads else "runtime's own",
            "its own" if pace.name in {TRANSFORMERS, LAION} else "yes" if pace.spinning else "no",
            f"{pace.median_ms:.0f} ({pace.slow_ms:.0f})",
            f"{100 * pace.share:.0f}",
        ]
        for pace in paces
    ]
    head = ("one window a second", "threads", "spinning", "ms, median (95th percentile)", "% of one core")
    return ["## Threads and spinning", table(head, rows)]


def _memories(memories: Sequence[Memory]) -> list[str]:
    if not memories:
        return []
    rows = [
        [
            " and ".join(_label(name) for name in memory.names) or "NumPy and ONNX Runtime, nothing loaded",
            f"{memory.peak_mb:.0f}",
            f"{memory.resident_mb:.0f}",
            f"{memory.start_s:.1f}",
        ]
        for memory in memories
    ]
    head = ("a process that embeds one window", "MB at its peak", "MB resident afterwards", "processor s")
    return ["## Memory and start", table(head, rows)]


def _agreements(agreements: Sequence[Agreement]) -> list[str]:
    if not agreements:
        return []
    rows = [
        [
            _label(row.name),
            _label(row.against),
            str(row.inputs),
            f"{row.mean:.6f}",
            f"{row.least:.6f}",
            f"{row.least_centred:.4f}",
        ]
        for row in agreements
    ]
    head = ("", "against", "inputs", "cosine, mean", "least", "least, the mean embedding taken off")
    return ["## Agreement", table(head, rows)]


def _label(name: str) -> str:
    return _ALL_LABELS[name].translate(_PLAIN)


def _threads(count: int) -> str:
    return "one thread" if count == 1 else f"{count} threads"
