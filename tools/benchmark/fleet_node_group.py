"""Some of the nodes of `tools.benchmark.fleet_nodes`, in one process: the program's uplinks, without sound.

Each has its own connection, spool on the disk, and state; its events come at random. It goes on until
standard input ends. What it prints, one JSON object a line: how many messages of events there were, how many
reports wait, and when each connection that holds was made.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
import uuid
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from msgspec.structs import replace

from monitor.bus.messages import Event, Health
from monitor.config.settings import UplinkConfig
from monitor.sinks.uplink.link import Topics
from monitor.sinks.uplink.opening import make_link
from monitor.sinks.uplink.remote import Remote
from monitor.sinks.uplink.spool import Spool
from monitor.sinks.uplink.summary import About, Summary
from monitor.sinks.uplink.worker import Worker
from monitor.waiting import readable
from tools.benchmark.made_records import made_event, made_health

_TICK_S = 0.1
_APART_S = 0.01
_HEALTH_S = 10.0
_LASTS_S = 3.0


class MadeNode:
    """A node whose sounds are made up."""

    def __init__(self, name: str, settings: UplinkConfig, folder: Path, events_per_hour: float) -> None:
        self.connected_s = 0.0
        """Monotonic clock, when its connection was made; 0: there is none."""
        self.written = 0
        """Messages of events so far."""
        run, now = uuid.uuid4().hex[:12], datetime.now(UTC)
        about = About(name, run, "made", "a made place", now, settings.heartbeat_s)
        self.spool = Spool(folder / f"{name}.sqlite", settings.keep_days, settings.max_mb)
        remote = Remote(name, folder / f"{name}.json", False, None, 60.0, lambda _: None)
        connect = make_link(settings, Topics(settings.prefix, name))
        self.worker = Worker("it", Summary(about), self.spool, remote, connect, settings, deque())
        self._per_s = events_per_hour / 3600.0
        self._health_s = 0.0
        self._health: Health = made_health(("siren", "dog_bark"))
        self._open: list[tuple[float, Event]] = []

    @property
    def waits(self) -> bool:
        """Whether the broker does not have everything yet."""
        return bool(self.spool) or not self.worker.mailbox.empty()

    def step(self, now_s: float, passed_s: float) -> None:
        """Let what is due happen."""
        if self.worker.connected != bool(self.connected_s):
            self.connected_s = now_s if self.worker.connected else 0.0
        if now_s >= self._health_s:
            self._health_s = now_s + _HEALTH_S * random.uniform(0.8, 1.2)
            self.worker.take(replace(self._health, time=datetime.now(UTC)))
        if random.random() < self._per_s * passed_s:
            event = made_event("onset", uuid.uuid4().hex, urgent=False)
            self._tell(event)
            self._open.append((now_s + _LASTS_S, event))
        while self._open and self._open[0][0] <= now_s:
            _, event = self._open.pop(0)
            self._tell(replace(made_event("offset", event.id, urgent=False), onset_time=event.onset_time))

    def _tell(self, event: Event) -> None:
        if self.worker.take(event):
            self.written += 1


def main() -> NoReturn:
    """Run nodes until standard input ends; what they are is the first argument."""
    given = json.loads(sys.argv[1])
    settings = UplinkConfig(url=given["url"], heartbeat_s=given["heartbeat_s"])
    nodes = [
        MadeNode(name, settings, Path(given["folder"]), given["events_per_hour"]) for name in given["names"]
    ]
    for node in nodes:
        node.worker.start()
        time.sleep(_APART_S)
    before_s = time.monotonic()
    told_s = before_s
    while not readable(sys.stdin, _TICK_S):
        now_s = time.monotonic()
        for node in nodes:
            node.step(now_s, now_s - before_s)
        before_s = now_s
        if now_s - told_s > 1.0:
            told_s = now_s
            _tell(nodes)
    _end(nodes)


def _end(nodes: list[MadeNode]) -> NoReturn:
    """Let what waits be sent, and stop."""
    deadline_s = time.monotonic() + 60.0
    while time.monotonic() < deadline_s and any(one.waits for one in nodes):
        time.sleep(0.1)
    _tell(nodes)
    os._exit(0)  # a thousand good-byes, one after another, take a minute


def _tell(nodes: list[MadeNode]) -> None:
    waiting = sum(len(node.spool) for node in nodes)
    written = sum(node.written for node in nodes)
    connected = [round(node.connected_s, 2) for node in nodes if node.connected_s]
    print(json.dumps({"written": written, "waiting": waiting, "connected": connected}), flush=True)


if __name__ == "__main__":
    main()
