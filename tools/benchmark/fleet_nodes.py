"""A thousand nodes on this computer: what they cost their broker, and what becomes of them when it is killed.

    python -m tools.benchmark.fleet_nodes --nodes 1000 --broker nats      # or mqtt; about four minutes

Each node is the program's own uplink with a connection of its own, its spool on the disk and its own pauses
between attempts; only its sounds are made. A process holds a hundred; another is mosquitto or nats-server.
Then all connect; they run for `--seconds`; `monitor fleet status` is run as it is typed; the broker is killed
amid events and comes back after `--away` seconds; what was written down is compared with what arrived.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from monitor.bus.messages import Report
from monitor.config.settings import UplinkConfig
from monitor.fleet.inbox import Inbox
from monitor.fleet.opening import Reader, open_reader
from monitor.fleet.sightings import Sightings
from tests.mosquitto import Broker
from tests.nats_server import NatsServer
from tools.benchmark.process_figures import cpu_s, resident_mib

_NODES_OF_GROUP = 100
"""A process that waits for its sockets by `select`, as paho does, has no more than 1024 files."""
_STATUS_RUNS = 3
_LOOK_S = 0.1
_SETTLE_S = 10.0
"""What nodes say as they begin is no part of the steady state."""


class Group:
    """A process with some of the nodes."""

    def __init__(self, given: dict[str, Any]) -> None:
        command = [sys.executable, "-m", "tools.benchmark.fleet_node_group", json.dumps(given)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.told: dict[str, Any] = {"written": 0, "waiting": 0, "connected": []}
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        for line in self.process.stdout or ():
            self.told = json.loads(line)

    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self.process.poll() is not None

    def close(self) -> None:
        """End it, however it is."""
        self.process.kill()
        self.process.wait()
        self._thread.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def end(self) -> None:
        """Let it send what waits, and stop."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait(120.0)


class Watcher:
    """Reads everything that the broker brings, as `monitor fleet` does."""

    def __init__(self, url: str) -> None:
        self.sightings, self.inbox = Sightings(), Inbox()
        self.arrived = 0
        """Reports, each once."""
        self._reader: Reader = open_reader(UplinkConfig(url=url), self.sightings, reports=True)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        while not self._ended.wait(_LOOK_S):
            self.arrived += sum(
                isinstance(one, Report) for one in self.inbox.take(self.sightings.take_reports())
            )

    def close(self) -> None:
        """Read no more."""
        self._ended.set()
        self._thread.join()
        self._reader.close()


def main(arguments: list[str] | None = None) -> int:
    """Measure, print what was found as JSON, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--broker", choices=["mqtt", "nats"], default="nats")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the steady part")
    parser.add_argument("--away", type=float, default=20.0, help="seconds without a broker")
    parser.add_argument("--events-per-hour", type=float, default=20.0, help="of each node")
    parser.add_argument("--heartbeat", type=float, default=15.0, help="seconds")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="fleet") as folder:
        found = _measured(given, Path(folder))
    print(json.dumps(found, indent=2))
    return 0 if found["lost"] == 0 or given.broker == "mqtt" else 1


def _measured(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    server = Broker(folder) if given.broker == "mqtt" else NatsServer(folder)
    with server, _nodes(given, folder, server.url) as groups:
        watcher = Watcher(server.url)
        found: dict[str, Any] = {"nodes": given.nodes, "broker": given.broker}
        found["all_seen_s"] = _until_seen(watcher, groups, given.nodes)
        time.sleep(_SETTLE_S)
        found["steady"] = _steady(server.pid, watcher, given.seconds)
        found["status"] = _status(server.url, given.nodes)
        found["storm"] = _storm(server, groups, given)
        for group in groups:
            group.end()
        written = sum(group.told["written"] for group in groups)
        _settle(lambda: watcher.arrived >= written, 30.0)
        watcher.close()
    found |= {
        "reports_written": written,
        "reports_arrived": watcher.arrived,
        "lost": max(0, written - watcher.arrived),
        "came_again": watcher.inbox.repeated,
    }
    return found


@contextmanager
def _nodes(given: argparse.Namespace, folder: Path, url: str) -> Iterator[list[Group]]:
    names = [f"node-{number:05d}" for number in range(given.nodes)]
    common = {
        "url": url,
        "folder": str(folder),
        "heartbeat_s": given.heartbeat,
        "events_per_hour": given.events_per_hour,
    }
    starts = range(0, given.nodes, _NODES_OF_GROUP)
    groups = [Group({**common, "names": names[at : at + _NODES_OF_GROUP]}) for at in starts]
    try:
        yield groups
    finally:
        for group in groups:
            group.close()


def _until_seen(watcher: Watcher, groups: list[Group], nodes: int) -> float:
    begun_s = time.monotonic()
    _settle(lambda: len(watcher.sightings.seen()) >= nodes or any(map(Group.ended, groups)), 180.0)
    if any(map(Group.ended, groups)):
        raise SystemExit("A group of nodes has ended by itself.")
    return round(time.monotonic() - begun_s, 1)


def _settle(done: Callable[[], bool], timeout_s: float) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not done() and time.monotonic() < deadline_s:
        time.sleep(_LOOK_S)


def _steady(pid: int, watcher: Watcher, seconds: float) -> dict[str, float]:
    (messages, content), reports, cpu = watcher.sightings.taken, watcher.arrived, cpu_s(pid)
    begun_s = time.monotonic()
    time.sleep(seconds)
    passed_s = time.monotonic() - begun_s
    later = watcher.sightings.taken
    messages, content = later[0] - messages, later[1] - content
    return {
        "seconds": round(passed_s, 1),
        "messages_per_s": round(messages / passed_s, 1),
        "reports_per_s": round((watcher.arrived - reports) / passed_s, 2),
        "bytes_per_message": round(content / max(1, messages)),
        "broker_cpu_percent": round(100.0 * (cpu_s(pid) - cpu) / passed_s, 1),
        "broker_mib": round(resident_mib(pid), 1),
        "load_average": round(os.getloadavg()[0], 1),
    }


def _status(url: str, nodes: int) -> dict[str, Any]:
    """Run `monitor fleet status` as it is typed."""
    found: dict[str, Any] = {}
    for name, flags in (("with_clocks_s", []), ("without_s", ["--no-clocks"])):
        took: list[float] = []
        before = os.times()
        for _ in range(_STATUS_RUNS):
            begun_s = time.monotonic()
            command = [sys.executable, "-m", "monitor", "fleet", "status", "--json", "--uplink", url, *flags]
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
            took.append(time.monotonic() - begun_s)
            rows = json.loads(done.stdout)
        after = os.times()  # of those that have ended: the groups of nodes have not
        used_s = after.children_user + after.children_system - before.children_user - before.children_system
        found[f"cpu_{name}"] = round(used_s / _STATUS_RUNS, 2)
        statuses = Counter(one["status"] for one in rows)
        found[name] = [round(statistics.median(took), 2), round(max(took), 2)]
        found[f"rows_{name[:-2]}"] = dict(statuses)
        worst = max((abs(one["clock_s"] or 0.0) for one in rows), default=0.0)
        found[f"worst_clock_{name}"] = round(worst, 3)
        found[f"missing_{name[:-2]}"] = nodes - len(rows)
    return found


def _storm(server: Any, groups: list[Group], given: argparse.Namespace) -> dict[str, Any]:
    """Kill the broker, let events happen without it, and follow who comes back when."""
    server.kill()
    killed_s = time.monotonic()
    time.sleep(given.away)
    server.start()
    back_s, cpu = time.monotonic(), cpu_s(server.pid)
    cpu_10s = 0.0
    while time.monotonic() - back_s < 180.0:
        times = sorted(at_s - back_s for group in groups for at_s in group.told["connected"] if at_s > back_s)
        if time.monotonic() - back_s >= 10.0 and not cpu_10s:
            cpu_10s = cpu_s(server.pid) - cpu
        if len(times) == given.nodes and cpu_10s:
            break
        time.sleep(_LOOK_S)
    waited_s = time.monotonic() - back_s
    few = given.nodes // 100  # what happens just now waits for a moment
    _settle(lambda: sum(group.told["waiting"] for group in groups) <= few, 120.0)
    seconds = Counter(int(one) for one in times)
    return {
        "away_s": round(back_s - killed_s, 1),
        "back": len(times),
        "half_s": round(times[len(times) // 2], 1),
        "nine_of_ten_s": round(times[int(0.9 * len(times))], 1),
        "all_s": round(times[-1], 1),
        "most_in_a_second": max(seconds.values()),
        "few_wait_s": round(max(waited_s, time.monotonic() - back_s), 1),
        "broker_cpu_percent_first_10_s": round(10.0 * cpu_10s, 1),
        "broker_mib": round(resident_mib(server.pid), 1),
    }


if __name__ == "__main__":
    sys.exit(main())
