"""What one microphone costs in this version of the program, beside another over the same seconds.

    python -m tools.benchmark.side_by_side --minutes 1 --beside CHECKOUT
    python -m tools.benchmark.side_by_side --minutes 1 --beside CHECKOUT --hop 0.5 --levels

Both hear one virtual microphone, which hears the demo scene; /proc tells what their processes take, in parts
of some seconds. The ratio is that of each part: its median and a 95 % bootstrap over parts. Needs Linux and
pulseaudio.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.bench.processes import Usage, family, usage
from monitor.bus.messages import Health
from monitor.bus.subscriber import Subscriber
from tools.benchmark.soak import virtual_microphone

ENDPOINT = "tcp://127.0.0.1:{port}"
FIRST_PORT = 5571
ROOT = Path(__file__).parents[2]
_HEARD = ("event/", "near_miss/", "health/", "heartbeat/")
"""What is subscribed to: nothing that is made for its readers only."""
_ALL = ("",)
_RESAMPLES = 2000


class Listening:
    """One version of the program that hears a microphone."""

    def __init__(self, checkout: Path, number: int, microphone: str, arguments: argparse.Namespace) -> None:
        endpoint = ENDPOINT.format(port=FIRST_PORT + number)
        command = [sys.executable, "-P", "-m", "monitor", "run", "--mic", microphone, "--bind", endpoint]
        command += ["--classes", arguments.classes, "--headless", "--json"]
        environment = {**os.environ, "PYTHONPATH": str(checkout)}
        if arguments.hop is not None:
            environment["MONITOR_WINDOW_HOP_S"] = str(arguments.hop)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        self.subscriber = Subscriber(endpoint, _ALL if arguments.levels else _HEARD)
        self.health: Health | None = None

    def take_in(self) -> None:
        """Keep the last health of what has been published."""
        while (message := self.subscriber.receive(0.0)) is not None:
            if isinstance(message.record, Health):
                self.health = message.record

    def used(self) -> tuple[Usage, Usage]:
        """Return what the monitor and its capture process have used so far."""
        own, *others = family(self.process.pid)
        return usage([own]), usage(others)

    def end(self) -> int:
        """End it, and return how many onsets it told."""
        self.process.terminate()
        out, _ = self.process.communicate(timeout=20)
        self.subscriber.close()
        return sum(json.loads(line)["type"] == "onset" for line in out.splitlines())


def measure(arguments: argparse.Namespace, microphone: str) -> dict[str, Any]:
    """Run and measure."""
    checkouts = {"this": ROOT} | ({"beside": arguments.beside.resolve()} if arguments.beside else {})
    running = {
        name: Listening(path, number, microphone, arguments)
        for number, (name, path) in enumerate(checkouts.items())
    }
    found: dict[str, Any] = {"minutes": arguments.minutes}
    try:
        _wait(running.values(), arguments.warm_up_s)
        shares = _parts(running, arguments)
        for number, (name, one) in enumerate(running.items()):
            found[name] = _figures(one, shares[:, number])
        if len(running) > 1:
            found["ratio"] = ratio(shares[:, 0].sum(axis=1), shares[:, 1].sum(axis=1))
    finally:
        onsets = {name: one.end() for name, one in running.items()}
    return found | {"onsets": onsets}


def _wait(running: Any, seconds: float) -> None:
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        time.sleep(min(1.0, max(0.0, deadline_s - time.monotonic())))
        for one in running:
            one.take_in()


def _parts(running: dict[str, Listening], arguments: argparse.Namespace) -> NDArray[np.float64]:
    """Return of each part and version: share of a core of the monitor and of capture, waits a second."""
    found = []
    for _ in range(max(1, round(arguments.minutes * 60 / arguments.part_s))):
        before, begun_s = [one.used() for one in running.values()], time.monotonic()
        _wait(running.values(), arguments.part_s)
        lasted_s, after = time.monotonic() - begun_s, [one.used() for one in running.values()]
        found.append([
            [new.since(old).cpu_s / lasted_s for new, old in zip(news, olds, strict=True)]
            for news, olds in zip(after, before, strict=True)
        ])  # fmt: skip
    return np.array(found)


def _figures(one: Listening, shares: NDArray[np.float64]) -> dict[str, Any]:
    own, others = one.used()
    low, median, high = np.percentile(shares.sum(axis=1), (25, 50, 75))
    return {
        "cpu_share_of_one_core": {
            "median": round(float(median), 4),
            "quartiles": [round(float(low), 4), round(float(high), 4)],
            "monitor": round(float(np.median(shares[:, 0])), 4),
            "capture": round(float(np.median(shares[:, 1])), 4),
            "parts": len(shares),
        },
        "resident_mib": round(own.resident_mib + others.resident_mib, 1),
        "messages_lost_by_the_subscriber": one.subscriber.lost,
        "health": msgspec.to_builtins(one.health),
    }


def ratio(this: NDArray[np.float64], beside: NDArray[np.float64]) -> dict[str, Any]:
    """Return by how much less this version takes, part by part."""
    ratios = this / beside
    dice = np.random.default_rng(0)
    medians = np.median(ratios[dice.integers(0, len(ratios), (_RESAMPLES, len(ratios)))], axis=1)
    low, high = np.percentile(medians, (2.5, 97.5))
    return {
        "median": round(float(np.median(ratios)), 3),
        "interval": [round(float(low), 3), round(float(high), 3)],
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--warm-up-s", type=float, default=10.0)
    parser.add_argument("--part-s", type=float, default=6.0, help="seconds of each part that is compared")
    parser.add_argument("--classes", default="siren,dog_bark")
    parser.add_argument("--hop", type=float, help="seconds from window to window")
    parser.add_argument(
        "--levels", action="store_true", help="subscribe to levels and scores, as an interface does"
    )
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="another version of the program")
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what it started ends with it
    with virtual_microphone(arguments.minutes + 1) as microphone:
        print(json.dumps(measure(arguments, microphone), indent=2))


if __name__ == "__main__":
    main()
