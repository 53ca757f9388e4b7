"""A source that is listened to outside any run: opened, read span by span, and closed again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from monitor.config.settings import CaptureConfig
from monitor.errors import SourceError, SourceLost
from monitor.records import CaptureStatus, Span
from monitor.sources import Source
from monitor.sources.capture import Capture
from monitor.stream.ring import Ring

RATE = 16_000
"""Hz of the sound where nothing else is asked for."""
FIRST_SOUND_S = 5.0
"""A source that has opened and brought nothing for so long brings nothing."""
_STEP_S = 0.1
_RING_S = 10


class OpenedSource:
    """A source that is open; a live one that is not there is not waited for. Used by one thread.

    Overflow: of a live source that is not read for ten seconds the oldest sound is lost; a file waits.
    """

    def __init__(self, source: Source, config: CaptureConfig, rate: int = RATE) -> None:
        required = msgspec.structs.replace(config, require=True)
        self._source = source
        self._rate = rate
        self._ring = Ring(_RING_S * rate)
        self._capture = Capture(source, self._ring, rate, required, wait=not source.live)

    def start(self) -> None:
        """Open the source.

        Raises
        ------
        SourceError
            It cannot be opened.
        """
        self._capture.start()

    def read(self) -> Span | None:
        """Wait a moment for sound, at the rate that was asked for; None: none came, or it has ended.

        Raises
        ------
        SourceLost
            The source went away.
        """
        span = self._ring.read(self._rate, _STEP_S)
        if span is None and self.status.state == "lost":
            raise SourceLost(self.status.reason or f"{self._source.name} went away.")
        return span

    @property
    def ended(self) -> bool:
        """Whether all there was has been read."""
        return self._ring.ended

    @property
    def status(self) -> CaptureStatus:
        """How the source is."""
        return self._capture.status

    @property
    def error(self) -> SourceError | None:
        """What was wrong with a source that has ended."""
        return self._capture.error

    def stop(self) -> None:
        """Close it, also when the driver hangs."""
        self._capture.stop()


@contextmanager
def opened(source: Source, config: CaptureConfig, rate: int = RATE) -> Iterator[OpenedSource]:
    """Open `source` and close it again.

    Raises
    ------
    SourceError
        It cannot be opened.
    """
    reading = OpenedSource(source, config, rate)
    try:
        reading.start()
        yield reading
    finally:
        reading.stop()
