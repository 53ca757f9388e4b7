"""Where records go: other processes, a terminal, a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

from monitor.bus.messages import Level, PublishedRecord, Reply, Request, ScoresMessage, Trouble

__all__ = ["Lossy", "LossyQueue", "Measured", "Measurement", "Polled", "Sink", "Spoken", "Telling", "Watched"]

Measurement: TypeAlias = Level | ScoresMessage
"""What comes several times a second, and is made only for those who take it."""


class Sink(Protocol):
    """Takes every record of a run but measurements, on the pipeline thread.

    It may be one of the others below as well.
    """

    def emit(self, record: PublishedRecord) -> None:
        """Pass `record` on. Never waits for a slow reader and never raises for one."""

    def close(self) -> None:
        """Pass on what can be passed on at once and release everything; may be called twice."""


@runtime_checkable
class Measured(Sink, Protocol):
    """A sink that takes measurements too."""

    def takes(self, kind: type[Measurement]) -> bool:
        """Tell whether a measurement of this kind is of use to anybody at present."""


@runtime_checkable
class Polled(Protocol):
    """A sink that others ask something of the pipeline through."""

    def poll(self, handle: Callable[[Request], Reply]) -> None:
        """Take note that the pipeline goes on, and let `handle` answer what has been asked; never waits."""


@runtime_checkable
class Telling(Protocol):
    """A sink that has something to say to the user."""

    def news(self) -> list[str]:
        """Return what to tell the user that has not been told, one sentence each."""


@runtime_checkable
class Lossy(Telling, Protocol):
    """A sink that may lose records, counts them, and says why."""

    @property
    def dropped(self) -> int:
        """Records lost so far."""


class LossyQueue(Lossy, Protocol):
    """What else may lose something on its way, and is closed at the end."""

    def close(self) -> None:
        """Pass on what can be passed on at once and release everything; may be called twice."""


@runtime_checkable
class Watched(Protocol):
    """A sink without whose reader the run is for nobody."""

    @property
    def closed(self) -> bool:
        """True once nobody takes the records any more: the run may end."""


@runtime_checkable
class Spoken(Protocol):
    """A sink for a program, which cannot read what a person is told on the terminal."""

    def tell(self, trouble: Trouble) -> None:
        """Pass on what concerns the run itself, and no record carries."""
