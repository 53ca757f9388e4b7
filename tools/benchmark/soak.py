"""Run the monitor for minutes or hours beside busy processes; report CPU share, memory, times and counters.

    python -m tools.benchmark.soak --minutes 10            # a virtual microphone that hears the demo scene
    python -m tools.benchmark.soak --minutes 1 --mic 0     # a real microphone
    python -m tools.benchmark.soak --minutes 60 --out DIR  # and what it took meanwhile, for `soak_report`

Everything is measured from outside: /proc for CPU and memory, the published health for the counters, the
published levels for the times. Needs Linux, and pulseaudio for the virtual microphone. `soak_day` does the
same for a day that passes faster.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import soxr

from monitor.bench.processes import family
from monitor.bus.messages import Health, Level
from monitor.bus.subscriber import Subscriber
from monitor.sources.demo import demo_scene
from tests.vmic import SAMPLE_RATE, VirtualMicrophones
from tools.benchmark.process_figures import bytes_below, cpu_s, taken
from tools.benchmark.sample_times import SampleTimes, uncounted

BUSY = "while True: sum(range(10000))"
SAMPLE_EVERY_S = 20.0
"""From one line of `samples.jsonl` to the next."""


@contextlib.contextmanager
def virtual_microphone(minutes: float) -> Iterator[str]:
    """Let a virtual microphone hear the demo scene for `minutes`; give its name."""
    scene = demo_scene()
    samples = soxr.resample(scene.samples, scene.sample_rate, SAMPLE_RATE)
    times = int(minutes * 60 * SAMPLE_RATE / len(samples)) + 2
    with tempfile.TemporaryDirectory(prefix="vm") as folder:
        microphones = VirtualMicrophones(Path(folder), ["soak"])
        microphones.start()
        os.environ.update(microphones.environment)
        try:
            microphones.play("soak", samples, times)
            yield "soak"
        finally:
            microphones.stop()


class Watch:
    """What is read of one run, and what it takes meanwhile."""

    def __init__(self, subscriber: Subscriber, pid: int, own: Path, out: Path | None) -> None:
        self._subscriber, self._pid, self._own = subscriber, pid, own
        self._file = None if out is None else (out / "samples.jsonl").open("ab")
        self._begun_s = time.monotonic()
        self._due_s = self._begun_s
        self.times = SampleTimes()
        self.uncounted = 0
        """Most samples that no counter has, in any health."""
        self.health: Health | None = None
        """The last."""

    def read(self, seconds: float) -> None:
        """Read what is published for so long."""
        deadline_s = time.monotonic() + seconds
        while (left_s := deadline_s - time.monotonic()) > 0:
            message = self._subscriber.receive(left_s)
            record = None if message is None else message.record
            if isinstance(record, Level) and self.health is not None:
                self.times.note(record, self.health.sample_rate)
            elif isinstance(record, Health):
                self.health = record
                self.uncounted = max(self.uncounted, abs(uncounted(record)))
                self._sample(record)

    def _sample(self, health: Health) -> None:
        now_s = time.monotonic()
        if self._file is None or now_s < self._due_s:
            return
        self._due_s = now_s + SAMPLE_EVERY_S
        line = {
            "hour": (now_s - self._begun_s) / 3600.0,
            "taken": msgspec.to_builtins(taken(self._pid)),
            "disk": bytes_below(self._own),
            "health": msgspec.to_builtins(health),
            "times": msgspec.to_builtins(self.times.figures()),
        }
        self._file.write(msgspec.json.encode(line) + b"\n")
        self._file.flush()


def _cpu_of(pid: int) -> dict[int, float]:
    """Return the seconds that a process and each of its descendants have computed so far."""
    return {one: cpu_s(one) for one in family(pid)}


def soak(arguments: argparse.Namespace, microphone: str, own: Path) -> dict[str, Any]:
    """Run and measure; what the monitor keeps goes below `own`."""
    endpoint = f"ipc://{own}/bus"
    command = [sys.executable, "-m", "monitor", "run", "--mic", microphone, "--bind", endpoint]
    command += ["--classes", arguments.classes, "--headless", "--json", "--log", str(own / "log.jsonl")]
    folders = {f"XDG_{kind}_HOME": str(own / kind.lower()) for kind in ("STATE", "DATA", "CACHE")}
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(arguments.busy)]
    lines = own / "lines.jsonl"
    with lines.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, env={**os.environ, **folders})
    try:
        with Subscriber(endpoint) as subscriber:
            watch = Watch(subscriber, process.pid, own, arguments.out)
            watch.read(arguments.warm_up_s)
            watch.times = SampleTimes()
            before = _cpu_of(process.pid)
            begun_s = time.monotonic()
            first_mib = taken(process.pid).resident_mib
            watch.read(arguments.minutes * 60)
            elapsed_s = time.monotonic() - begun_s
            spent_s = {pid: cpu - before.get(pid, 0.0) for pid, cpu in _cpu_of(process.pid).items()}
            monitor_s = spent_s.pop(process.pid)
            last_mib = taken(process.pid).resident_mib
            lost = subscriber.lost
        return {
            "minutes": round(elapsed_s / 60, 2),
            "busy_processes": arguments.busy,
            "load_average": os.getloadavg(),
            "cpu_share_of_one_core": {
                "monitor": round(monitor_s / elapsed_s, 4),
                "capture": round(sum(spent_s.values()) / elapsed_s, 4),  # of what captures at the end
            },
            "resident_mib": {"begin": round(first_mib, 1), "end": round(last_mib, 1)},
            "messages_lost_by_the_subscriber": lost,
            "times": msgspec.to_builtins(watch.times.figures()),
            "most_samples_in_no_counter": watch.uncounted,
            "health": msgspec.to_builtins(watch.health),
        }
    finally:
        process.terminate()
        process.wait(20)
        for other in busy:
            other.kill()
        events = [json.loads(line) for line in lines.read_bytes().splitlines()]
        print(f"{sum(event['type'] == 'onset' for event in events)} onsets", file=sys.stderr)


def main() -> None:
    """Soak, and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--busy", type=int, default=1, help="busy processes beside the monitor")
    parser.add_argument("--warm-up-s", type=float, default=10.0)
    parser.add_argument("--classes", default="siren,dog_bark")
    parser.add_argument("--mic", help="a real microphone instead of the virtual one")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep what it takes over time there")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what it started ends with it
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
    source = (
        contextlib.nullcontext(arguments.mic) if arguments.mic else virtual_microphone(arguments.minutes + 1)
    )
    with source as microphone, tempfile.TemporaryDirectory(prefix="soak") as own:
        found = soak(arguments, str(microphone), Path(own))
    print(json.dumps(found, indent=2))
    if arguments.out is not None:
        (arguments.out / "about.json").write_text(json.dumps(found, indent=2), "utf-8")


if __name__ == "__main__":
    main()
