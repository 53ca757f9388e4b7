"""Run the monitor for minutes beside a busy process; report CPU share, memory and the counters.

    python -m tools.benchmark.soak --minutes 10            # a virtual microphone that hears the demo scene
    python -m tools.benchmark.soak --minutes 1 --mic 0     # a real microphone

Everything is measured from outside: /proc for CPU and memory, the published health for the counters. Needs
Linux, and pulseaudio for the virtual microphone.
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
import numpy as np
import soxr

from monitor.bus.messages import Health
from monitor.bus.subscriber import Subscriber
from monitor.sources.demo import demo_scene
from tests.vmic import SAMPLE_RATE, VirtualMicrophones

BUSY = "while True: sum(range(10000))"
ENDPOINT = "tcp://127.0.0.1:5571"


@contextlib.contextmanager
def virtual_microphone(minutes: float) -> Iterator[str]:
    """Let a virtual microphone hear the demo scene for `minutes`; give its name."""
    scene = demo_scene()
    samples = soxr.resample(scene.samples, scene.sample_rate, SAMPLE_RATE)
    count = int(minutes * 60 * SAMPLE_RATE / len(samples)) + 2
    with tempfile.TemporaryDirectory(prefix="vm") as folder:
        microphones = VirtualMicrophones(Path(folder), ["soak"])
        microphones.start()
        os.environ.update(microphones.environment)
        try:
            microphones.play("soak", np.tile(samples, count))
            yield "soak"
        finally:
            microphones.stop()


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(below for child in children for below in family(int(child)))]


def cpu_s(pid: int) -> float:
    """Return user and system time of a process so far, all its threads, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process, MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def last_health(subscriber: Subscriber, seconds: float) -> Health | None:
    """Read what is published for `seconds`; return the last health."""
    deadline_s = time.monotonic() + seconds
    health = None
    while (left_s := deadline_s - time.monotonic()) > 0:
        message = subscriber.receive(left_s)
        if message is not None and isinstance(message.record, Health):
            health = message.record
    return health


def soak(arguments: argparse.Namespace, microphone: str) -> dict[str, Any]:
    """Run and measure."""
    command = [sys.executable, "-m", "monitor", "run", "--mic", microphone, "--bind", ENDPOINT]
    command += ["--classes", arguments.classes, "--headless", "--json"]
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(arguments.busy)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        with Subscriber(ENDPOINT) as subscriber:
            last_health(subscriber, arguments.warm_up_s)
            members = family(process.pid)
            before = {pid: cpu_s(pid) for pid in members}
            begun_s = time.monotonic()
            first_mib = sum(map(resident_mib, members))
            health = last_health(subscriber, arguments.minutes * 60)
            elapsed_s = time.monotonic() - begun_s
            shares = [(cpu_s(pid) - before[pid]) / elapsed_s for pid in members]
            lost = subscriber.lost
        return {
            "minutes": round(elapsed_s / 60, 2),
            "busy_processes": arguments.busy,
            "cpu_share_of_one_core": {"monitor": round(shares[0], 4), "capture": round(sum(shares[1:]), 4)},
            "resident_mib": {"begin": round(first_mib, 1), "end": round(sum(map(resident_mib, members)), 1)},
            "messages_lost_by_the_subscriber": lost,
            "health": msgspec.to_builtins(health),
        }
    finally:
        process.terminate()
        out, _ = process.communicate(timeout=20)
        for other in busy:
            other.kill()
        events = [json.loads(line) for line in out.splitlines()]
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
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what it started ends with it
    source = (
        contextlib.nullcontext(arguments.mic) if arguments.mic else virtual_microphone(arguments.minutes + 1)
    )
    with source as microphone:
        print(json.dumps(soak(arguments, str(microphone)), indent=2))


if __name__ == "__main__":
    main()
