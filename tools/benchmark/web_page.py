"""What the web page costs, and how soon a sound is on it: made records, the real server, a real Chromium.

    python -m tools.benchmark.web_page --seconds 30 [--events 50] [--onsets 40]

Publishes a calm place as a monitor does and, with `--events`, so many messages of events a second; measures
the processor time of the page's server and of Chromium (all its processes, drawing without a graphics card),
and, without `--events`, the time from an onset that is published to the frame in which its word was painted.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from playwright.sync_api import Page, sync_playwright

from monitor.bench.processes import family
from monitor.bus.messages import Event, PublishedRecord
from monitor.bus.publisher import Publisher
from tests.chromium import launched
from tests.tui.fakes import START, event
from tools.benchmark.interface import Place
from tools.benchmark.process_figures import cpu_s, resident_mib

SETTLED_S = 3.0
APART_S = 0.35
NOTE_PAINTS = """() => {
  window.painted = {};
  const word = document.getElementById("word");
  new MutationObserver(() => {
    const said = word.textContent;
    requestAnimationFrame(() => setTimeout(() => { window.painted[said] ??= Date.now(); }));
  }).observe(word, { childList: true, characterData: true, subtree: true });
}"""
"""A task that was put up in a frame runs once that frame has been painted."""


class NotingPublisher(Publisher):
    """Notes when it was given each onset, seconds since 1970."""

    def __init__(self) -> None:
        super().__init__("tcp://127.0.0.1:*")
        self.given: dict[str, float] = {}

    def emit(self, record: PublishedRecord) -> None:
        """Publish `record`."""
        if isinstance(record, Event) and record.type == "onset":
            self.given[record.class_] = time.time()
        super().emit(record)


def latencies_ms(page: Page, place: Place, publisher: NotingPublisher, onsets: int) -> list[float]:
    """Return how long after it was published the word of each onset was painted, ms."""
    page.evaluate(NOTE_PAINTS)
    for number in range(onsets):
        name = f"sound {number}"
        now = time.time() - START.timestamp()
        one = msgspec.structs.replace(event("onset", name, onset=now, id_=name), label=name)
        place.wanted.append(one)
        time.sleep(APART_S)
        place.wanted.append(msgspec.structs.replace(one, type="offset", offset_time=one.onset_time))
    painted = page.evaluate("() => window.painted")
    return [painted[name] - 1000.0 * publisher.given[name] for name in publisher.given if name in painted]


def chromium_of(pid: int) -> list[int]:
    """Return the processes of the browser that this program has started."""
    return [
        one for one in family(pid) if "chrom" in Path(f"/proc/{one}/cmdline").read_text("utf-8", "replace")
    ]


def measure(arguments: argparse.Namespace, folder: str) -> dict[str, Any]:
    """Serve, look on, and return the figures."""
    publisher = NotingPublisher()
    place = Place(publisher, arguments.events)
    place.start()
    command = [sys.executable, "-m", "monitor", "web", "127.0.0.1:0", "--connect", publisher.endpoint]
    command += ["--control", publisher.control_endpoint]
    environment = {**os.environ, "XDG_STATE_HOME": folder}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert server.stdout is not None  # noqa: S101 - a pipe was asked for
        told = re.search(r"http://\S+/", server.stdout.readline())
        assert told is not None  # noqa: S101 - it says so first
        with sync_playwright() as playwright, launched(playwright) as browser:
            page = browser.new_page(viewport={"width": 390, "height": 844})
            page.goto(told[0])
            time.sleep(SETTLED_S)
            found = _shares(server.pid, chromium_of(os.getpid()), arguments.seconds)
            if not arguments.events:
                taken = latencies_ms(page, place, publisher, arguments.onsets)
                p50, p95 = np.percentile(taken, [50, 95])
                found |= {"onsets_painted": len(taken), "p50_ms": round(p50), "p95_ms": round(p95)}
        return found
    finally:
        server.terminate()
        server.wait(10)
        place.stopped.set()
        place.join()
        publisher.close()


def _shares(server: int, chromium: list[int], seconds: float) -> dict[str, Any]:
    before = {pid: cpu_s(pid) for pid in [server, *chromium]}
    time.sleep(seconds)
    spent = {pid: (cpu_s(pid) - before[pid]) / seconds for pid in before}
    return {
        "seconds": seconds,
        "server_share_of_one_core": round(spent.pop(server), 4),
        "chromium_share_of_one_core": round(sum(spent.values()), 4),
        "server_mib": round(resident_mib(server), 1),
    }


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--events", type=float, default=0.0, help="messages of events a second")
    parser.add_argument("--onsets", type=int, default=40)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(parser.parse_args(), folder)))


if __name__ == "__main__":
    main()
