"""The event bus: a socket that everybody on this machine may read, and one that its user alone may ask.

Overflow: a subscriber that reads too slowly loses its own newest messages and nobody else's. ZeroMQ tells
neither side, so every message carries an epoch and a sequence, and once a second a heartbeat carries the
sequences of all topics: from these a subscriber counts what it lost. A thread of its own serves both sockets
(`server.py`), so that a heartbeat does not depend on the pipeline and says how long ago that last turned.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable

import zmq

from monitor.bus.addresses import check_endpoint
from monitor.bus.doors import Door, sign_of_this_user
from monitor.bus.messages import Level, PublishedRecord, Reply, Request, ScoresMessage
from monitor.bus.public_door import Gatekeeper, Public, open_public
from monitor.bus.server import BusThread
from monitor.bus.sockets import bind_both, control_socket, events_socket, remove_file_of
from monitor.errors import PublishError
from monitor.start import before_leaving

HEARTBEAT_EVERY_S = 1.0
_REQUESTS_PER_POLL = 20
"""So that a flood of questions cannot hold up the pipeline."""
_CLOSE_S = 2.0


class Publisher:
    """A `Sink` that publishes every record, and asks the pipeline what others ask. Used by one thread.

    Parameters
    ----------
    bind
        ``tcp://<loopback>:<port>``, port ``0`` or ``*`` for a free one, or ``ipc://<path>``.
    high_water_mark
        Messages queued per slow subscriber before the newest are dropped for that one.
    control
        ``ipc://<path>`` of the control socket; None: the place that belongs to `bind` (`control.py`).
    heartbeat_every_s
        Seconds between heartbeats.
    history
        Answers `history` requests, on a thread of its own; None: no history is kept.
    public
        Where other machines may come in, with keys; None: nowhere.

    Raises
    ------
    PublishError
        The address is not valid, not loopback, or in use; or the control socket cannot be had.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - two doors, and what they are for
        self,
        bind: str,
        high_water_mark: int = 1000,
        control: str | None = None,
        heartbeat_every_s: float = HEARTBEAT_EVERY_S,
        history: Callable[[Request], Reply] | None = None,
        public: Public | None = None,
    ) -> None:
        address = check_endpoint(bind, any_port=True)
        self.epoch = uuid.uuid4().hex
        """Identity of this run."""
        self._context = zmq.Context()
        events = events_socket(self._context, high_water_mark)
        answering = control_socket(self._context)
        doors = [Door(events, answering, sign_of_this_user)]
        self._gatekeeper: Gatekeeper | None = None
        self.public_endpoint: str | None = None
        """Where other machines may come in."""
        try:
            self.endpoint, self.control_endpoint = bind_both(events, answering, address, control)
            """Where the records are, with the port that was found, and where requests are answered."""
            if public is not None:
                self._gatekeeper = Gatekeeper(self._context, public.keys)
                self.public_endpoint, door = open_public(
                    self._context, public, self._gatekeeper, high_water_mark
                )
                doors.append(door)
        except BaseException:
            self._release(doors)
            raise
        self._bus = BusThread(doors, self.epoch, heartbeat_every_s, history)
        self._bus.start()
        self._closed = False
        self._stay = before_leaving(self._remove_files)

    @property
    def refused(self) -> int:
        """Connections that were cut off because they sent or took too much."""
        return self._bus.refused

    def takes(self, kind: type[Level | ScoresMessage]) -> bool:
        """Tell whether anybody subscribes to measurements of this kind."""
        return self._bus.takes(kind)

    def emit(self, record: PublishedRecord) -> None:
        """Publish `record`. Never waits; after `close` it is dropped.

        Raises
        ------
        PublishError
            Something went wrong while an earlier record was published; this one is published all the same.
        """
        if self._closed:
            return
        error = self._bus.failures.popleft() if self._bus.failures else None
        self._bus.outbox.put(record)
        if error is not None:
            raise PublishError(f"A message could not be published ({type(error).__name__}: {error}).")

    def poll(self, handle: Callable[[Request], Reply]) -> None:
        """Take note that the pipeline goes on, and let it answer what has been asked; never waits.

        Parameters
        ----------
        handle
            Answers every well-formed request but `snapshot` and `history`, which need no pipeline.
        """
        self._bus.stepped_s = time.monotonic()
        self._bus.steps += 1
        self._bus.requests.serve(handle, _REQUESTS_PER_POLL)

    def close(self) -> None:
        """Hand over the last messages, for at most about half a second, and release the sockets."""
        if self._closed:
            return
        self._closed = True
        self._bus.stop(_CLOSE_S)
        if self._gatekeeper is not None:
            self._gatekeeper.close()
        if self._bus.is_alive():
            self._remove_files()
            threading.Thread(target=self._end_late, name="bus end", daemon=True).start()
        else:
            self._context.term()
        self._stay()

    def _end_late(self) -> None:
        """Let the context go once the thread that had no time to end has closed its sockets."""
        self._bus.join()
        self._context.term()

    def _remove_files(self) -> None:
        """Leave no socket behind, where the thread that owns them cannot put them in order any more."""
        for address in (self.endpoint, self.control_endpoint):
            remove_file_of(address)

    def _release(self, doors: list[Door]) -> None:
        """Let go of what was had before something could not be."""
        for door in doors:
            door.close(linger_ms=0)
        if self._gatekeeper is not None:
            self._gatekeeper.close()
        self._context.destroy(linger=0)
