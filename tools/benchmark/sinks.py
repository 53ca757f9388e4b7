"""What all sinks together cost the pipeline: how long one record keeps it, beside no sink at all.

    python -m tools.benchmark.sinks --events 10000
    python -m tools.benchmark.sinks --events 10000 --only mqtt

Events and near misses go through the real sinks, opened from a configuration as `run` opens them: bus, lines,
log, history, telling people (a web server of this program and a command) and, where mosquitto is installed,
MQTT. Both sets of sinks take the same records, in turns, in one run. Beside it: what one window costs the
pipeline with the model in the box.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import http.server
import json
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from monitor import load_encoder
from monitor.assemble import open_sinks
from monitor.bus.messages import PublishedRecord
from monitor.config.settings import Config, load_config
from monitor.sinks.fanout import Fanout
from monitor.sinks.kinds import SINKS, SinkOptions
from tools.benchmark.made_records import made_event, made_health, made_near_miss, made_noise

EACH_S = 0.002
"""Seconds from record to record: a hundred times as many as a street gives."""
PARTS = 20
_SETTLE_S = 3.0
_HEALTH_EVERY_S = 1.0


class Cost(msgspec.Struct, frozen=True):
    """How long a record kept the thread of the pipeline, microseconds."""

    sinks: str
    records: int
    p50_us: float
    p99_us: float
    max_us: float
    lost: int
    """Records that a sink lost or failed on."""


def records(events: int) -> Iterator[PublishedRecord]:
    """Yield the messages of events, with a near miss after each, and health as often as in life."""
    classes = [f"sound_{number}" for number in range(20)]
    for number in range(events):
        class_ = classes[number % len(classes)]
        if number % round(_HEALTH_EVERY_S / EACH_S / 4) == 0:
            yield made_health(classes)
        for type_ in ("onset", "update", "offset"):
            yield made_event(type_, f"made-{class_}-{number}", class_, urgent=number % 10 == 0)
        yield made_near_miss(number)


def configuration(folder: Path, webhook: str, broker: str | None) -> Config:
    """Return a configuration that asks for all sinks."""
    flags: dict[str, dict[str, object]] = {
        "publish": {"bind": f"ipc://{folder}/bus"},
        "notify": {"targets": {"web": {"webhook": webhook}, "lamp": {"exec": "true"}}},
    }
    if broker is not None:
        flags["mqtt"] = {"url": broker}
    return load_config(None, {}, flags)


@contextlib.contextmanager
def web_server() -> Iterator[str]:
    """Serve an address that takes whatever it is sent."""

    class Takes(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Takes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def mosquitto(folder: Path) -> Iterator[str | None]:
    """Run a broker; None where there is none to run."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None or "mqtt" not in SINKS:
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    broker = subprocess.Popen([program, "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        broker.terminate()
        broker.wait()


def measure(sets: dict[str, Fanout], events: int) -> list[Cost]:
    """Give every set of sinks the same records, a part each in turns, and return what each took."""
    taken: dict[str, list[float]] = {name: [] for name in sets}
    waiting = list(records(events))
    size = -(-len(waiting) // PARTS)
    for start in range(0, len(waiting), size):
        for name, sinks in sets.items():
            taken[name] += _part(sinks, waiting[start : start + size])
    return [
        Cost(name, len(times), *_quantiles(times), sets[name].undelivered) for name, times in taken.items()
    ]


def _part(sinks: Fanout, part: list[PublishedRecord]) -> list[float]:
    times, due_s = [], time.perf_counter()
    for record in part:
        due_s += EACH_S
        time.sleep(max(0.0, due_s - time.perf_counter()))
        begun_s = time.perf_counter()
        sinks.emit(record)
        times.append(time.perf_counter() - begun_s)
    return times


def _quantiles(times: list[float]) -> tuple[float, float, float]:
    steps = statistics.quantiles(times, n=100, method="inclusive")
    return round(1e6 * steps[49], 1), round(1e6 * steps[98], 1), round(1e6 * max(times), 1)


def window_us() -> float:
    """Return what one window costs with the model in the box, microseconds, median of 50."""
    encoder = load_encoder("embedded")
    window = made_noise(encoder.window_len)
    times = []
    for _ in range(50):
        begun_s = time.perf_counter()
        encoder.embed_audio(window)
        times.append(time.perf_counter() - begun_s)
    return 1e6 * statistics.median(times)


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=2500, help="of four records each")
    parser.add_argument("--only", choices=SINKS, help="this sink instead of all")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, web_server() as webhook, mosquitto(Path(name)) as broker:
        folder = Path(name)
        os.environ["XDG_STATE_HOME"] = name
        config = configuration(folder, webhook, broker)
        with (folder / "lines").open("w") as lines, contextlib.redirect_stdout(lines):
            names = None if args.only is None else [args.only]
            opened = open_sinks(config, SinkOptions(headless=True, log=folder / "log"), names)
            sets = {"none": Fanout([]), "all": Fanout(opened.values())}
            gc.collect()
            costs = measure(sets, args.events)
            time.sleep(_SETTLE_S)
            sets["all"].close()
            lost = sets["all"].undelivered
    window = window_us()
    if args.json:
        print(json.dumps({"costs": msgspec.to_builtins(costs), "window_us": window, "lost": lost}))
        return
    print(f"sinks: {', '.join(opened)}; one window of the model: {window:.0f} us; lost: {lost}")
    for cost in costs:
        print(
            f"{cost.sinks:5} {cost.records} records: p50 {cost.p50_us} us, p99 {cost.p99_us} us "
            f"({cost.p99_us / window:.3f} of a window), max {cost.max_us} us"
        )


if __name__ == "__main__":
    main()
