"""All sinks of a run as one: what one of them does wrong is counted and told, and the others go on."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.bus.messages import PublishedRecord
from monitor.sinks import Sink


class Fanout:
    """A `Sink` that passes each record on to all `sinks`, and never raises."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self.failures = 0
        """Records that a sink failed on; of two sinks, two."""
        self._sinks = tuple(sinks)
        self._told: set[str] = set()
        self._news: list[str] = []

    def add(self, sink: Sink) -> None:
        """Pass records on to `sink` as well, from now on."""
        self._sinks = (*self._sinks, sink)

    def emit(self, record: PublishedRecord) -> None:
        """Pass `record` on. Never waits longer than the sinks do."""
        for sink in self._sinks:
            try:
                sink.emit(record)
            except Exception as error:  # noqa: BLE001 - the other sinks must hear of it
                self.failures += 1
                self._note(sink, error)

    def close(self) -> None:
        """Close all sinks."""
        for sink in self._sinks:
            try:
                sink.close()
            except Exception as error:  # noqa: BLE001 - the other sinks must be closed
                self._note(sink, error)

    def news(self) -> list[str]:
        """Return what has not been told yet, one sentence for each kind of failure of each sink."""
        news, self._news = self._news, []
        return news

    def _note(self, sink: Sink, error: Exception) -> None:
        where, what = type(sink).__name__, type(error).__name__
        if f"{where} {what}" not in self._told:
            self._told.add(f"{where} {what}")
            self._news.append(
                f"{where} cannot take what it is given ({what}: {error}); the rest of the program goes on."
            )
