"""`--log FILE`: what was heard, nearly heard and went wrong, one JSON object a line, kept for later.

Each line is the payload of the wire with its `topic` before it. Lines are added to what the file holds.
The name is followed: a file that was renamed or removed (logrotate) gets no further line.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from monitor.bus.codec import encode_with_topic
from monitor.bus.messages import Event, Health, NearMissMessage, PublishedRecord
from monitor.config.settings import Config
from monitor.errors import ConfigError
from monitor.sinks.kinds import SinkOptions
from monitor.sinks.queued import QueuedSink


class LogFile:
    """A `Sink` that adds a line to a file for every record; waits for a slow disk.

    Raises
    ------
    ConfigError
        The file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        try:
            self._fd = _opened(self._path)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise ConfigError(f"The log {path} cannot be written: {why}; give --log another file.") from None
        self._torn = False

    def emit(self, record: PublishedRecord) -> None:
        """Write one line, into the file that has the name now.

        Raises
        ------
        OSError
            It is not written, or not to its end; the next one begins a line of its own all the same.
        """
        self._follow()
        line = encode_with_topic(record) + b"\n"
        rest = memoryview(b"\n" + line if self._torn else line)
        self._torn = True
        while rest:
            rest = rest[os.write(self._fd, rest) :]
        self._torn = False

    def close(self) -> None:
        """Close the file; may be called twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _follow(self) -> None:
        """Open the name again where it is another file's, or nobody's; until it can be, the old serves."""
        held = os.fstat(self._fd)
        with suppress(OSError):
            if os.path.samestat(self._path.stat(), held):
                return
        try:
            new = _opened(self._path)
        except OSError:
            if held.st_nlink:
                return
            raise
        os.close(self._fd)
        self._fd, self._torn = new, False


class Worth:
    """Tells which records are worth a line: events, near misses, and health where it changes."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[object, ...]] = {}

    def keeping(self, record: PublishedRecord) -> bool:
        """Return whether `record` is; records come in order."""
        if not isinstance(record, Health):
            return isinstance(record, Event | NearMissMessage)
        now = (
            record.state, record.reason, record.hearing, record.hearing_reason, record.hearing_change,
            record.warning, record.channels, record.clock_step, record.overflow, record.reopened,
            record.changes, record.self_test,
        )  # fmt: skip
        before, self._before[record.source_id] = self._before.get(record.source_id), now
        return now != before


def _opened(path: Path) -> int:
    """Return what writes at the end; a named pipe that nobody reads is refused, not waited for."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    os.set_blocking(descriptor, True)
    return descriptor


def open_log(_: Config, options: SinkOptions) -> QueuedSink | None:
    """Keep a log where that is asked for.

    Raises
    ------
    ConfigError
        The file cannot be opened.
    """
    if options.log is None:
        return None
    return QueuedSink(LogFile(options.log), f"The log {options.log}", Worth().keeping)
