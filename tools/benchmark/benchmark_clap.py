"""Time exported CLAP beside transformers and laion-clap: the same weights, the same sounds, one run.

    python -m tools.benchmark.benchmark_clap --folder DIR
    python -m tools.benchmark.benchmark_clap --folder DIR --checkpoint 630k-audioset-best.pt --out docs/clap
    python -m tools.benchmark.benchmark_clap --folder DIR --parts windows,texts --rounds 5 --again

Needs the extra `export` and laion-clap 1.1.7 in one virtual environment (Python 3.11 or 3.12;
`laion_model.py` says what that takes):

    pip install -e '.[export]' laion-clap==1.1.7 pillow tqdm 'numpy<2'

Without a checkpoint the weights are random and kept in DIR with every graph made of them. Each part runs in a
process of its own, with as many threads for everything in it; what was measured stays in DIR, so that a run
that was broken off goes on where it was.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tools.benchmark.clap_files import prepare
from tools.benchmark.clap_report import Figures, Machine, draw
from tools.benchmark.clap_variants import LAION, TRANSFORMERS

THREADS = (1, 2)
LIBRARIES = ("torch", "transformers", "laion-clap", "onnxruntime", "numpy")
PARTS = {
    "agreement": "agreements",
    "windows": "windows",
    "batches": "batches",
    "texts": "texts",
    "paced": "paces",
    "memory": "memories",
}
"""What can be measured, and the field of `Figures` it goes to."""
_PACED = ("fp32", "int8", "one")
_SETTINGS = ((1, False), (2, False), (2, True), (0, True))
"""Threads and spinning; 0 threads: ONNX Runtime's own default."""
_MEMORY = (
    (),
    ("fp32",),
    ("fp32", "text"),
    ("int8",),
    ("int8", "text-int8"),
    ("one",),
    ("public",),
    (TRANSFORMERS,),
    (LAION,),
)


@dataclass(frozen=True)
class Step:
    """One process that measures."""

    part: str
    threads: int
    rounds: int
    names: tuple[str, ...] = ()
    spinning: bool = False

    @property
    def file(self) -> str:
        """Name of the file with its records."""
        awake = "-spinning" if self.spinning else ""
        return "-".join((self.part, str(self.threads), *self.names)) + f"{awake}.json"


def plan(rounds: int) -> Iterator[Step]:
    """List all measurements; the slow ones have fewer rounds."""
    yield Step("agreement", 1, 1)
    for threads in THREADS:
        yield Step("windows", threads, rounds)
        yield Step("texts", threads, max(1, rounds // 4))
        yield Step("batches", threads, max(1, rounds // 10))
    for name in _PACED:
        for threads, spinning in _SETTINGS:
            yield Step("paced", threads, max(2, rounds // 3), (name,), spinning)
    for threads in THREADS:
        yield Step("paced", threads, max(2, rounds // 3), (TRANSFORMERS,))
    for names in _MEMORY:
        yield Step("memory", 1, 1, names)


def measure(step: Step, folder: Path, weights: Path, target: Path) -> None:
    """Run one measurement in a process of its own."""
    threads = str(step.threads or os.cpu_count())
    pools = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TRANSFORMERS_VERBOSITY": "error"}
    environment = os.environ | dict.fromkeys(pools, threads) | quiet
    partial = target.with_suffix(".partial")
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "tools.benchmark.clap_measures",
        step.part,
        "--folder",
        str(folder),
    ]
    command += ["--weights", str(weights), "--to", str(partial), "--names", ",".join(step.names)]
    command += ["--threads", str(step.threads), "--rounds", str(step.rounds)]
    command += ["--spinning"] if step.spinning else []
    subprocess.run(command, env=environment, check=True)
    partial.replace(target)


def describe_machine(weights: str) -> Machine:
    """Say where this runs."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    processor = models[0] if models else platform.processor() or platform.machine()
    return Machine(processor, os.cpu_count() or 1, versions, weights)


def collect(folder: Path, machine: Machine, rounds: int) -> Figures:
    """Read all records that are there."""
    found: dict[str, list[object]] = {field: [] for field in PARTS.values()}
    for step in plan(rounds):
        path = folder / step.file
        if path.exists():
            found[PARTS[step.part]] += json.loads(path.read_text())
    return msgspec.convert({"machine": msgspec.to_builtins(machine)} | found, Figures)


def main() -> None:
    """Measure what is missing, then write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True, help="where graphs and records are kept")
    parser.add_argument("--checkpoint", type=Path, help="laion-clap's, HTSAT-tiny and unfused")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--parts", default=",".join(PARTS), help="which to measure: %(default)s")
    parser.add_argument("--again", action="store_true", help="measure also what is there")
    parser.add_argument("--out", type=Path, help="write benchmark.md and benchmark.json here")
    args = parser.parse_args()
    unknown = set(args.parts.split(",")) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; valid: {', '.join(PARTS)}")
    weights = prepare(args.folder, args.checkpoint)
    records = args.folder / "records"
    records.mkdir(exist_ok=True)
    for step in plan(args.rounds):
        if step.part in args.parts.split(",") and (args.again or not (records / step.file).exists()):
            print(step.file.removesuffix(".json"), file=sys.stderr)
            measure(step, args.folder, weights, records / step.file)
    kind = args.checkpoint.name if args.checkpoint else "random, HTSAT-tiny and RoBERTa as published"
    figures = collect(records, describe_machine(kind), args.rounds)
    if args.out:
        (args.out / "benchmark.json").write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=1))
    text = draw(figures)
    print(text)
    if args.out:
        (args.out / "benchmark.md").write_text(f"# CLAP on a CPU\n\n{text}")


if __name__ == "__main__":
    main()
