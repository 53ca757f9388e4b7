"""Both ends of the line: sources by their names, sinks by the settings; and the clock of this machine."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from monitor.config.fleet import without_groups
from monitor.config.settings import Config
from monitor.errors import ConfigError
from monitor.pipeline.reporter import Clock
from monitor.sinks import Sink
from monitor.sinks.kinds import SINKS, SinkOptions, make_sink
from monitor.sources import Source
from monitor.sources.options import SourceOptions
from monitor.sources.schemes import make_source


def _suspended() -> float:
    """Return the seconds for which the machine has slept since it was started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()


SYSTEM_CLOCK = Clock(
    monotonic=time.monotonic,
    utc=lambda: datetime.now(UTC),
    suspended=_suspended if hasattr(time, "CLOCK_BOOTTIME") else float,
)


def open_sinks(config: Config, options: SinkOptions, names: Iterable[str] | None = None) -> dict[str, Sink]:
    """Open the sinks that are asked for, by name; `names`: only these.

    Raises
    ------
    MonitorError
        One cannot be had; the others are closed again.
    """
    config = without_groups(config)
    opened: dict[str, Sink] = {}
    with contextlib.ExitStack() as stack:
        for name in SINKS if names is None else names:
            sink = make_sink(name, config, options)
            if sink is not None:
                opened[name] = sink
                stack.callback(sink.close)
        stack.pop_all()
    return opened


def make_sources(specs: Sequence[str], options: SourceOptions) -> list[Source]:
    """Return the sources that `specs` name; none is open yet.

    Raises
    ------
    ConfigError
        One is no source, or standard input is named twice.
    SourceError
        What one names cannot be a source.
    """
    if specs.count("-") > 1:
        raise ConfigError("Standard input (-) can be one source only; give the other as file:PATH.")
    return [make_source(spec, options) for spec in specs]
