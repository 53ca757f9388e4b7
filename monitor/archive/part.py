"""A part of an archive: some recordings heard one after another, and their tables, which appear together.

Both engines call `Parts.hear`. A part is written beside its place and renamed into it: it is there whole or
not at all, and a task that is done twice leaves one. A recording on which two processes have died, one after
the other, is told as failed, and the others of its part go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from monitor.archive.collector import Collector, duration_of, event_row, heard_row
from monitor.archive.fetching import fetched
from monitor.archive.folder import Deaths, PartFolder
from monitor.archive.line import Embedded, Line, Listener
from monitor.archive.quantised import Quantised
from monitor.archive.records import Order, Recording, Status, Step, Summary, Task
from monitor.archive.tables import EmbeddingTable, Table, schema_of
from monitor.errors import ArchiveError, MonitorError, SourceError

_SAY_S = 1.0
Say = Callable[[Step], None]


class Parts:
    """Hears tasks and writes their parts, in one process."""

    def __init__(self, order: Order, listener: Listener | None = None) -> None:
        """Load the model.

        Raises
        ------
        MonitorError
            It cannot be loaded, the words do not fit, or pyarrow is missing.
        """
        self._order = order
        self._listener = listener or Listener(order)

    def hear(self, task: Task, say: Say) -> Summary:
        """Hear the recordings of `task`, and write their tables; where they are there already, do nothing.

        Raises
        ------
        ArchiveError
            The tables cannot be written.
        """
        place = PartFolder(Path(self._order.folder), task.number, self._order.token)
        if (done := place.summary()) is not None:
            return done
        begun = time.process_time()
        deaths = Deaths(place)
        with _told("The tables cannot be written"), place.made() as folder:
            tables = _Tables(folder, self._order, self._listener)
            steps = _Steps(say)
            for recording in task.recordings:
                given_up = deaths.begin(recording.id)
                self._one(recording, tables, steps, given_up)
            summary = tables.close()
            summary.cpu_s = round(time.process_time() - begun, 3)
            place.commit(folder, summary)
        deaths.forget()
        steps.last()
        return summary

    def _one(self, recording: Recording, tables: _Tables, steps: _Steps, given_up: bool) -> None:
        """Hear one recording, whatever is wrong with it."""
        collector = Collector(self._order.scores)
        status: Status = "heard"
        sentence: str | None = None
        try:
            if given_up:
                raise SourceError(
                    f"The process that heard {recording.path} ended without a word, twice; it is left out."
                )
            with fetched(recording) as path:
                sentence = self._heard(recording, path, collector, tables, steps)
            status = "damaged" if sentence else "heard"
        except ArchiveError:
            raise
        except MonitorError as error:
            status, sentence = "failed", str(error)
        except (OSError, ValueError, ArithmeticError, LookupError, RuntimeError, TypeError) as error:
            status = "failed"
            sentence = f"Hearing {recording.path} failed unexpectedly ({type(error).__name__}: {error})."
        tables.file(recording, collector, status, sentence)
        steps.finished(recording, duration_of(collector))

    def _heard(
        self, recording: Recording, path: Path, collector: Collector, tables: _Tables, steps: _Steps
    ) -> str | None:
        """Return what was wrong with a recording that was heard to its end."""
        line = self._listener.open(path, collector)
        try:
            for embedded in line.hear():
                tables.window(recording, embedded, collector)
                steps.at(recording, line)
            collector.finish(line.position_s)
            return _about(line, path, recording)
        finally:
            line.close()


def _about(line: Line, path: Path, recording: Recording) -> str | None:
    """Return what was wrong, the recording named as the user named it."""
    return None if line.wrong is None else line.wrong.replace(str(path), recording.path)


class _Tables:
    """The tables of one part."""

    def __init__(self, folder: Path, order: Order, listener: Listener) -> None:
        keep, self._names = order.config.scan.keep, tuple(one.name for one in order.classes)
        self._plain = {
            name: Table(folder / f"{name}.parquet", schema_of(name, self._names))
            for name in ("files", "events", "errors", *(("scores",) if order.scores else ()))
        }
        self._embeddings: EmbeddingTable | None = None
        if keep != "none":
            quantised = Quantised(keep, listener.encoder.dim)
            self._embeddings = EmbeddingTable(folder / "embeddings.parquet", quantised)
        self._summary = Summary()
        self._windows = self._events = 0

    def window(self, recording: Recording, embedded: Embedded, collector: Collector) -> None:
        """Keep what a window sounded like, and what was found by then."""
        self._windows += 1
        with _told("The tables cannot be written"):
            if self._embeddings is not None:
                self._embeddings.add(recording.id, embedded.start, embedded.vector)
            self._take(recording, collector)

    def file(self, recording: Recording, collector: Collector, status: Status, sentence: str | None) -> None:
        """Note that a recording is over."""
        self._take(recording, collector)
        own = {"file_id": recording.id, "path": recording.path}
        facts = {"size": recording.size, "modified": recording.modified_ns // 1000}
        told = {"status": status, "sentence": sentence}
        counts = {"windows": self._windows, "events": self._events}
        row = heard_row(collector)
        self._plain["files"].add({**own, **facts, **told, **counts, **row})
        if sentence is not None:
            self._plain["errors"].add({**own, **told})
        sound_s = duration_of(collector)
        self._summary.add(
            Summary(
                1, status == "failed", status == "damaged", self._events, self._windows, sound_s, 0.0,
                recording.size,
            )
        )  # fmt: skip
        self._windows = self._events = 0

    def close(self) -> Summary:
        """End the files; return what is in them."""
        for table in (*self._plain.values(), self._embeddings):
            if table is not None:
                table.close()
        return self._summary

    def _take(self, recording: Recording, collector: Collector) -> None:
        for event in collector.take_events():
            self._events += 1
            self._plain["events"].add({"file_id": recording.id, "path": recording.path, **event_row(event)})
        for one in collector.scores:
            row: dict[str, Any] = {"file_id": recording.id, "start": one.start, "stop": one.stop}
            other = {"other": one.other, "other_score": one.other_score}
            self._plain["scores"].add({**row, **one.scores, **other})
        collector.scores.clear()


class _Steps:
    """Says about once a second how far it is."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._said_s = time.monotonic()
        self._before_s, self._before = 0.0, 0  # of this recording, noted
        self._sound_s = 0.0
        self._size = 0
        self._path = ""

    def at(self, recording: Recording, line: Line) -> None:
        """Note how far a recording is heard."""
        if time.monotonic() - self._said_s < _SAY_S:
            return
        self._path = recording.path
        self._note(line.position_s, round(line.read_share * recording.size))
        self.last()

    def finished(self, recording: Recording, sound_s: float) -> None:
        """Note that a recording is over."""
        self._note(sound_s, recording.size)
        self._before_s, self._before = 0.0, 0

    def _note(self, sound_s: float, size: int) -> None:
        self._sound_s += sound_s - self._before_s
        self._size += size - self._before
        self._before_s, self._before = sound_s, size

    def last(self) -> None:
        """Say what has not been said."""
        self._say(Step(self._sound_s, self._size, self._path))
        self._sound_s, self._size, self._said_s = 0.0, 0, time.monotonic()


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Tell a disk that is full, or a place that cannot be written, from a recording that cannot be read."""
    try:
        yield
    except OSError as error:
        raise ArchiveError(f"{what}: {error.strerror or error}; make room or name another folder.") from None
