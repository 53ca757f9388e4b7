"""Where records go: other processes, a terminal, a file."""

from __future__ import annotations

from typing import Protocol

from monitor.bus.messages import PublishedRecord

__all__ = ["Sink"]


class Sink(Protocol):
    """Takes every record of a run, on the pipeline thread."""

    def emit(self, record: PublishedRecord) -> None:
        """Pass `record` on. Never waits for a slow reader and never raises for one."""

    def close(self) -> None:
        """Pass on what can be passed on at once and release everything; may be called twice."""
