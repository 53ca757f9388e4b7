"""One measurement of `benchmark_clap.py`, in a process of its own so that threads and memory are its own.

    python -m tools.benchmark.clap_measures PART --folder DIR --weights FILE --threads N --rounds N --to FILE

Ways that are compared take turns, in a new order each round; of two calls in a row the second is timed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.benchmark.clap_report import Agreement, Memory, Pace, Times
from tools.benchmark.clap_sounds import make_sounds
from tools.benchmark.clap_variants import (
    HEARD_LEN,
    LABELS,
    LAION,
    TEXT_LABELS,
    TRANSFORMERS,
    heard_len,
    open_audio,
    open_text,
)

Floats = NDArray[np.float32]
Call = Callable[[], object]

BATCHES = (1, 2, 4, 8)
BATCHED = (LAION, TRANSFORMERS, "fp32", "int8")
TOKENS = 12
"""Of one prompt, such as "the sound of a smoke detector beeping"."""
PROMPTS = (1, 16)
_SOUNDS = 24
_LEAST_COSINE = 0.9999
_EQUAL = (LAION, f"{LAION} text", "public", "fp32", "text")
"""What must give the embeddings that transformers gives."""


@dataclass(frozen=True)
class Job:
    """What a part is told."""

    folder: Path
    weights: Path
    threads: int
    rounds: int
    names: tuple[str, ...]
    """Variants to take; a part that compares all of them ignores this."""
    spinning: bool


def windows(job: Job) -> list[Times]:
    """Time one window of every audio variant, and its front end."""
    return _time_batches(job, tuple(LABELS), (1,), fronts=True)


def batches(job: Job) -> list[Times]:
    """Time some variants with several windows at once."""
    return _time_batches(job, BATCHED, BATCHES, fronts=False)


def texts(job: Job) -> list[Times]:
    """Time prompts of `TOKENS` tokens, alone and several at once."""
    ids = make_ids(max(PROMPTS))
    ways = {name: open_text(name, job.folder, job.weights, job.threads) for name in TEXT_LABELS}
    cases = [(name, count) for count in PROMPTS for name in ways]
    calls: list[Call] = [lambda name=name, count=count: ways[name](ids[:count]) for name, count in cases]  # type: ignore[misc]
    clock, cpu = alternate(calls, job.rounds, f"prompts, {job.threads} threads")
    return [
        Times(name, job.threads, count, list(clock[:, at]), list(cpu[:, at]), [])
        for at, (name, count) in enumerate(cases)
    ]


def paced(job: Job) -> list[Pace]:
    """Embed one window a second with one variant."""
    (name,) = job.names
    way = open_audio(name, job.folder, job.weights, job.threads, spinning=job.spinning)
    sound = make_sounds(1)[:, : heard_len(name)]
    way.embed(sound)
    laps = []
    begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
    for number in range(job.rounds):
        time.sleep(max(0.0, begun_s + number - time.perf_counter()))
        started = time.perf_counter()
        way.embed(sound)
        laps.append((time.perf_counter() - started) * 1e3)
    time.sleep(max(0.0, begun_s + job.rounds - time.perf_counter()))
    share = (time.process_time() - begun_cpu_s) / (time.perf_counter() - begun_s)
    median, slow = np.percentile(laps, [50, 95])
    return [Pace(name, job.threads, job.spinning, float(median), float(slow), share)]


def memory(job: Job) -> list[Memory]:
    """Load the towers named, use each once, and read what the process took."""
    kept: list[object] = []
    for name in job.names:  # the models in torch are in both lists: they hold both towers
        if name in LABELS:
            way = open_audio(name, job.folder, job.weights, job.threads)
            kept.append((way.embed, way.embed(np.zeros((1, heard_len(name)), np.float32))))
        if name in TEXT_LABELS:
            read = open_text(name, job.folder, job.weights, job.threads)
            kept.append((read, read(make_ids(1))))
    peak_mb, resident_mb = read_status("VmHWM"), read_status("VmRSS")
    return [Memory(list(job.names), peak_mb, resident_mb, time.process_time())]


def read_status(field: str) -> float:
    """Return what the kernel says of this process, in MB; a child's `ru_maxrss` begins with its parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (kilobytes,) = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
    return int(kilobytes) * 1024 / 1e6


def agreement(job: Job) -> list[Agreement]:
    """Compare what all variants make of the same sounds and texts.

    Raises
    ------
    SystemExit
        Two ways that must be equal are not.
    """
    rows = [*_audio_agreement(job), *_text_agreement(job)]
    for row in rows:
        if row.name in _EQUAL and not row.least > _LEAST_COSINE:
            raise SystemExit(f"{row.name} and {row.against} differ: least cosine {row.least:.6f}")
    return rows


def alternate(
    calls: Sequence[Call], rounds: int, note: str, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Time calls in turns: ms on the clock, and ms of processor time of all threads, each (rounds, n)."""
    from tqdm import tqdm

    rng = np.random.default_rng(seed)
    found = np.empty((2, rounds, len(calls)))
    for lap in tqdm(range(rounds), desc=note, unit="round"):
        for at in rng.permutation(len(calls)):
            calls[at]()
            begun = time.perf_counter(), time.process_time()
            calls[at]()
            ended = time.perf_counter(), time.process_time()
            found[:, lap, at] = (np.array(ended) - begun) * 1e3
    return found[0], found[1]


def make_ids(count: int) -> NDArray[np.int64]:
    """Make token ids that no tokenizer is needed for: (count, TOKENS), begun and ended as RoBERTa does."""
    ids = np.random.default_rng(0).integers(4, 50_000, (count, TOKENS))
    ids[:, 0], ids[:, -1] = 0, 2
    return np.asarray(ids, np.int64)


def compare(name: str, against: str, found: Floats, wanted: Floats) -> Agreement:
    """Compare embeddings of the same inputs, (n, dim) each."""
    cosines = _cosines(found, wanted)
    centre = wanted.mean(axis=0)
    centred = _cosines(found - centre, wanted - centre)
    return Agreement(
        name, against, len(found), float(cosines.mean()), float(cosines.min()), float(centred.min())
    )


def _cosines(a: Floats, b: Floats) -> NDArray[np.float64]:
    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    return np.asarray((a64 * b64).sum(axis=1) / np.linalg.norm(a64, axis=1) / np.linalg.norm(b64, axis=1))


def _audio_agreement(job: Job) -> list[Agreement]:
    sounds = make_sounds(_SOUNDS)
    found = {
        name: _embed_each(open_audio(name, job.folder, job.weights, job.threads).embed, sounds)
        for name in LABELS
        if name not in HEARD_LEN
    }
    rows = [
        compare(name, TRANSFORMERS, found[name], found[TRANSFORMERS])
        for name in found
        if name != TRANSFORMERS
    ]
    rows.append(compare("int8", "fp32", found["int8"], found["fp32"]))
    for name, length in HEARD_LEN.items():
        short = open_audio(name, job.folder, job.weights, job.threads)
        whole = open_audio("fp32", job.folder, job.weights, job.threads)
        tiled = np.tile(sounds[:, :length], (1, -(-sounds.shape[1] // length)))[:, : sounds.shape[1]]
        wanted = _embed_each(whole.embed, np.ascontiguousarray(tiled))
        rows.append(compare(name, "fp32", _embed_each(short.embed, sounds[:, :length]), wanted))
    return rows


def _text_agreement(job: Job) -> list[Agreement]:
    ids = make_ids(_SOUNDS)
    found = {name: open_text(name, job.folder, job.weights, job.threads)(ids) for name in TEXT_LABELS}
    return [
        compare(f"{name} text" if name == LAION else name, TRANSFORMERS, found[name], found[TRANSFORMERS])
        for name in found
        if name != TRANSFORMERS
    ]


def _embed_each(embed: Callable[[Floats], Floats], sounds: Floats) -> Floats:
    return np.concatenate([embed(np.ascontiguousarray(sound[None])) for sound in sounds])


def _time_batches(job: Job, names: Sequence[str], sizes: Sequence[int], *, fronts: bool) -> list[Times]:
    ways = [open_audio(name, job.folder, job.weights, job.threads) for name in names]
    sounds = make_sounds(max(sizes))
    cases = [
        (way, np.ascontiguousarray(sounds[:size, : heard_len(way.name)])) for way in ways for size in sizes
    ]
    calls: list[Call] = [lambda way=way, sound=sound: way.embed(sound) for way, sound in cases]  # type: ignore[misc]
    if fronts:
        calls += [lambda way=way, sound=sound: way.front(sound) for way, sound in cases]  # type: ignore[misc]
    clock, cpu = alternate(calls, job.rounds, f"windows, {job.threads} threads")
    return [
        Times(
            way.name,
            job.threads,
            len(sound),
            list(clock[:, at]),
            list(cpu[:, at]),
            list(cpu[:, len(cases) + at]) if fronts else [],
        )
        for at, (way, sound) in enumerate(cases)
    ]


PARTS: dict[str, Callable[[Job], Sequence[Any]]] = {
    "windows": windows,
    "batches": batches,
    "texts": texts,
    "paced": paced,
    "memory": memory,
    "agreement": agreement,
}


def main() -> None:
    """Measure one part and write its records."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--names", default="")
    parser.add_argument("--spinning", action="store_true")
    parser.add_argument("--to", type=Path, required=True)
    args = parser.parse_args()
    names = tuple(name for name in args.names.split(",") if name)
    job = Job(args.folder, args.weights, args.threads, args.rounds, names, args.spinning)
    records = [asdict(record) for record in PARTS[args.part](job)]
    args.to.write_text(json.dumps(records))


if __name__ == "__main__":
    main()
