"""What many sources in one run cost: processor time, memory, threads, and whether all are heard alike.

    python -m tools.benchmark.many --sources 1,10,30,100 --hops 0.25,0.5,1 --seconds 20
    python -m tools.benchmark.many --fast --sources 10,100 --hops 1     # the same work without its clock
    python -m tools.benchmark.many --batches 1,4,16,32      # the encoder alone, and whether its bits change

The stand-ins for microphones are the demo scene over and over in a WAV file, read at its own pace by each, or
with `--live` the scene itself, once (38 s), which is passed over where the monitor is late. All is measured
from outside: /proc for processor time, memory and threads, the log for the counters. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from monitor.bench.processes import family
from monitor.config.settings import ModelConfig
from monitor.encoders import Encoder, load
from monitor.sources.demo import SCENE_S, demo_scene
from tools.benchmark.process_figures import cpu_s, resident_mib

CLASSES = "siren,dog_bark,doorbell,fire_alarm,baby_cry,glass_breaking,car_horn,door_knock"
_REPEATS = 8
_BEGINS_S = 90.0


def recording(folder: Path, seconds: float) -> Path:
    """Write the demo scene, over and over, and return where."""
    import soundfile

    scene, path = demo_scene(), folder / "street.wav"
    count = int(seconds * scene.sample_rate / len(scene.samples)) + 1
    soundfile.write(path, np.tile(scene.samples, count), scene.sample_rate)
    return path


def fleet(folder: Path, sources: int, hop_s: float, live: bool, seconds: float) -> Path:
    """Write a configuration with `sources` stand-ins, and return where."""
    heard = "demo" if live else str(recording(folder, seconds))
    lines = [f"[window]\nhop_s = {hop_s}\n[history]\nkeep = false\n"]
    lines += [f'[fleet.sources.place-{number:03}]\nsource = "{heard}"\n' for number in range(sources)]
    path = folder / "fleet.toml"
    path.write_text("".join(lines), "utf-8")
    return path


def begins(process: subprocess.Popen[bytes], log: Path, sources: int) -> None:
    """Wait until every source has told its health, for at most `_BEGINS_S` seconds.

    Raises
    ------
    RuntimeError
        The run ended, or did not begin in time.
    """
    until_s = time.monotonic() + _BEGINS_S
    while time.monotonic() < until_s and process.poll() is None:
        if log.exists() and len(last_of_each(log)) == sources:
            return
        time.sleep(0.2)
    raise RuntimeError(f"The run on {sources} sources did not begin; its exit code: {process.poll()}.")


def last_of_each(log: Path) -> list[dict[str, Any]]:
    """Return the last health of each source."""
    found = {}
    for line in log.read_text("utf-8").splitlines(keepends=True):
        if not line.endswith("\n"):
            break  # it is being written
        record = json.loads(line)
        if record["topic"].startswith("health/"):
            found[record["source_id"]] = record
    return list(found.values())


def measure(sources: int, hop_s: float, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run the monitor on so many sources, and return what it costs."""
    whole_s = arguments.warm_up_s + arguments.seconds
    with tempfile.TemporaryDirectory(prefix="many") as name:
        folder = Path(name)
        config = fleet(folder, sources, hop_s, arguments.live, whole_s + 30.0)
        command = [sys.executable, "-m", "monitor", "run", "--config", str(config), "--classes", CLASSES]
        command += ["--headless", "--json", "--bind", arguments.bind, "--log", str(folder / "log")]
        environment = {**os.environ, "XDG_STATE_HOME": name, "MONITOR_MEMORY_KEEP": "none"}
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        )
        try:
            begins(process, folder / "log", sources)
            time.sleep(arguments.warm_up_s)
            members = family(process.pid)
            before, begun_s = sum(map(cpu_s, members)), time.monotonic()
            time.sleep(arguments.seconds)
            share = (sum(map(cpu_s, members)) - before) / (time.monotonic() - begun_s)
            memory = sum(map(resident_mib, members))
            threads = len(list(Path(f"/proc/{process.pid}/task").iterdir()))
        finally:
            process.terminate()
            process.wait(20)
        told = last_of_each(folder / "log")
    return {
        "sources": sources,
        "hop_s": hop_s,
        "cpu_share_of_one_core": round(share, 3),
        "per_source": round(share / sources, 5),
        "resident_mib": round(memory),
        "threads": threads,
        "processes": len(members),
        **_heard(told, sources),
        "seconds_measured": arguments.seconds,
        "load_of_the_machine": round(os.getloadavg()[0], 1),
    }


def measure_fast(sources: int, hop_s: float) -> dict[str, Any]:
    """Analyse the scene as so many sources as fast as possible; return what a second of each costs."""
    one, many = (_fast_cpu_s(count, hop_s) for count in (1, sources))
    per_source = (many - one) / (sources - 1) / SCENE_S
    return {
        "sources": sources,
        "hop_s": hop_s,
        "cpu_s_a_second_of_a_source": round(per_source, 5),
        "sources_on_one_core": round(1.0 / per_source),
        "seconds_of_sound": round(sources * SCENE_S),
        "load_of_the_machine": round(os.getloadavg()[0], 1),
    }


def _fast_cpu_s(sources: int, hop_s: float) -> float:
    """Return user and system time of a whole run."""
    with tempfile.TemporaryDirectory(prefix="many") as name:
        config = fleet(Path(name), sources, hop_s, True, 0.0)
        command = [sys.executable, "-m", "monitor", "run", "--config", str(config), "--classes", CLASSES]
        command += ["--fast", "--headless", "--json", "--bind", "none"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"The run on {sources} sources ended with {process.returncode}.")
    return usage.ru_utime + usage.ru_stime


def _heard(told: Sequence[dict[str, Any]], sources: int) -> dict[str, Any]:
    """Return how much of each source was analysed, and whether all of it is accounted for."""
    analysed = [one["analysed"] / one["sample_rate"] for one in told]
    skipped = sum(one["skipped"] / one["sample_rate"] for one in told)
    accounted = all(
        one["captured"] == one["analysed"] + one["pending"] + one["skipped"] + one["overwritten"] + one["gap"]
        for one in told
    )
    mean = statistics.fmean(analysed) if analysed else 0.0
    return {
        "heard": f"{len(told)} of {sources}",
        "accounted": accounted,
        "behind_s": max((one["behind_s"] for one in told), default=None),
        "skipped_share": round(skipped / max(1e-9, skipped + sum(analysed)), 3),
        "least_share_of_mean": round(min(analysed) / mean, 3) if mean else None,
    }


def measure_batches(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Return what a window costs in batches of each size, and whether its embedding has the same bits."""
    encoder = load(ModelConfig())
    scene = demo_scene()
    count, most = max(sizes), max(sizes)
    starts = np.linspace(0, len(scene.samples) - encoder.window_len, count).astype(int)
    windows = np.stack([scene.samples[start : start + encoder.window_len] for start in starts])
    alone = _in_batches(encoder, windows, 1)
    found = []
    for size in sizes:
        took = [_timed(lambda size=size: _in_batches(encoder, windows, size)) for _ in range(_REPEATS)]  # type: ignore[misc]
        same = np.array_equal(_in_batches(encoder, windows, size), alone)
        ms = statistics.median(took) / most * 1000.0
        found.append(
            {"batch": size, "ms_a_window": round(ms, 2), "same_bits": bool(same), "n": _REPEATS * most}
        )
    return found


def _in_batches(encoder: Encoder, windows: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    parts = [encoder.embed_audio(windows[at : at + size]) for at in range(0, len(windows), size)]
    return np.concatenate(parts)


def _timed(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main() -> None:
    """Measure, and print one JSON object a line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sources", default="1,10,30,100")
    parser.add_argument("--hops", default="1", metavar="S,S")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--warm-up-s", type=float, default=5.0)
    parser.add_argument("--live", action="store_true", help="sources that are passed over where it is late")
    parser.add_argument("--fast", action="store_true", help="as fast as possible; processor time only")
    parser.add_argument("--bind", default="tcp://127.0.0.1:5572")
    parser.add_argument("--batches", metavar="N,N", help="measure the encoder alone, in batches")
    arguments = parser.parse_args()
    if arguments.batches:
        for found in measure_batches([int(size) for size in arguments.batches.split(",")]):
            print(json.dumps(found), flush=True)
        return
    for hop in arguments.hops.split(","):
        for count in arguments.sources.split(","):
            own = (int(count), float(hop))
            print(json.dumps(measure_fast(*own) if arguments.fast else measure(*own, arguments)), flush=True)


if __name__ == "__main__":
    main()
