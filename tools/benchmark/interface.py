"""What the terminal interface costs: at rest and in a storm; this version and another, side by side.

    python -m tools.benchmark.interface --seconds 60 [--other CHECKOUT] [--events 50] [--flags maker]

Publishes a calm place as a monitor does (10 levels, 4 scores and a health report a second) and, with
`--events`, so many messages of events a second; attaches each interface on a terminal of its own, and
measures the processor time of each over the same seconds. At rest also how long after an onset was
published it is painted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from monitor.bench.terminal import Terminal
from monitor.bus.messages import Event
from monitor.bus.publisher import Publisher
from tests.tui.fakes import START, event, health, level, scores
from tools.benchmark.process_figures import cpu_s, resident_mib

ROOT = Path(__file__).parents[2]
WORD = b"may be"
"""Is painted for each onset, and is not on the screen before."""


def shown(checkout: Path, arguments: Sequence[str], endpoint: str, size: tuple[int, int]) -> Terminal:
    """Return an interface on a terminal that is read and thrown away."""
    command = [sys.executable, "-m", "monitor.tui", endpoint, *arguments]
    return Terminal(command, {**os.environ, "PYTHONPATH": str(checkout)}, checkout, size, (WORD,))


class Place(threading.Thread):
    """Publishes what a monitor in a calm place does."""

    def __init__(self, publisher: Publisher, events_per_s: float) -> None:
        super().__init__(daemon=True)
        self._publisher, self._events_per_s = publisher, events_per_s
        self.wanted: list[Event] = []
        self.sent_s = 0.0
        self.stopped = threading.Event()

    def run(self) -> None:
        """Publish until `stopped`."""
        dice = random.Random(1)
        begun = time.monotonic()
        ticks = sent = 0
        while not self.stopped.wait(max(0.0, begun + ticks / 10 - time.monotonic())):
            now = _now_s()
            self._publisher.emit(level(now, dice.uniform(-60.0, -50.0)))
            if ticks % 5 in {0, 2}:
                self._publisher.emit(scores(now, siren=0.03, dog_bark=0.08, smoke_alarm=0.01))
            if ticks % 10 == 0:
                self._publisher.emit(msgspec.structs.replace(health(now), time=datetime.now(UTC)))
            while sent < (time.monotonic() - begun) * self._events_per_s:
                kind = ("onset", "update", "update", "offset")[sent % 4]
                self._publisher.emit(_storm(kind, sent // 4, now))
                sent += 1
            while self.wanted:
                self.sent_s = time.monotonic()
                self._publisher.emit(self.wanted.pop(0))
            self._publisher.poll(lambda _: (_ for _ in ()).throw(RuntimeError))
            ticks += 1


def _now_s() -> float:
    return (datetime.now(UTC) - START).total_seconds()


def _storm(kind: Any, number: int, now: float) -> Event:
    name = ("siren", "dog_bark", "knocking")[number % 3]
    return event(kind, name, onset=now, offset=now if kind == "offset" else None, id_=f"storm-{number}")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of each interface."""
    publisher = Publisher("tcp://127.0.0.1:*")
    place = Place(publisher, arguments.events)
    place.start()
    checkouts = {"this": ROOT} | ({"other": arguments.other.resolve()} if arguments.other else {})
    size = arguments.rows, arguments.columns
    terminals = {
        name: shown(path, arguments.flags if name == "this" else [], publisher.endpoint, size)
        for name, path in checkouts.items()
    }
    try:
        time.sleep(arguments.warm_up_s)
        before = {name: (cpu_s(one.process.pid), one.written) for name, one in terminals.items()}
        begun = time.monotonic()
        time.sleep(arguments.seconds)
        lasted = time.monotonic() - begun
        found: dict[str, Any] = {
            "seconds": round(lasted, 1),
            "events_per_s": arguments.events,
            "size": size[::-1],
        }
        for name, one in terminals.items():
            cpu, written = before[name]
            found[name] = {
                "cpu_share_of_one_core": round((cpu_s(one.process.pid) - cpu) / lasted, 4),
                "resident_mib": round(resident_mib(one.process.pid), 1),
                "bytes_per_s": round((one.written - written) / lasted),
            }
        if not arguments.events:
            for name, latencies in _latencies(place, terminals).items():
                found[name]["onset_to_paint_s"] = latencies
        return found
    finally:
        place.stopped.set()
        for one in terminals.values():
            one.close()


def _latencies(place: Place, terminals: dict[str, Terminal]) -> dict[str, dict[str, float]]:
    """Return median and worst of how long after it was published an onset was painted."""
    found: dict[str, list[float]] = {name: [] for name in terminals}
    for number in range(10):
        for one in terminals.values():
            one.painted_s.clear()
            one.painted.clear()
        now = _now_s()
        onset = event("onset", "knocking", onset=now, id_=f"paint-{number}")
        place.wanted.append(onset)
        for name, one in terminals.items():
            if one.painted.wait(5.0):
                found[name].append(one.painted_s[WORD] - place.sent_s)
        place.wanted.append(
            msgspec.structs.replace(
                onset, type="offset", offset_time=onset.onset_time, offset_sample=onset.onset_sample
            )
        )
        time.sleep(0.5)
    return {
        name: {
            "median": round(statistics.median(all_of_it), 3),
            "worst": round(max(all_of_it), 3),
            "n": len(all_of_it),
        }
        for name, all_of_it in found.items()
        if all_of_it
    }


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--warm-up-s", type=float, default=10.0)
    parser.add_argument("--other", type=Path, metavar="CHECKOUT", help="another version of the program")
    parser.add_argument("--events", type=float, default=0.0, help="messages of events a second")
    parser.add_argument("--columns", type=int, default=120)
    parser.add_argument("--rows", type=int, default=36)
    parser.add_argument("--flags", nargs="*", default=[], help="of this version's interface, without dashes")
    arguments = parser.parse_args()
    arguments.flags = [f"--{flag}" for flag in arguments.flags]
    print(json.dumps(measure(arguments), indent=2))


if __name__ == "__main__":
    main()
