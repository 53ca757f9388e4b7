"""What telling people costs the pipeline, and what is lost while the network is down.

    python -m tools.benchmark.notify --events 10000 --kills 1000 --json

Events go through the sink as a pipeline gives them to it, to a web server of this program and to a command.
How long `emit` takes is measured beside a sink that does nothing, and beside the log of `--log`. Then the
server is away for half of the events, and comes back: what arrives, what arrives late, what never does. With
`--kills` a program that keeps messages on the disk is killed so often while it does.
"""

from __future__ import annotations

import argparse
import http.server
import json
import os
import random
import signal
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import msgspec

from monitor.bus.messages import Event, PublishedRecord
from monitor.config.settings import TargetConfig
from monitor.sinks import Sink
from monitor.sinks.log import LogFile, Worth
from monitor.sinks.notify.courier import Courier
from monitor.sinks.notify.notifier import Notifier, NotifySink, Told
from monitor.sinks.notify.planner import Planner
from monitor.sinks.notify.spool import Spool
from monitor.sinks.notify.texts import of_event
from monitor.sinks.notify.ways import open_channel
from monitor.sinks.queued import QueuedSink
from tools.benchmark.made_records import made_event

CLASSES = 20
GRACE_S = 60.0
EACH_S = 0.0005
"""Seconds from event to event: a thousand times as many as a street gives."""


class Cost(msgspec.Struct, frozen=True):
    """How long `emit` kept the thread that called it, microseconds."""

    p50_us: float
    p99_us: float
    max_us: float
    total_ms: float


class Delivery(msgspec.Struct, frozen=True):
    """What became of the events of one target while the server was away for a while."""

    events: int
    messages: int
    """That arrived."""
    told: int
    """Events these were about."""
    late: int
    """Messages that arrived more than a second after they were to be told."""
    latest_s: float
    lost: int
    """Counted by the sink."""
    twice: int
    """Messages that arrived more than once."""


class Kills(msgspec.Struct, frozen=True):
    """What became of messages whose program was killed while it wrote them."""

    kills: int
    kept: int
    """Messages that the program had been told were on the disk."""
    lost: int
    """Of these, those that were not there afterwards."""
    broken: int
    """Files that no message could be read from."""


class Nothing:
    """A sink that does nothing: what a call costs by itself."""

    def emit(self, record: PublishedRecord) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Server:
    """A web server that notes what it is sent."""

    def __init__(self, port: int = 0) -> None:
        self.received: list[tuple[int, float, bytes]] = []
        """How many events each message was about, how late it was, its body."""
        self.reached = threading.Event()
        """Set once something has come."""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                times, late_s = int(self.headers["Monitor-Times"]), float(self.headers["Monitor-Late-S"])
                outer.received.append((times, late_s, body))
                outer.reached.set()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Let nobody connect any more."""
        self._server.shutdown()
        self._server.server_close()


def event(number: int) -> Event:
    """Return the beginning of an event, one class after the other."""
    return made_event("onset", f"run-{number}", f"class_{number % CLASSES}", urgent=False)


def notify_sink(targets: dict[str, TargetConfig], folder: Path) -> NotifySink:
    """Return the sink of `monitor run`, with a spool below `folder`."""
    told = [
        Told(Planner(one), Courier(name, open_channel(name, one), Spool(folder, name), one.keep_s))
        for name, one in targets.items()
    ]
    notifier = Notifier(told, 60.0, close_s=GRACE_S)
    notifier.start()
    return NotifySink(notifier, GRACE_S)


def cost(sink: Sink, events: list[Event], pause_s: float) -> Cost:
    """Return what `emit` takes, each event some time after the one before."""
    took = []
    for one in events:
        began = time.perf_counter_ns()
        sink.emit(one)
        took.append((time.perf_counter_ns() - began) / 1000.0)
        time.sleep(pause_s)
    centiles = statistics.quantiles(took, n=100)
    return Cost(
        round(centiles[49], 2), round(centiles[98], 2), round(max(took), 1), round(sum(took) / 1000.0, 2)
    )


def costs(events: list[Event], pause_s: float, folder: Path) -> dict[str, Cost]:
    """Return what `emit` takes of each sink."""
    server = Server()
    targets = {
        "hook": TargetConfig(webhook=f"http://127.0.0.1:{server.port}/"),
        "lamp": TargetConfig(exec="true"),
    }
    sinks: dict[str, Callable[[], Sink]] = {
        "nothing": Nothing,
        "log": lambda: QueuedSink(LogFile(folder / "log"), "log", Worth().keeping, max_pending=len(events)),
        "notify": lambda: notify_sink(targets, folder),
    }
    found = {}
    for name, make in sinks.items():
        sink = make()
        found[name] = cost(sink, events, pause_s)
        sink.close()
    server.close()
    return found


def outage(events: list[Event], pause_s: float, cooldown_s: float, folder: Path) -> Delivery:
    """Send `events` while nobody is there for the first half of them; return what arrives."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    target = TargetConfig(webhook=f"http://127.0.0.1:{port}/", cooldown_s=cooldown_s)
    sink = notify_sink({"hook": target}, folder)
    half = len(events) // 2
    for one in events[:half]:
        sink.emit(one)
        time.sleep(pause_s)
    server = Server(port)
    for one in events[half:]:
        sink.emit(one)
        time.sleep(pause_s)
    server.reached.wait(GRACE_S)  # what fails as the program ends is left to the next run
    sink.close()
    server.close()
    late = [late_s for _, late_s, _ in server.received if late_s > 1.0]
    bodies = [body for _, _, body in server.received]
    return Delivery(
        events=len(events),
        messages=len(bodies),
        told=sum(times for times, _, _ in server.received),
        late=len(late),
        latest_s=max(late, default=0.0),
        lost=sink.dropped,
        twice=len(bodies) - len(set(bodies)),
    )


def killed(times: int, folder: Path) -> Kills:
    """Kill a program `times` times while it keeps messages below `folder`."""
    chance = random.Random(0)
    kept = lost = broken = 0
    for _ in range(times):
        reader, writer = os.pipe()
        if (pid := os.fork()) == 0:
            _keep_for_ever(folder, writer)
        os.close(writer)
        promised = os.read(reader, 1)  # it has begun
        time.sleep(chance.uniform(0.0, 0.02))
        os.kill(pid, signal.SIGKILL)
        while piece := os.read(reader, 1 << 16):
            promised += piece
        os.close(reader)
        os.waitpid(pid, 0)
        files = list((folder / "killed").glob("*.message"))
        spool = Spool(folder, "killed")
        found = {name for name, _ in spool.found()}
        kept, broken = kept + len(promised), broken + len(files) - len(found)
        lost += sum(f"{number:020d}" not in found for number in range(len(promised)))
        for name in found:
            spool.remove(name)
        spool.close()
    return Kills(times, kept, lost, broken)


def _keep_for_ever(folder: Path, writer: int) -> NoReturn:
    """Keep message after message, and say of each that it is kept."""
    spool, number = Spool(folder, "killed"), 0
    while True:
        spool.add(f"{number:020d}", of_event(event(number), datetime.now(UTC)))
        os.write(writer, b".")
        number += 1


def main() -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--each", type=int, default=400, help="events of the target that is told of each")
    parser.add_argument("--kills", type=int, default=0, help="of a program that keeps messages on the disk")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    events = [event(number) for number in range(arguments.events)]
    with tempfile.TemporaryDirectory() as folder:
        kills = killed(arguments.kills, Path(folder))  # before there are threads
        found = costs(events, EACH_S, Path(folder))
        counted = outage(events, EACH_S, 300.0, Path(folder, "counted"))
        each = outage(events[: arguments.each], 0.01, 0.0, Path(folder, "each"))
    result = {
        "emit": msgspec.to_builtins(found),
        "ratio_p50": round(found["notify"].p50_us / found["nothing"].p50_us, 1),
        "outage, counted": msgspec.to_builtins(counted),
        "outage, each a message": msgspec.to_builtins(each),
        "killed while writing": msgspec.to_builtins(kills),
    }
    print(json.dumps(result) if arguments.json else json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
