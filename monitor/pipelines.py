"""All sources of a run, turned by one thread: one encoder, one batch for all windows that are due.

Nobody waits for anybody: a source that is lost, late or at its end has no window due, and the others go on.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from monitor.batch import carry
from monitor.encoders import Encoder
from monitor.pipeline import Pipeline
from monitor.records import Reply, Request
from monitor.report import Clock


class Pipelines:
    """The pipelines of a run, in the order in which its sources were named."""

    def __init__(
        self, pipelines: Sequence[Pipeline], encoder: Encoder, arrived: threading.Event, clock: Clock
    ) -> None:
        """Turn `pipelines`, whose rings all set `arrived`; `encoder` is theirs together."""
        self._pipelines = tuple(pipelines)
        self._encoder = encoder
        self._arrived = arrived
        self._clock = clock

    @property
    def ended(self) -> bool:
        """True once every source has ended."""
        return all(pipeline.ended for pipeline in self._pipelines)

    def step(self, timeout_s: float = 0.1) -> bool:
        """Carry each source on by one turn, the same share of sound for each; False once all have ended.

        Waits, for `timeout_s` seconds at most, while there is nothing to do.
        """
        if not self.ended and not any(pipeline.ready for pipeline in self._pipelines):
            self._arrived.wait(timeout_s)
        self._arrived.clear()
        carry([pipeline.turn() for pipeline in self._pipelines], self._encoder, self._clock.monotonic)
        return not self.ended

    def handle(self, request: Request) -> Reply:
        """Do what a local program asks, for the source it names or for all."""
        asked = [one for one in self._pipelines if request.source_id in {None, one.source_id}]
        if not asked:
            known = ", ".join(one.source_id for one in self._pipelines)
            return Reply(ok=False, error=f"There is no source {request.source_id!r}; there are: {known}.")
        replies = [pipeline.handle(request) for pipeline in asked]
        refused = next((reply for reply in replies if not reply.ok), None)
        return refused or Reply(ok=True, rooms=[room for reply in replies for room in reply.rooms])

    def stop_after(self, duration_s: float) -> bool:
        """Stop each source that was heard for `duration_s` seconds; True if the last one ended by it."""
        due = [one for one in self._pipelines if not one.ended and one.position_s >= duration_s]
        carry([pipeline.rest() for pipeline in due], self._encoder, self._clock.monotonic)
        for pipeline in due:
            pipeline.end("stopped")
        return bool(due) and self.ended

    def end(self, ended_by: str) -> None:
        """Hear no more: end what is open, `stopped` by the user or `failed`, and say so."""
        for pipeline in self._pipelines:
            pipeline.end(ended_by)
