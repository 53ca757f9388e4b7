"""What a GPU makes of CLAP's audio tower: the one script behind the GPU figures of docs/clap.

    python -m tools.benchmark.gpu_figures --out docs/clap
    python -m tools.benchmark.gpu_figures --checkpoint 630k-audioset-best.pt --out docs/clap
    python -m tools.benchmark.gpu_figures --provider cpu --batches 1,2 --seconds 1  # to try the script itself

Needs onnxruntime-gpu in place of onnxruntime, and the extra `export` with a torch that knows CUDA:

    pip install -e '.[export]' && pip uninstall -y onnxruntime && pip install 'onnxruntime-gpu[cuda,cudnn]'

Each way takes sound in the computer's memory and gives embeddings there, so copies to the device and back are
part of every figure. ONNX Runtime runs as `monitor` runs it, input and output bound to the device's memory;
torch runs the same tower, its front end in float32. Without a checkpoint the weights are random: times are
those of the real ones. Microphones are counted at one window a second and four fifths of the full speed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tools.benchmark.clap_sounds import make_sounds
from tools.benchmark.gpu_ways import Embed, Floats, open_ways

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LOAD = 0.8
"""Part of the full speed at which microphones are counted."""
_WARM_UP = 3
"""Calls that choose algorithms and fill caches, not timed."""
_LEAST_CALLS = 5
_NO_CUDA = 2
"""Exit status."""
_LIBRARIES = ("onnxruntime-gpu", "onnxruntime", "torch", "transformers")
_SMI = ("nvidia-smi", "--query-gpu=name,driver_version,memory.total,power.limit", "--format=csv,noheader")


@dataclass(frozen=True)
class Line:
    """One way at one batch size."""

    way: str
    batch: int
    median_ms: float
    """Of a batch."""
    slow_ms: float
    """The 95th percentile."""
    windows_per_s: float
    cosine: float
    """Least cosine to ONNX Runtime in float32 on this computer's CPU."""


@dataclass(frozen=True)
class Report:
    """Where it was measured, how, and what came out."""

    device: str
    """Name, driver, memory and power limit."""
    versions: dict[str, str]
    command: str
    weights: str
    lines: list[Line]
    failures: list[str]
    """Ways that ended early, and why."""


def measure(way: str, embed: Embed, sounds: Floats, seconds: float, wanted: Floats) -> Line:
    """Time one batch again and again for so many seconds."""
    found = embed(sounds)
    for _ in range(_WARM_UP - 1):
        embed(sounds)
    laps: list[float] = []
    while len(laps) < _LEAST_CALLS or sum(laps) < seconds:
        started = time.perf_counter()
        embed(sounds)
        laps.append(time.perf_counter() - started)
    median_s, slow_s = np.percentile(laps, [50, 95])
    return Line(
        way,
        len(sounds),
        float(median_s * 1e3),
        float(slow_s * 1e3),
        float(len(sounds) / median_s),
        least_cosine(found, np.resize(wanted, found.shape)),
    )


def least_cosine(found: Floats, wanted: Floats) -> float:
    """Return the least cosine of two sets of embeddings, (n, dim)."""
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(wanted, axis=1)
    return float(np.min(np.sum(found * wanted, axis=1) / lengths))


def measure_all(
    ways: Iterable[tuple[str, Callable[[], Embed]]],
    batches: Iterable[int],
    seconds: float,
    sounds: Floats,
    wanted: Floats,
) -> tuple[list[Line], list[str]]:
    """Measure every way at every batch size; a way that fails is left at that size, with a note."""
    from tqdm import tqdm

    lines, failures = [], []
    cases = [(name, opened) for name, opened in ways]
    with tqdm(total=len(cases) * len(tuple(batches)), desc="batches", unit="batch") as bar:
        for name, opened in cases:
            batch = 0
            try:
                embed = opened()
                for batch in batches:
                    given = np.resize(sounds, (batch, *sounds.shape[1:]))
                    lines.append(measure(name, embed, given, seconds, wanted))
                    bar.update()
            except Exception as error:  # noqa: BLE001 - each runtime raises types of its own when memory ends
                reason = (str(error) or type(error).__name__).splitlines()[0]
                failures.append(f"{name}, batch {batch or 'not reached'}: {reason}")
    return lines, failures


def best(lines: Iterable[Line]) -> dict[str, Line]:
    """Return the fastest line of each way."""
    found: dict[str, Line] = {}
    for line in lines:
        if line.way not in found or line.windows_per_s > found[line.way].windows_per_s:
            found[line.way] = line
    return found


def microphones(line: Line) -> int:
    """Say how many microphones at one window a second a way can serve."""
    return int(line.windows_per_s * LOAD)


def as_markdown(report: Report) -> str:
    """Draw the report."""
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    rows = ["| way | batch | ms a batch, median (95th percentile) | windows a second | least cosine |"]
    rows += ["|---|---|---|---|---|"]
    rows += [
        f"| {line.way} | {line.batch} | {line.median_ms:.2f} ({line.slow_ms:.2f}) | {line.windows_per_s:.1f} "
        f"| {line.cosine:.5f} |"
        for line in report.lines
    ]
    summary = [f"| way | most windows a second | microphones at one a second, {LOAD:.0%} load |"]
    summary += ["|---|---|---|"]
    summary += [
        f"| {way} | {line.windows_per_s:.1f} (batch {line.batch}) | {microphones(line)} |"
        for way, line in best(report.lines).items()
    ]
    parts = [
        "# CLAP on a GPU",
        f"{report.device}; {versions}. Weights: {report.weights}.",
        "Windows of 10 s, sound in, embedding out, with copies; cosine to ONNX Runtime, float32, on the CPU.",
        f"    {report.command}",
        "\n".join(summary),
        "\n".join(rows),
        *(f"Not measured: {failure}" for failure in report.failures),
    ]
    return "\n\n".join(parts) + "\n"


def missing_cuda() -> str:
    """Say in one sentence why no CUDA can be used; empty where it can."""
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed, so no GPU can be measured; run pip install 'sound-monitor[export]'."
    import torch

    from monitor.encoders.runtime import onnxruntime

    if not torch.cuda.is_available():
        return (
            "torch finds no CUDA device here; run this where there is an NVIDIA GPU, or with --provider cpu."
        )
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return (
            "The installed onnxruntime knows no CUDA; run pip uninstall -y onnxruntime and then "
            "pip install 'onnxruntime-gpu[cuda,cudnn]'."
        )
    return ""


def describe_device(provider: str) -> str:
    """Name the device, with what the driver says of it."""
    if provider == "cpu":
        return f"No GPU: {platform.processor() or platform.machine()}"
    done = subprocess.run(_SMI, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done.stdout.strip().splitlines()[0]
    import torch

    return str(torch.cuda.get_device_name(0))


def describe_versions() -> dict[str, str]:
    """Name the libraries and what they are of."""
    found = {"Python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    if importlib.util.find_spec("torch") is not None:
        import torch

        found |= {"CUDA": torch.version.cuda} if torch.version.cuda else {}
    return found


def main() -> int:
    """Measure, print, and write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--checkpoint", type=Path, help="as for `monitor models export`; random weights without"
    )
    parser.add_argument("--provider", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--batches", default=",".join(map(str, BATCHES)))
    parser.add_argument("--seconds", type=float, default=3.0, help="at each batch size")
    parser.add_argument("--out", type=Path, help="write gpu.md and gpu.json here")
    args = parser.parse_args()
    if args.provider == "cuda" and (reason := missing_cuda()):
        print(reason, file=sys.stderr)
        return _NO_CUDA
    batches = [int(size) for size in args.batches.split(",")]
    sounds = make_sounds(min(24, max(batches)))
    with tempfile.TemporaryDirectory() as name:
        ways = open_ways(args.checkpoint, Path(name), args.provider)
        reference = ways.pop("reference")()
        wanted = np.concatenate([reference(sound[None]) for sound in sounds])
        lines, failures = measure_all(ways.items(), batches, args.seconds, sounds, wanted)
    report = Report(
        describe_device(args.provider),
        describe_versions(),
        "python -m tools.benchmark.gpu_figures " + " ".join(sys.argv[1:]),
        args.checkpoint.name if args.checkpoint else "random, HTSAT-tiny unfused",
        lines,
        failures,
    )
    print(as_markdown(report))
    if args.out:
        (args.out / "gpu.md").write_text(as_markdown(report))
        (args.out / "gpu.json").write_text(json.dumps(asdict(report), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
