"""A scan from its beginning to its end: what is left to hear, who hears it, and what is told of it."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from monitor.archive.folder import ScanFolder
from monitor.archive.manifest import agree, manifest_of
from monitor.archive.merging import Current, merge
from monitor.archive.planning import plan
from monitor.archive.records import Done, Order, Recording, Step, Summary, Task
from monitor.config.settings import Config
from monitor.encoders import EncoderInfo
from monitor.records import ClassPrompt

Engine = Literal["local", "ray"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a user wants scanned, and how."""

    folder: Path
    recordings: Sequence[Recording]
    config: Config
    """With the hop of the archive in `[window] hop_s`."""
    classes: tuple[ClassPrompt, ...]
    info: EncoderInfo
    """Of the model that hears."""
    engine: Engine = "local"
    scores: bool = False
    retry: bool = False
    """Hear again what failed before."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of a scan did, and what is there now."""

    heard: Summary
    """By this run."""
    there: int
    """Recordings that were heard before and were not heard again."""
    failed: int
    """Of all recordings that are there."""
    damaged: int
    took_s: float
    complete: bool
    """False: it was stopped; run again it goes on."""


class Watch(msgspec.Struct, frozen=True):
    """Who is told how far a scan is."""

    begin: Callable[[int, int, int], None]
    """Bytes to hear, recordings to hear, and recordings that are there."""
    step: Callable[[Step], None]
    stopped: Callable[[], bool]


def scan(asked: Asked, watch: Watch) -> Outcome:
    """Hear what is left of an archive; stopped or killed and run again it goes on.

    Raises
    ------
    ArchiveError
        The folder belongs to another scan, is in use, or cannot be written.
    ProgramError
        The processes that hear die again and again.
    """
    folder = ScanFolder(asked.folder)
    begun = time.monotonic()
    with folder.held() as lock:
        order = Order(
            str(asked.folder.absolute()), asked.config, asked.classes, asked.scores, secrets.token_hex(8)
        )
        agree(asked.folder, manifest_of(order, asked.info))
        folder.begin(order.token)
        status = Current(folder).status
        done = {one for one, what in status.items() if not (asked.retry and what == "failed")}
        tasks = _plan(asked, folder, done)
        left = sum(len(task.recordings) for task in tasks)
        there = len(asked.recordings) - left
        watch.begin(sum(one.size for task in tasks for one in task.recordings), left, there)
        heard, complete = _hear(order, asked, tasks, lock, watch)
        merge(folder)
        now = list(Current(folder).current_status)
    return Outcome(
        heard=heard, there=there, failed=now.count("failed"), damaged=now.count("damaged"),
        took_s=round(time.monotonic() - begun, 3), complete=complete,
    )  # fmt: skip


def workers_of(config: Config) -> int:
    """Return how many processes hear side by side."""
    return config.scan.workers or len(os.sched_getaffinity(0))


def _plan(asked: Asked, folder: ScanFolder, done: set[str]) -> list[Task]:
    scan_config, workers = asked.config.scan, workers_of(asked.config)
    return plan(asked.recordings, done, folder.next_number(), scan_config.part_mb, workers)


def _hear(order: Order, asked: Asked, tasks: list[Task], lock: int, watch: Watch) -> tuple[Summary, bool]:
    """Return what was heard, and whether that is all."""
    heard, left = Summary(), len(tasks)
    for told in _run(order, asked, tasks, lock) if tasks else ():
        if isinstance(told, Done):
            heard.add(told.summary)
            left -= 1
        else:
            watch.step(told)
        if watch.stopped():
            break
    return heard, not left


def _run(order: Order, asked: Asked, tasks: list[Task], lock: int) -> Iterator[Step | Done]:
    workers = min(workers_of(asked.config), len(tasks))
    if asked.engine == "ray":
        from monitor.archive.ray_engine import run_ray

        return run_ray(order, tasks, asked.config.scan.workers or None)
    from monitor.archive.local import run_local

    return run_local(order, tasks, workers, lock)
