"""How long `monitor` takes to begin, as another process sees it.

    python -m tools.benchmark.startup --runs 5 -- --source demo --classes siren,dog_bark
    python -m tools.benchmark.startup --runs 20 --embedding

The first measures from the start of `monitor run` to the first analysed window; a window of the model in the
box is 2 s long, so 2 s of it are spent listening. The second measures from the start of a process to its
first embedding of a window, through the package and, for reference, with NumPy and ONNX Runtime alone.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from monitor.bus.messages import ScoresMessage
from monitor.bus.subscriber import Subscriber
from monitor.models.store import find_model

ENDPOINT = "tcp://127.0.0.1:5573"
LIMIT_S = 30.0
_EMBED = """
import numpy as np
from monitor import load_encoder
encoder = load_encoder({name!r})
encoder.embed_audio(np.zeros((1, encoder.window_len), np.float32))
"""
_WORDS = "encoder.embed_text([encoder.info.templates[0].format('siren')])\n"
_BARE = """
import numpy as np
from monitor.encoders.runtime import onnxruntime as ort
options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.add_session_config_entry('session.intra_op.allow_spinning', '0')
session = ort.InferenceSession({path!r}, options, providers=['CPUExecutionProvider'])
taken = session.get_inputs()[0]
sizes = [size if isinstance(size, int) else 1 for size in taken.shape]
session.run(None, {{taken.name: np.zeros(sizes, np.float32)}})
"""
_READY = "import time; print('ready', time.process_time(), flush=True)\n"


@dataclass(frozen=True)
class Start:
    """What it took to start a process and bring it to the line `ready`."""

    wall_s: float
    """As its parent sees it."""
    cpu_s: float
    """Processor time of the process; the same on a quiet machine with warm files."""


def first_window_s(arguments: list[str]) -> float:
    """Return seconds from process start to the first published score."""
    command = [sys.executable, "-m", "monitor", "run", "--headless", "--bind", ENDPOINT, *arguments]
    with Subscriber(ENDPOINT, ("scores",)) as subscriber:
        begun_s = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while time.monotonic() - begun_s < LIMIT_S:
                message = subscriber.receive(0.1)
                if message is not None and isinstance(message.record, ScoresMessage):
                    return time.monotonic() - begun_s
        finally:
            process.terminate()
            process.wait(10)
    raise SystemExit(f"no window was analysed within {LIMIT_S:g} s")


def embedding_programs(name: str) -> dict[str, str]:
    """Write the programs whose start is timed: what they do, and their text."""
    model = find_model(name)
    path = str((model.folder / model.entry.audio.file).resolve())
    embed = _EMBED.format(name=name)
    return {
        "monitor.encoders.load, one window": embed + _READY,
        "the same, and one class word": embed + _WORDS + _READY,
        "NumPy and ONNX Runtime alone, one window": _BARE.format(path=path) + _READY,
        "an empty Python process": _READY,
    }


def start(program: str) -> Start:
    """Time a process from its start to the line in which it says that it is ready."""
    begun_s = time.monotonic()
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline() if process.stdout else ""
        took_s = time.monotonic() - begun_s
    word, _, cpu_s = line.strip().partition(" ")
    if word != "ready":
        raise SystemExit(
            f"a process that was timed ended with status {process.returncode} before it was ready"
        )
    return Start(took_s, float(cpu_s))


def measure_embedding(
    name: str, runs: int, each: Callable[[], object] = lambda: None
) -> dict[str, list[Start]]:
    """Time every program `runs` times in turn, after one turn that is not counted."""
    programs = embedding_programs(name)
    found: dict[str, list[Start]] = {what: [] for what in programs}
    for round_ in range(runs + 1):
        for what, program in programs.items():
            took = start(program)
            if round_:
                found[what].append(took)
        each()
    return found


def summary(times: list[float]) -> dict[str, float]:
    """Summarise seconds."""
    return {
        "median": round(statistics.median(times), 3),
        "min": round(min(times), 3),
        "max": round(max(times), 3),
    }


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--embedding", action="store_true", help="time the first embedding instead")
    parser.add_argument("--model", default="embedded", help="with --embedding: a name in the manifest")
    parser.add_argument("run", nargs="*", default=["--source", "demo"], help="arguments for `monitor run`")
    arguments = parser.parse_args()
    if arguments.embedding:
        found = measure_embedding(arguments.model, arguments.runs)
        report = {
            what: {
                "wall_s": summary([one.wall_s for one in starts]),
                "cpu_s": summary([one.cpu_s for one in starts]),
            }
            for what, starts in found.items()
        }
        print(json.dumps({"runs": arguments.runs} | report))
        return
    times = [first_window_s(arguments.run) for _ in range(arguments.runs)]
    print(json.dumps({"runs": len(times), "first_window_s": summary(times)}))


if __name__ == "__main__":
    main()
