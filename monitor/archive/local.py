"""The engine `local`: processes of this machine, each hears one task after another.

A process that dies on a recording (a decoder that crashes, no memory) is replaced and its task begun again;
one that says nothing for `SILENT_S` is ended. Both cost their task, nothing else.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Iterator

import msgspec

from monitor.archive.records import Done, Order, Step, Stuck, Task, Told
from monitor.child import Child
from monitor.errors import ArchiveError, ProgramError

SILENT_S = 300.0
"""A recording that keeps a process busy for so long without a second of sound is its end."""
_LOOK_S = 0.5
_MOST_DEATHS = 6
"""Of processes one after another, none of which finished a task."""
_MOST = 1 << 16
_TOLD = msgspec.json.Decoder(Told)


def run_local(order: Order, tasks: Iterable[Task], workers: int, lock: int) -> Iterator[Step | Done]:
    """Hear `tasks` in `workers` processes; yield how far they are, and each task that is finished.

    Parameters
    ----------
    lock
        Descriptor of the lock on the folder; it stays locked until the last process has ended.

    Raises
    ------
    ArchiveError
        A process cannot go on, and no other could.
    ProgramError
        They die again and again.
    """
    pool = _Pool(order, tasks, lock)
    try:
        yield from pool.run(workers)
    finally:
        pool.close()


class _Worker:
    """One process, and what it is at."""

    def __init__(self, order: bytes, lock: int) -> None:
        pipe = subprocess.PIPE
        self.child = Child(
            "monitor.archive.worker", stdin=pipe, stdout=pipe, pass_fds=(lock,), start_new_session=True
        )
        self.task: Task | None = None
        self.heard_s = time.monotonic()
        self._rest = b""
        self.child.say(order + b"\n")

    def begin(self, task: Task) -> None:
        self.task, self.heard_s = task, time.monotonic()
        self.child.say(msgspec.json.encode(task) + b"\n")

    def take(self) -> list[Step | Done | Stuck] | None:
        """Return what it has said; None: it has ended."""
        content = os.read(self.child.output, _MOST)
        if not content:
            return None
        self.heard_s = time.monotonic()
        *lines, self._rest = (self._rest + content).split(b"\n")
        return [_TOLD.decode(line) for line in lines]

    def end(self) -> None:
        self.child.end(0.0, 5.0)
        self.child.close_pipes()


class _Pool:
    """The processes, and the tasks that none of them has."""

    def __init__(self, order: Order, tasks: Iterable[Task], lock: int) -> None:
        self._order = msgspec.json.encode(order)
        self._tasks = iter(tasks)
        self._again: deque[Task] = deque()
        self._lock = lock
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        self._deaths = 0

    def run(self, workers: int) -> Iterator[Step | Done]:
        while len(self._workers) < workers and (task := self._next()) is not None:
            self._start(task)
        while self._workers:
            for key, _ in self._selector.select(_LOOK_S):
                yield from self._hear(key.data)
            for worker in list(self._workers):
                if time.monotonic() - worker.heard_s > SILENT_S:
                    self._replace(worker)

    def close(self) -> None:
        for worker in self._workers:
            worker.end()
        self._selector.close()

    def _next(self) -> Task | None:
        return self._again.popleft() if self._again else next(self._tasks, None)

    def _start(self, task: Task) -> None:
        worker = _Worker(self._order, self._lock)
        worker.begin(task)
        self._workers.append(worker)
        self._selector.register(worker.child.output, selectors.EVENT_READ, worker)

    def _hear(self, worker: _Worker) -> Iterator[Step | Done]:
        told = worker.take()
        if told is None:
            self._replace(worker)
            return
        for one in told:
            if isinstance(one, Stuck):
                raise ArchiveError(one.sentence)
            yield one
            if isinstance(one, Done):
                self._deaths = 0
                self._go_on(worker)

    def _go_on(self, worker: _Worker) -> None:
        task = self._next()
        if task is None:
            self._drop(worker)
        else:
            worker.begin(task)

    def _replace(self, worker: _Worker) -> None:
        """Begin the task of a process that has died again, in another."""
        task = worker.task
        self._drop(worker)
        self._deaths += 1
        if self._deaths >= _MOST_DEATHS:
            raise ProgramError(
                f"{_MOST_DEATHS} processes that hear recordings ended one after another (the last one "
                f"{worker.child.how_it_ended}); is there enough memory? Run it again to go on."
            )
        if task is not None:
            self._start(task)

    def _drop(self, worker: _Worker) -> None:
        self._selector.unregister(worker.child.output)
        self._workers.remove(worker)
        worker.end()
