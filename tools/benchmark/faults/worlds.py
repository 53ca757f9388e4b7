"""The places where faults happen, by name: each has one monitor, started well, and what disturbs it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests import mosquitto
from tests.vmic import missing as no_microphones
from tools.benchmark.faults.listener_worlds import Broker, Interface, Subscribers
from tools.benchmark.faults.microphone_worlds import AbsentMicrophone, DefaultMicrophone, Microphones
from tools.benchmark.faults.switched_worlds import Clock, Disk, Driver, Encoder, ReadOnlyDisk
from tools.benchmark.faults.world import World


def _no_disk() -> str:
    root = os.geteuid() == 0 and sys.platform == "linux" and shutil.which("mount")
    return "" if root else "mounting a small disk needs root"


WORLDS: dict[str, tuple[type[World], Callable[[], str]]] = {
    "microphone": (Microphones, no_microphones),
    "absent microphone": (AbsentMicrophone, no_microphones),
    "default": (DefaultMicrophone, no_microphones),
    "driver": (Driver, str),
    "encoder": (Encoder, str),
    "clock": (Clock, str),
    "disk": (Disk, _no_disk),
    "read-only disk": (ReadOnlyDisk, _no_disk),
    "broker": (Broker, mosquitto.missing),
    "interface": (Interface, str),
    "subscribers": (Subscribers, str),
}
"""Each by its name, with what says why it cannot be had here; empty where it can."""


@contextlib.contextmanager
def opened(name: str) -> Iterator[World]:
    """Make a world, and end it."""
    kind, _ = WORLDS[name]
    folder = Path(tempfile.mkdtemp(prefix="f"))  # short: a socket's path is limited to 107 bytes
    world: World | None = None
    try:
        world = kind(folder)
        yield world
    finally:
        if world is not None:
            world.close()
        shutil.rmtree(folder, ignore_errors=True)
