"""Time the model in the box beside networks of the sizes that others use, in one run and one runtime.

    python -m tools.benchmark.benchmark
    python -m tools.benchmark.benchmark --teacher DIR --beside mn04 --graph other.onnx --json

All run in the same ONNX Runtime, on one thread that does not spin, as `monitor` runs them. They take turns,
in a new order each round; of two calls in a row the second is timed, in processor time, so that what else
the machine does counts little. The ratio is that of the medians, with a 95 % bootstrap over rounds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.models.store import find_model
from tools.benchmark.startup import Start, measure_embedding

BOOTSTRAP_ROUNDS = 2000
HEAD = """| 2 s of sound, one thread | ms, median [quartiles] | ratio [95 %] | million parameters \
| million products: network + front end | MB float32 / float16 |
|---|---|---|---|---|---|""".splitlines()


@dataclass(frozen=True)
class Contender:
    """One graph and what it is given."""

    name: str
    path: Path
    feed: dict[str, NDArray[np.float32]]
    """Input for one window of 2 s."""
    sound: NDArray[np.float32] | None = None
    """float32 (1, samples): the window, whose spectrogram is drawn for each call; None: it is given."""


@dataclass(frozen=True)
class Timing:
    """Durations of one contender, beside those of the first."""

    median_ms: float
    low_ms: float
    """First quartile."""
    high_ms: float
    """Third quartile."""
    ratio: float
    """Median over the first contender's median."""
    ratio_low: float
    """Ends of a 95 % interval."""
    ratio_high: float


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    name: str
    timing: Timing
    parameters: int
    network_mmacs: float
    front_mmacs: float
    single_mb: float
    """Size of the file with float32 weights."""
    half_mb: float
    """Size of the file with float16 weights."""


def alternate(
    calls: Sequence[Callable[[], object]], rounds: int, seed: int = 0, note: str = "rounds"
) -> NDArray[np.float64]:
    """Time calls in turns: ms of this thread's processor time (rounds, n).

    Each round takes them in a new random order, and times each just after one call that is not timed.
    """
    from tqdm import tqdm

    rng = np.random.default_rng(seed)
    found = np.empty((rounds, len(calls)))
    for laps in tqdm(found, desc=note, unit="round"):
        for at in rng.permutation(len(calls)):
            calls[at]()
            started = thread_time()
            calls[at]()
            laps[at] = (thread_time() - started) * 1e3
    return found


def summarise(laps: NDArray[np.float64], seed: int = 0) -> list[Timing]:
    """Summarise ms (rounds, n): quartiles, and the ratio to the first column with its interval."""
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(laps), (BOOTSTRAP_ROUNDS, len(laps)))
    medians = np.stack([np.median(column[picks], axis=1) for column in laps.T], axis=1)
    lows, highs = np.percentile(medians / medians[:, :1], [2.5, 97.5], axis=0)
    quartiles = np.percentile(laps, [50, 25, 75], axis=0)
    return [
        Timing(
            median_ms=float(quartiles[0, at]),
            low_ms=float(quartiles[1, at]),
            high_ms=float(quartiles[2, at]),
            ratio=float(quartiles[0, at] / quartiles[0, 0]),
            ratio_low=float(lows[at]),
            ratio_high=float(highs[at]),
        )
        for at in range(laps.shape[1])
    ]


def file_sizes(path: Path) -> tuple[float, float]:
    """Say how many megabytes a graph takes with float32 and with float16 weights."""
    import onnx

    from tools.train.graphs import as_single, save_clean, store_as_half

    with tempfile.TemporaryDirectory() as name:
        single, half = Path(name) / "single.onnx", Path(name) / "half.onnx"
        save_clean(as_single(onnx.load(path)), single)
        store_as_half(single, half)
        return single.stat().st_size / 1e6, half.stat().st_size / 1e6


def make_contenders(folder: Path, teacher: Path | None) -> list[Contender]:
    """Write the other networks below `folder`."""
    import torch

    from tools.benchmark.other_taggers import export, make_mn04, make_yamnet

    torch.manual_seed(0)
    made = {
        "EfficientAT mn04": make_mn04(teacher, front=True),
        "EfficientAT mn04, spectrogram given": make_mn04(teacher, front=False),
        "YAMNet's layout": make_yamnet(front=True),
        "YAMNet's layout, spectrogram given": make_yamnet(front=False),
    }
    found = []
    for number, (name, (network, sample)) in enumerate(made.items()):
        path = folder / f"{number}.onnx"
        export(network, sample, path)
        found.append(Contender(name, path, {"audio": sample.numpy()}))
    return found


def contender(name: str, path: Path) -> Contender:
    """Take the audio tower in a file, and one window of noise of 2 s, or as long as it takes."""
    from monitor.encoders.kaldi_mel import RATE
    from monitor.export.bare_network import feed_of
    from tools.train.graphs import open_session

    first = open_session(path).get_inputs()[0]
    takes_sound = len(first.shape) == 2
    length = first.shape[1] if takes_sound else 2 * RATE
    noise = np.random.default_rng(0).normal(0, 0.1, (1, length)).astype(np.float32)
    return Contender(name, path, feed_of(first.name, noise), None if takes_sound else noise)


def caller(session: Any, contender: Contender) -> Callable[[], object]:
    """Return the call that is timed."""
    from monitor.export.bare_network import feed_of

    name, sound = session.get_inputs()[0].name, contender.sound
    if sound is None:
        return partial(session.run, None, contender.feed)
    return lambda: session.run(None, feed_of(name, sound))


def compare(contenders: list[Contender], rounds: int) -> list[Line]:
    """Time all contenders; the first is what the others are compared with."""
    from tools.train.graphs import measure_size, open_session

    sessions = [open_session(contender.path) for contender in contenders]
    calls = [caller(*pair) for pair in zip(sessions, contenders, strict=True)]
    timings = summarise(alternate(calls, rounds))
    lines = []
    for contender, timing in zip(contenders, timings, strict=True):
        size, files = measure_size(contender.path, contender.feed), file_sizes(contender.path)
        lines.append(
            Line(contender.name, timing, size.parameters, size.network_mmacs, size.front_mmacs, *files)
        )
    return lines


def as_table(lines: list[Line]) -> str:
    """Draw the lines in Markdown."""
    rows = [*HEAD]
    for line in lines:
        time = line.timing
        rows.append(
            f"| {line.name} | {time.median_ms:.2f} [{time.low_ms:.2f}, {time.high_ms:.2f}] "
            f"| {time.ratio:.2f} [{time.ratio_low:.2f}, {time.ratio_high:.2f}] "
            f"| {line.parameters / 1e6:.2f} | {line.network_mmacs:.0f} + {line.front_mmacs:.0f} "
            f"| {line.single_mb:.1f} / {line.half_mb:.1f} |"
        )
    return "\n".join(rows)


def startup_table(times: dict[str, list[Start]]) -> str:
    """Draw start-up times in Markdown."""
    rows = [
        "| process start to first embedding | processor s, median [quartiles] | s on the clock |",
        "|---|---|---|",
    ]
    for name, starts in times.items():
        median, low, high = np.percentile([one.cpu_s for one in starts], [50, 25, 75])
        wall = np.median([one.wall_s for one in starts])
        rows.append(f"| {name} | {median:.3f} [{low:.3f}, {high:.3f}] | {wall:.3f} |")
    return "\n".join(rows)


def own_contender(model: str) -> Contender:
    """Take the audio tower of a model in the manifest."""
    stored = find_model(model)
    name = f"`{model}`, the model in the box" if model == "embedded" else f"`{model}`"
    return contender(name, stored.folder / stored.entry.audio.file)


def main() -> None:
    """Measure and print."""
    from tqdm import tqdm

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="embedded", help="a name in the manifest")
    parser.add_argument(
        "--beside", action="append", default=[], metavar="NAME", help="one more model to time"
    )
    parser.add_argument("--graph", type=Path, action="append", default=[], help="one more audio.onnx to time")
    parser.add_argument("--teacher", type=Path, help="folder of mn04's weights; random weights without")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--starts", type=int, default=15, help="processes to start of each kind; 0: none")
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    args = parser.parse_args()
    own = own_contender(args.model)
    more = [own_contender(name) for name in args.beside]
    more += [contender(str(path), path) for path in args.graph]
    given = replace(own, name=f"{own.name}, spectrogram given", sound=None)
    with tempfile.TemporaryDirectory() as name:
        lines = compare([own, given, *more, *make_contenders(Path(name), args.teacher)], args.rounds)
    starts: dict[str, list[Start]] = {}
    if args.starts:
        with tqdm(total=args.starts + 1, desc="starts", unit="turn") as bar:
            starts = measure_embedding(args.model, args.starts, bar.update)
    if args.json:
        begun = {name: [asdict(one) for one in times] for name, times in starts.items()}
        print(json.dumps({"windows": [asdict(line) for line in lines], "starts": begun}, indent=1))
    else:
        print(as_table(lines), startup_table(starts) if starts else "", sep="\n\n")


if __name__ == "__main__":
    main()
