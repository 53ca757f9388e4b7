"""What `benchmark_clap.py` measures, as records that are kept as JSON."""

from __future__ import annotations

from dataclasses import dataclass


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
class Hop:
    """A log-mel spectrogram brought up to date, beside one drawn again, in NumPy: processor time."""

    hop_s: float
    update_ms: float
    whole_ms: float
    largest_db: float
    """Largest difference between the two."""


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
    hops: list[Hop]
    agreements: list[Agreement]
