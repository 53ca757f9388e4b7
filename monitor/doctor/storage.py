"""Can what is learnt and heard be kept: folders, space, the history."""

from __future__ import annotations

import shlex
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from monitor.doctor.findings import Examined, Finding, attention, fault, ok, unchecked
from monitor.errors import MonitorError
from monitor.files.paths import own_folder
from monitor.storage.clips import clips_folder
from monitor.storage.database import FAILURES, taken_bytes
from monitor.storage.history import history_file
from monitor.storage.history.database import VERSION

_MEGABYTE = 1_000_000
_LEAST_MB = 50
"""Less, and writing fails soon."""
_SPARE_MB = 200
"""Beside what may be kept."""
_FREE = "Make space: `df -h` shows which disk is full, `du -xsh ~/* | sort -h` what takes it."


def check_storage(examined: Examined) -> Iterator[Finding]:
    """Find whether the folders of what is kept can be written, and how much space there is."""
    config = examined.config
    folder = own_folder("state")
    if folder is None:
        do = "Set HOME, or XDG_STATE_HOME to a folder that may be written."
        yield attention("state folder", "there is no home folder, so nothing is kept", do)
    else:
        yield from _folder(
            "state",
            folder,
            config.history.max_mb + config.memory.max_mb,
            "set XDG_STATE_HOME to another folder",
        )
    if config.clips.keep:
        try:
            where = clips_folder(config.clips)
        except MonitorError as error:
            yield fault("clips folder", str(error), "Correct [clips] folder, or set HOME.")
        else:
            yield from _folder("clips", where, config.clips.max_mb, "name another in [clips] folder")


def _folder(name: str, folder: Path, may_take_mb: float, otherwise: str) -> Iterator[Finding]:
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        do = f"Make it yours (`sudo chown -R $USER {shlex.quote(str(there))}`), or {otherwise}."
        yield fault(f"{name} folder", f"{there} cannot be written: {error.strerror}", do)
    else:
        yield ok(f"{name} folder", f"{folder} can be written")
    yield space(f"{name} disk", shutil.disk_usage(there).free, may_take_mb)


def space(about: str, free_bytes: int, may_take_mb: float) -> Finding:
    """Return whether a disk has space for what may take `may_take_mb` megabytes."""
    free_mb = free_bytes / _MEGABYTE
    found = f"{free_mb:,.0f} MB free"
    if free_mb < _LEAST_MB:
        return fault(about, f"{found}; what is heard can hardly be kept", _FREE)
    if free_mb < may_take_mb + _SPARE_MB:
        return attention(about, f"{found}; what is kept may take {may_take_mb:g}", _FREE)
    return ok(about, found)


def check_history(examined: Examined) -> Iterable[Finding]:
    """Find whether the history is of a version that is known, and whole; it is not changed."""
    path = history_file()
    if not examined.config.history.keep:
        return [unchecked("history", "not kept: [history] keep is false")]
    if path is None:
        return [unchecked("history", "not kept: there is no home folder")]
    if not path.exists():
        return [ok("history", "none yet; it begins with the first run that hears a microphone")]
    return [_sound(path)]


def _sound(path: Path) -> Finding:
    name = shlex.quote(str(path))
    aside = f"Move it away and a new one begins: `mv {name} {name}.old`."
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=2.0)) as database:
            version = int(database.execute("PRAGMA user_version").fetchone()[0])
            verdict = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
            if version > VERSION:
                found = f"{path} is of version {version}; this monitor knows {VERSION}"
                return fault("history", found, f"Update monitor. {aside}")
            if verdict != "ok":
                return fault("history", f"{path} is damaged: {verdict.splitlines()[0]}", aside)
            count = int(database.execute("SELECT count(*) FROM events").fetchone()[0]) if version else 0
    except FAILURES as error:
        return fault("history", f"{path} cannot be read: {error}", aside)
    size = taken_bytes(path) / _MEGABYTE
    return ok(
        "history", f"version {version}, whole, {count} event{'s' * (count != 1)}, {size:.1f} MB: {path}"
    )
