"""What an archive costs to hear: the whole command, beside another version of it, and stage by stage.

    python -m tools.benchmark.scan --workers 1,2 --copies 4
    python -m tools.benchmark.scan --rounds 5 --beside CHECKOUT     # in turns, with the ratio of each round
    python -m tools.benchmark.scan --stages                         # where the processor time goes
    python -m tools.benchmark.scan --recordings FOLDER              # of your own

Without a folder the demo scene is written over and over: FLAC at 48 kHz, WAV at 32, MP3 at 44.1, and WAV at
48 kHz in two channels. Processor time is that of hearing, without the start of a process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from monitor.archive.collector import Collector
from monitor.archive.line import Listener
from monitor.archive.records import Order
from monitor.config.settings import Config, WindowConfig
from monitor.encoders.checked import answer
from monitor.records import Block, Span
from monitor.scoring.prompts import parse_classes
from monitor.sources.demo import demo_scene
from monitor.sources.file import FileSource
from monitor.sources.ingest import Ingest
from monitor.stream.level import LevelMeter
from monitor.stream.windows import Windower
from tools.benchmark.side_by_side import ROOT, ratio

CLASSES = "siren,dog_bark,glass_breaking,baby_cry,speech"
FORMS = (("flac", 48_000, 1), ("wav", 32_000, 1), ("mp3", 44_100, 1), ("wav", 48_000, 2))
"""Suffix, Hz and channels of the recordings that are made."""


def write_archive(folder: Path, minutes: float, copies: int) -> None:
    """Write one recording of each form, and further names of each until there are `copies`."""
    scene = demo_scene()
    count = int(minutes * 60.0 * scene.sample_rate / len(scene.samples)) + 1
    sound = np.tile(scene.samples, count)[: round(minutes * 60.0 * scene.sample_rate)]
    for number, (suffix, rate, channels) in enumerate(FORMS):
        samples = soxr.resample(sound, scene.sample_rate, rate)
        others = [np.roll(samples, 200) * np.float32(0.7)] * (channels - 1)
        path = folder / f"{number}-0.{suffix}"
        soundfile.write(path, np.stack([samples, *others], axis=1), rate)
        for copy in range(1, copies):
            (folder / f"{number}-{copy}.{suffix}").hardlink_to(path)


def scanned(checkout: Path, recordings: Path, workers: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run `monitor scan` of a checkout, and return its summary."""
    with tempfile.TemporaryDirectory(prefix="scanned") as out:
        command = [sys.executable, "-P", "-m", "monitor", "scan", str(recordings), "--out", out, "--json"]
        command += ["--classes", arguments.classes, "--workers", str(workers), "--hop", str(arguments.hop)]
        environment = {**os.environ, "PYTHONPATH": str(checkout)}
        done = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True)
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def speeds(recordings: Path, workers: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return how fast archives are heard by so many processes, this version and another in turns."""
    checkouts = {"this": ROOT} | ({"beside": arguments.beside.resolve()} if arguments.beside else {})
    rounds = [
        {name: scanned(path, recordings, workers, arguments) for name, path in checkouts.items()}
        for _ in range(arguments.rounds)
    ]
    found: dict[str, Any] = {"workers": workers, "hop_s": arguments.hop, "rounds": arguments.rounds}
    for name in checkouts:
        told = [one[name] for one in rounds]
        found[name] = {
            "ms_of_cpu_a_second": _median([1e3 / one["times_real_time_per_cpu"] for one in told], 2),
            "times_real_time_of_cpu": _median([one["times_real_time_per_cpu"] for one in told], 1),
            "times_real_time": _median([one["times_real_time"] for one in told], 1),
            "seconds_of_sound": told[0]["heard"]["sound_s"],
            "events": told[0]["heard"]["events"],
        }
    if arguments.beside:
        cpu = np.array([[one[name]["heard"]["cpu_s"] for name in checkouts] for one in rounds])
        found["ratio"] = ratio(cpu[:, 0], cpu[:, 1])
    return found | {"load_of_the_machine": round(os.getloadavg()[0], 1)}


def _median(values: Sequence[float], digits: int) -> float:
    return round(float(np.median(values)), digits)


class Stages:
    """What each stage takes of a second of sound, each by itself."""

    def __init__(self, classes: str, hop_s: float) -> None:
        self._config = Config(window=WindowConfig(hop_s=hop_s))
        self._listener = Listener(Order("", self._config, tuple(parse_classes(classes)), False, ""))

    def costs(self, path: Path) -> dict[str, float]:
        """Return ms of processor time for a second of the recording at `path`."""
        took: dict[str, float] = {}
        with _timed(took, "all"):
            line = self._listener.open(path, Collector(False))
            for _ in line.hear():
                pass
            line.close()
        with _timed(took, "decoding"):
            rate, blocks = _decoded(path)
        sound = _Written()
        with _timed(took, "offset, channels, resampling"):
            ingest = Ingest(sound, self._listener.encoder.sample_rate, wait=False)
            ingest.begin(rate, live=False)
            for block in blocks:
                ingest.add(block)
            ingest.finish()
        spans = list(sound.spans(self._hop_len))
        with _timed(took, "level"):
            meter = LevelMeter(self._listener.encoder.sample_rate, self._config.level)
            for span in spans:
                meter.push(span)
        with _timed(took, "windows, network"):
            self._embed(spans)
        took["rest"] = 2.0 * took["all"] - sum(took.values())
        return {name: round(1e3 * cpu_s / line.position_s, 2) for name, cpu_s in took.items()}

    @property
    def _hop_len(self) -> int:
        return round(self._config.window.hop_s * self._listener.encoder.sample_rate)

    def _embed(self, spans: Sequence[Span]) -> None:
        encoder = self._listener.encoder
        windower = Windower(encoder.window_len, self._hop_len, encoder.sample_rate)
        for span in spans:
            for window in windower.push(span):
                answer(encoder, [window], time.monotonic)


class _Written:
    """What is written to a ring, kept. Satisfies `RingWriter`."""

    missing_len = 0

    def __init__(self) -> None:
        self._parts: list[NDArray[np.float32]] = []

    def write(self, samples: NDArray[np.float32], captured_s: float, wait: bool = False) -> None:  # noqa: ARG002
        self._parts.append(samples)

    def write_gap(self, length: int) -> None:
        """Count nothing."""

    def mark_clipped(self, start: int, stop: int) -> None:
        """Note nothing."""

    def wake(self) -> None:
        """Wake nobody."""

    def close(self) -> None:
        """End nothing."""

    def spans(self, length: int) -> Iterator[Span]:
        """Yield all of it in pieces."""
        sound = np.concatenate(self._parts)
        for start in range(0, len(sound), length):
            yield Span(start, sound[start : start + length], start == 0, 0.0)


def _decoded(path: Path) -> tuple[int, list[Block]]:
    source = FileSource(path, fast=True)
    source.open()
    blocks = []
    try:
        while (block := source.read(0.0)) is not None:
            blocks.append(block)
    except EOFError:
        return source.sample_rate, blocks
    finally:
        source.close()
    raise RuntimeError(f"{path} gave nothing, and no end.")


@contextmanager
def _timed(took: dict[str, float], name: str) -> Iterator[None]:
    begun = time.process_time()
    yield
    took[name] = time.process_time() - begun


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and print one JSON object a line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recordings", type=Path, metavar="FOLDER", help="instead of those that are made")
    parser.add_argument("--minutes", type=float, default=4.0, help="of each recording that is made")
    parser.add_argument("--copies", type=int, default=1, help="of each")
    parser.add_argument("--workers", default="1", metavar="N,N")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--hop", type=float, default=1.0)
    parser.add_argument("--classes", default=CLASSES)
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="another version of the program")
    parser.add_argument("--stages", action="store_true", help="each stage by itself, in this process")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="archive") as made:
        recordings = arguments.recordings or Path(made)
        if arguments.recordings is None:
            write_archive(recordings, arguments.minutes, arguments.copies)
        if arguments.stages:
            stages = Stages(arguments.classes, arguments.hop)
            for path in sorted(recordings.iterdir()):
                print(json.dumps({"recording": path.name, **stages.costs(path)}), flush=True)
            return
        for workers in arguments.workers.split(","):
            print(json.dumps(speeds(recordings, int(workers), arguments)), flush=True)


if __name__ == "__main__":
    main()
