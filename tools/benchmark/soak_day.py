"""Let `monitor run` hear a made day, faster than it passes; write down what it takes and what it tells.

    python -m tools.benchmark.soak_day OUT --hours 24          # needs Linux and a C compiler
    python -m tools.benchmark.soak_report OUT                  # the figures and curves

The program is the one that ships, on a pipe that it takes for live, under a clock that runs as fast as it can
follow (`fast_clock.py`): background, thresholds, history, memory, log and bus work as in a day that passes.
The clock slows down before the monitor is late. OUT gets `samples.jsonl` (memory, descriptors, threads, disk,
counters and thresholds every five minutes of the day), `events.jsonl` and `about.json`; an OUT that has them
is not written over.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from monitor.bus.messages import Event, Health, NearMissMessage
from monitor.bus.subscriber import Subscriber
from tools.benchmark import made_day
from tools.benchmark.fast_clock import FastClock, missing
from tools.benchmark.process_figures import bytes_below, taken

CLASSES = "siren,smoke_alarm,doorbell,door_knock,baby_cry,dog_bark,car_horn,glass_breaking"
EVERY_S = 300.0
"""Seconds of the day from one line of samples to the next."""
_SLOWEST, _FASTEST = 1.0, 60.0
_LATE_S, _EARLY_S = 10.0, 3.0
"""Seconds of sound that wait to be analysed: with more the clock slows down, with less it speeds up."""
_STEER_S = 0.5
_CONFIG = """\
[window]
hop_s = {hop_s}
max_lag_s = 30.0     # the clock is fast: a hiccup of the machine is many of its seconds
[capture]
ring_s = 120.0
lost_after_s = 10.0
[history]
max_mb = 1.0         # so that the limits are reached within the day
[memory]
keep = "all"
max_mb = 4.0
"""


class Sample(msgspec.Struct, frozen=True):
    """How it was at one moment of the day."""

    hour: float
    """Of sound analysed so far."""
    true_s: float
    """Seconds that have truly passed."""
    speed: float
    shown_s: float
    """Seconds that have passed by the clock of the monitor."""
    taken: dict[str, Any]
    """`process_figures.Taken`."""
    disk: dict[str, int]
    """Bytes of each file below the folders of the monitor, its log included."""
    health: dict[str, Any]


class Day:
    """One run of the monitor, and who listens to it."""

    def __init__(self, out: Path, hours: float, hop_s: float, speed: float) -> None:
        self._out, self._hours = out, hours
        self._own = out / "own"
        self._own.mkdir(parents=True)
        (out / "soak.toml").write_text(_CONFIG.format(hop_s=hop_s), "utf-8")
        self._clock = FastClock(out, speed)
        self._lost = 0

    def run(self) -> int:
        """Let the day pass; return the exit code of the monitor."""
        endpoint = f"ipc://{self._out.absolute()}/bus"
        process = subprocess.Popen(
            self._command(endpoint), stdin=subprocess.PIPE, env=self._environment(),
            stdout=(self._out / "lines.txt").open("wb"), stderr=(self._out / "errors.txt").open("wb"),
        )  # fmt: skip
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        feeder = threading.Thread(target=_feed, args=(process.stdin, self._hours), daemon=True)
        feeder.start()
        begun = time.monotonic(), self._clock.shown_ns(time.monotonic_ns())
        self._listen(endpoint, process, begun)
        code = process.wait()
        self._about(code, time.monotonic() - begun[0])
        return code

    def _command(self, endpoint: str) -> list[str]:
        command = [sys.executable, "-m", "monitor", "run", "--source", "-", "--headless"]
        command += ["--pcm-rate", str(made_day.SAMPLE_RATE), "--classes", CLASSES, "--bind", endpoint]
        return [*command, "--config", str(self._out / "soak.toml"), "--log", str(self._own / "log.jsonl")]

    def _environment(self) -> dict[str, str]:
        own = {f"XDG_{kind}_HOME": str(self._own / kind.lower()) for kind in ("STATE", "DATA", "CACHE")}
        runtime = self._own / "runtime"
        runtime.mkdir(mode=0o700)
        return {**self._clock.environment, **own, "XDG_RUNTIME_DIR": str(runtime)}

    def _listen(self, endpoint: str, process: subprocess.Popen[bytes], begun: tuple[float, int]) -> None:
        """Write down what is told, and steer the clock, until the monitor has ended."""
        due_hour, steer_s = 0.0, 0.0
        with (
            Subscriber(endpoint, ("event/", "near_miss/", "health/")) as subscriber,
            (self._out / "events.jsonl").open("ab") as events,
            (self._out / "samples.jsonl").open("ab") as samples,
        ):
            while process.poll() is None:
                message = subscriber.receive(0.2)
                record = None if message is None else message.record
                if isinstance(record, Event | NearMissMessage):
                    kind = "event" if isinstance(record, Event) else "near_miss"
                    events.write(msgspec.json.encode({"kind": kind, **msgspec.to_builtins(record)}) + b"\n")
                    events.flush()
                if not isinstance(record, Health):
                    continue
                if time.monotonic() >= steer_s:
                    steer_s = time.monotonic() + _STEER_S
                    self._steer(record)
                hour = record.captured / record.sample_rate / 3600.0
                if hour >= due_hour or record.state == "ended":
                    due_hour = hour + EVERY_S / 3600.0
                    samples.write(msgspec.json.encode(self._sample(record, process.pid, begun)) + b"\n")
                    samples.flush()
            self._lost = subscriber.lost

    def _steer(self, health: Health) -> None:
        """Let the clock run as fast as the monitor follows."""
        waits_s = health.pending / health.sample_rate
        factor = 0.85 if waits_s > _LATE_S else 1.04 if waits_s < _EARLY_S else 1.0
        speed = min(_FASTEST, max(_SLOWEST, self._clock.speed * factor))
        if speed != self._clock.speed:
            self._clock.run_at(speed)

    def _sample(self, health: Health, pid: int, begun: tuple[float, int]) -> Sample:
        now_s = time.monotonic()
        return Sample(
            hour=health.captured / health.sample_rate / 3600.0,
            true_s=round(now_s - begun[0], 1),
            speed=round(self._clock.speed, 2),
            shown_s=(self._clock.shown_ns(time.monotonic_ns()) - begun[1]) / 1e9,
            taken=msgspec.to_builtins(taken(pid)),
            disk=bytes_below(self._own),
            health=msgspec.to_builtins(health),
        )

    def _about(self, code: int, true_s: float) -> None:
        about = {
            "hours": self._hours,
            "exit_code": code,
            "true_s": round(true_s, 1),
            "messages_lost_by_the_subscriber": self._lost,
            "left": sorted(bytes_below(self._own)),
        }
        (self._out / "about.json").write_bytes(msgspec.json.format(msgspec.json.encode(about)))


def _feed(pipe: BinaryIO, hours: float) -> None:
    """Write the day into the pipe, as fast as it is read."""
    try:
        chunks = range(round(hours * made_day.HOUR_S / made_day.CHUNK_S))
        pipe.writelines(made_day.chunk(number).tobytes() for number in chunks)
        pipe.close()
    except BrokenPipeError:
        pass  # the monitor has ended, and `about.json` says how


def main() -> int:
    """Let a day pass; return 1 unless the monitor ended in order."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--hop-s", type=float, default=0.25, help="seconds from window to window")
    parser.add_argument("--speed", type=float, default=8.0, help="how fast the clock begins")
    chosen = parser.parse_args()
    if why := missing():
        parser.error(why)
    if (chosen.out / "samples.jsonl").exists():
        parser.error(f"{chosen.out} holds a day already; give another folder")
    chosen.out.mkdir(parents=True, exist_ok=True)
    chosen.out.chmod(0o700)
    return int(Day(chosen.out, chosen.hours, chosen.hop_s, chosen.speed).run() != 0)


if __name__ == "__main__":
    sys.exit(main())
