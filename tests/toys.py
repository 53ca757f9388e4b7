"""A source and a sink as somebody would add them: each a module with a function, and a line in its table."""

from __future__ import annotations

from pathlib import Path

from monitor.bus.messages import Event, Level, PublishedRecord, ScoresMessage
from monitor.config.settings import Config
from monitor.sinks import Measurement
from monitor.sinks.kinds import SinkOptions
from monitor.sources.options import SourceOptions
from tests.fakes import ArraySource, noise

HEARD = Path("heard.txt")


def open_toy(address: str, _: SourceOptions) -> ArraySource:
    """Return so many seconds of noise as `address` says."""
    return ArraySource(noise(float(address)))


class ToySink:
    """Writes the kind of each record into a file in the current folder."""

    def __init__(self) -> None:
        self._file = HEARD.open("w", encoding="utf-8")

    def takes(self, kind: type[Measurement]) -> bool:
        return kind in {Level, ScoresMessage}

    def emit(self, record: PublishedRecord) -> None:
        self._file.write(f"{type(record).__name__} {record.type if isinstance(record, Event) else ''}\n")

    def close(self) -> None:
        self._file.close()


def make_toy_sink(_: Config, options: SinkOptions) -> ToySink | None:
    """Write where there are lines, too."""
    return ToySink() if options.headless else None
