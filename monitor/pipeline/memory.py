"""The memory of a run: what writes it, what reads it back, and what to tell where it cannot be had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from monitor.config.fleet import made_by_code
from monitor.config.settings import Config, MemoryConfig
from monitor.errors import MonitorError
from monitor.pipeline.moment_keeper import MomentKeeper
from monitor.pipeline.reporter import Stream
from monitor.sinks.queued import Queued
from monitor.storage.moments import Entry, MomentStore, MomentWriter, check_key, memory_file, open_moments
from monitor.storage.moments.sealing import Seal, seal_of


class Memory(msgspec.Struct, frozen=True):
    """Where moments go in this run, and where those of earlier ones are."""

    path: Path
    seal: Seal | None
    queue: Queued[Entry]
    """Written by a thread of its own."""

    @contextmanager
    def read(self) -> Iterator[MomentStore | None]:
        """Open what is written already; raises as `open_moments` does."""
        with open_moments(self.path, self.seal) as moments:
            yield moments


def open_memory(config: Config, streams: Sequence[Stream]) -> tuple[Memory | None, tuple[str, ...]]:
    """Return the memory of a run, and what to tell the user; None: none of its sources is remembered."""
    path = memory_file()
    if path is None or not any(is_remembered(one, config) for one in streams):
        return None, ()
    try:
        seal = seal_of(config.memory)
        check_key(path, seal)
    except MonitorError as error:
        return None, (f"Nothing is remembered in this run. {error}",)
    return make_memory(path, config.memory, seal), ()


def make_memory(path: Path, config: MemoryConfig, seal: Seal | None) -> Memory:
    """Return the memory at `path`; whoever asked for it closes its queue."""
    return Memory(path, seal, Queued(MomentWriter(path, config, seal), f"The memory {path}"))


def is_remembered(stream: Stream, config: Config) -> bool:
    """Return whether moments of a source are kept: what a file holds is in that file."""
    return stream.live and stream.source_id not in made_by_code(config)


def make_moment_keeper(stream: Stream, memory: Memory | None, config: Config) -> MomentKeeper:
    """Return what keeps the moments of one source; where nothing is written, for as long as the run lasts."""
    keep = config.memory.keep
    if memory is None or keep == "none" or not is_remembered(stream, config):
        return MomentKeeper(stream)
    return MomentKeeper(stream, memory.queue.emit, keep == "all")
