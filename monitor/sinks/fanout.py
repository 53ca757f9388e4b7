"""All sinks of a run as one: what one of them does wrong is counted and told, and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from monitor.bus.messages import Level, PublishedRecord, Reply, Request, ScoresMessage, Trouble
from monitor.sinks import Lossy, LossyQueue, Measured, Measurement, Polled, Sink, Spoken, Watched


class Fanout:
    """A `Sink` that passes each record on to all `sinks`, and never raises."""

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self.failures = 0
        """Records that a sink failed on; of two sinks, two."""
        self._sinks: list[Sink] = []
        self._measured: list[Measured] = []
        self._polled: list[Polled] = []
        self._lossy: list[Lossy] = []
        self._watched: list[Watched] = []
        self._spoken: list[Spoken] = []
        self._gone = 0  # lost by sinks that were removed
        self._told: set[str] = set()
        self._others: list[LossyQueue] = []
        self._news: list[str] = []
        for sink in sinks:
            self.add(sink)

    def add(self, sink: Sink, *, watched: bool = True) -> None:
        """Pass records on to `sink` as well; `watched`: the run is for nobody once it says so."""
        self._sinks.append(sink)
        if isinstance(sink, Measured):
            self._measured.append(sink)
        if isinstance(sink, Polled):
            self._polled.append(sink)
        if isinstance(sink, Lossy):
            self._lossy.append(sink)
        if watched and isinstance(sink, Watched):
            self._watched.append(sink)
        if isinstance(sink, Spoken):
            self._spoken.append(sink)

    def remove(self, sink: Sink) -> None:
        """Pass no more records on to `sink`; whoever asked for it closes it."""
        self._gone += sink.dropped if isinstance(sink, Lossy) else 0
        kinds: list[list[Any]] = [
            self._sinks, self._measured, self._polled, self._lossy, self._watched, self._spoken,
        ]  # fmt: skip
        for one in kinds:
            one[:] = [kept for kept in one if kept is not sink]

    def count(self, other: LossyQueue) -> None:
        """Count and tell what `other` loses, which takes no records; close it with the sinks."""
        self._others.append(other)
        self._lossy.append(other)

    @property
    def dropped(self) -> int:
        """Records that were lost to somebody slow or a full disk; of two sinks, two."""
        return self._gone + sum(sink.dropped for sink in self._lossy)

    @property
    def undelivered(self) -> int:
        """Records that a sink failed on or lost; of two sinks, two."""
        return self.failures + self.dropped

    @property
    def closed(self) -> bool:
        """True once a sink says that the run is for nobody."""
        return any(sink.closed for sink in self._watched)

    def takes(self, kind: type[Measurement]) -> bool:
        """Tell whether a measurement of this kind is of use to anybody at present."""
        return any(sink.takes(kind) for sink in self._measured)

    def emit(self, record: PublishedRecord) -> None:
        """Pass `record` on, a measurement to those who take any. Never waits longer than the sinks do."""
        measured = isinstance(record, Level | ScoresMessage)
        for sink in self._measured if measured else self._sinks:
            try:
                sink.emit(record)
            except Exception as error:  # noqa: BLE001 - the other sinks must hear of it
                self.failures += 1
                self._note(sink, error)

    def poll(self, handle: Callable[[Request], Reply]) -> None:
        """Let `handle` answer what was asked through any sink; never waits."""
        for sink in self._polled:
            sink.poll(handle)

    def tell(self, trouble: Trouble) -> None:
        """Let programs know what a person is told on the terminal."""
        for sink in self._spoken:
            sink.tell(trouble)

    def close(self) -> None:
        """Close all sinks."""
        every: list[Sink | LossyQueue] = [*self._sinks, *self._others]
        for sink in every:
            try:
                sink.close()
            except Exception as error:  # noqa: BLE001 - the other sinks must be closed
                self._note(sink, error)

    def news(self) -> list[str]:
        """Return what has not been told yet, one sentence for each kind of failure of each sink."""
        news, self._news = self._news, []
        return news + [sentence for sink in self._lossy for sentence in sink.news()]

    def _note(self, sink: object, error: Exception) -> None:
        where, what = type(sink).__name__, type(error).__name__
        if f"{where} {what}" not in self._told:
            self._told.add(f"{where} {what}")
            self._news.append(
                f"{where} cannot take what it is given ({what}: {error}); the rest of the program goes on."
            )
