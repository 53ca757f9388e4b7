"""The folder that a scan writes: what belongs to which scan, which parts are there, and what they hold.

::

    OUT/scan.json                      what was asked for; another scan is refused
    OUT/lock                           held by the scan that writes
    OUT/parts/000000/*.parquet         a part: whole, or not there; never changed
    OUT/files|events|errors.parquet    all parts together, written again at the end of every run
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from monitor.archive.records import Summary
from monitor.errors import ArchiveError
from monitor.files.state_files import write_private

_PARTIAL, _DYING = ".partial", ".deaths"
_MOST_DEATHS = 2
_SUMMARY, _COUNTS = msgspec.json.Decoder(Summary), msgspec.json.Decoder(dict[str, int])


class PartFolder:
    """The place of one part."""

    def __init__(self, root: Path, number: int, token: str) -> None:
        self.path = root / "parts" / f"{number:06d}"
        self.token = token

    def summary(self) -> Summary | None:
        """Return what is in it; None: it is not there."""
        with suppress(FileNotFoundError, NotADirectoryError):
            return _SUMMARY.decode((self.path / "summary.json").read_bytes())
        return None

    @contextmanager
    def made(self) -> Iterator[Path]:
        """Give a folder beside it to write in; what was not committed is removed."""
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}-{os.urandom(4).hex()}{_PARTIAL}")
        beside.mkdir(parents=True)
        try:
            yield beside
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def commit(self, beside: Path, summary: Summary) -> None:
        """Put what was written `beside` in its place at once; where another was faster, its part stands.

        Raises
        ------
        ArchiveError
            Another run of the scan has taken over meanwhile.
        OSError
            It cannot be written.
        """
        (beside / "summary.json").write_bytes(msgspec.json.encode(summary))
        for file in beside.iterdir():
            _to_disk(file)
        _to_disk(beside)
        if (self.path.parent / "token").read_text() != self.token:
            raise ArchiveError("Another run of this scan has taken over; this one ends.")
        try:
            beside.rename(self.path)
        except OSError:
            if self.summary() is None:
                raise
        _to_disk(self.path.parent)


class Deaths:
    """Which recording of a part a process was at when it ended without a word, and how often."""

    def __init__(self, place: PartFolder) -> None:
        self._file = place.path.with_suffix(_DYING)
        self._counts: dict[str, int] = {}
        with suppress(OSError, msgspec.MsgspecError):
            self._counts = _COUNTS.decode(self._file.read_bytes())

    def begin(self, recording_id: str) -> bool:
        """Note that a recording is heard now; return whether it has been the end of too many processes."""
        before = self._counts.get(recording_id, 0)
        if before >= _MOST_DEATHS:
            return True
        self._file.parent.mkdir(parents=True, exist_ok=True)
        noted = {name: count for name, count in self._counts.items() if count >= _MOST_DEATHS}
        self._file.write_bytes(msgspec.json.encode({**noted, recording_id: before + 1}))
        return False

    def forget(self) -> None:
        """Forget them: the part is there."""
        self._file.unlink(missing_ok=True)


class ScanFolder:
    """The folder of one scan, held by one run of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock: int | None = None

    @property
    def parts(self) -> list[Path]:
        """The parts that are there, oldest first."""
        folder = self.root / "parts"
        return sorted(one for one in folder.iterdir() if one.name.isdecimal()) if folder.is_dir() else []

    @contextmanager
    def held(self) -> Iterator[int]:
        """Keep other runs out; give the descriptor that children may hold on to.

        Raises
        ------
        ArchiveError
            Another run writes there, or nobody can.
        """
        try:
            (self.root / "parts").mkdir(parents=True, exist_ok=True)
            lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise ArchiveError(
                f"{self.root} cannot be written: {error.strerror}; name another --out."
            ) from None
        try:
            _locked(lock, self.root)
            yield lock
        finally:
            os.close(lock)

    def begin(self, token: str) -> None:
        """Take over: remove what runs before have not finished."""
        write_private(self.root / "parts" / "token", token.encode())
        for one in (self.root / "parts").iterdir():
            if one.suffix == _PARTIAL:
                shutil.rmtree(one, ignore_errors=True)
            elif one.suffix == _DYING:
                one.unlink(missing_ok=True)

    def next_number(self) -> int:
        """Return the number of the next part."""
        return int(self.parts[-1].name) + 1 if self.parts else 0


def _locked(lock: int, root: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ArchiveError(
            f"Another scan writes into {root}, or its last process still ends; wait for it, or name another "
            "--out."
        ) from None


def _to_disk(path: Path) -> None:
    """See that what is written survives a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
