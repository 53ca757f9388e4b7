"""The line from the `monitor run` that started the interface: what it does, where it publishes, its end.

Each line is a kind and a text. The end of the line is the end of that process, whatever ended it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from monitor.text import sanitise

_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """What the process that started the interface says."""

    kind: str
    """`doing`: what comes before there is a monitor; `note`: to be read; `control`: where it answers;
    `endpoint`: where it publishes, attach to it."""
    text: str


@dataclass(frozen=True, slots=True)
class Orphaned:
    """The process that started the interface is gone, without having ended it."""

    time: datetime


class ParentPipe:
    """Reads the line on a thread of its own."""

    def __init__(self, descriptor: int) -> None:
        """Read from `descriptor`, a pipe's end."""
        self._descriptor = descriptor

    def start(self, notify: Callable[[Told | Orphaned], None]) -> None:
        """Begin; `notify` is called from the thread and must return at once."""
        threading.Thread(target=self._read, args=(notify,), name="tui-parent", daemon=True).start()

    def _read(self, notify: Callable[[Told | Orphaned], None]) -> None:
        with os.fdopen(self._descriptor, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                kind, _, text = line.rstrip("\n").partition(" ")
                notify(Told(kind, sanitise(text, _LONGEST)))
        notify(Orphaned(datetime.now().astimezone()))
