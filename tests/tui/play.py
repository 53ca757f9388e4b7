"""``python -m tests.tui.play [ENDPOINT]``: publish the synthetic scene for ever, to look at."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime

import msgspec

from monitor.bus.messages import ClassState, Heartbeat, Reply, Request
from monitor.bus.publisher import Publisher
from monitor.records import SourceState

from .fakes import CLASSES, SCENE_TICKS, START, health, scene


class Stage:
    """Plays the scene and does what it is asked."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._classes: tuple[ClassState, ...] = CLASSES
        self._paused = False

    def handle(self, request: Request) -> Reply:
        """Answer as a monitor does."""
        if request.request == "pause":
            self._paused = bool(request.value)
            state: SourceState = "paused" if self._paused else "running"
            self._publisher.emit(health(_seconds(), state, classes=self._classes))
            return Reply(ok=True)
        if request.class_ not in {entry.class_ for entry in self._classes}:
            return Reply(ok=False, error=f"Unknown class {request.class_!r}; choose a listed one.")
        change = {"muted": request.value} if request.request == "mute" else {"onset_threshold": request.value}
        self._classes = tuple(
            msgspec.structs.replace(entry, **change) if entry.class_ == request.class_ else entry
            for entry in self._classes
        )
        self._publisher.emit(health(_seconds(), classes=self._classes))
        return Reply(ok=True)

    def play(self) -> None:
        """Publish one run of the scene in real time."""
        base = _seconds()
        for tick in range(SCENE_TICKS):
            for record in () if self._paused else scene(tick, base, self._classes):
                if not isinstance(record, Heartbeat):  # the publisher sends its own
                    self._publisher.emit(record)
            while _seconds() < base + (tick + 1) / 10.0:
                self._publisher.poll(self.handle)
                time.sleep(0.02)


def _seconds() -> float:
    return (datetime.now(UTC) - START).total_seconds()


if __name__ == "__main__":
    stage = Stage(Publisher(sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5557"))
    while True:
        stage.play()
