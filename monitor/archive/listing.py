"""DIR, s3://… or a list of files -> the recordings of an archive, in an order that is the same every time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from monitor.archive.arrow import load_arrow
from monitor.archive.records import Recording
from monitor.archive.stores import is_remote, s3, why
from monitor.errors import ArchiveError

KINDS = frozenset(
    {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".m4a", ".mp4", ".aac", ".aiff", ".aif"}
    | {".aifc", ".au", ".caf", ".w64", ".rf64", ".wma", ".mka", ".webm", ".ac3", ".amr", ".wv"}
)
"""Names of sound files end so; in a folder others are passed over, in a list they are tried."""


def find_recordings(specs: list[str]) -> list[Recording]:
    """Return the recordings that `specs` name, each once.

    Parameters
    ----------
    specs
        Folders, sound files, `s3://BUCKET/PREFIX`, or `@FILE`: a text with a path or address a line; `@-`
        reads standard input.

    Raises
    ------
    ArchiveError
        One of `specs` is not there, or there is no recording at all.
    """
    _refuse_missing(specs)
    found = {one.path: one for spec in specs for one in _of(spec)}
    if not found:
        raise ArchiveError(
            f"There is no sound file in {', '.join(specs)}; valid: names that end in "
            f"{', '.join(sorted(KINDS))}; name others in a list, @FILE."
        )
    return [found[path] for path in sorted(found)]


def _refuse_missing(specs: list[str]) -> None:
    """Refuse what somebody named and is not there; in a list it is a recording that fails, like others."""
    for spec in specs:
        if not (spec.startswith("@") or is_remote(spec) or Path(spec).expanduser().exists()):
            raise ArchiveError(f"There is no folder or file {spec}; name one that is there, s3://… or @LIST.")


def _of(spec: str) -> Iterator[Recording]:
    if spec.startswith("@"):
        for line in _lines(spec[1:]):
            yield from _of(line)
    elif is_remote(spec):
        yield from _remote(spec)
    else:
        yield from _local(Path(spec).expanduser())


def _lines(name: str) -> list[str]:
    try:
        text = Path("/dev/stdin" if name == "-" else Path(name).expanduser()).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or "it is not text"
        raise ArchiveError(f"The list {name} cannot be read: {what}; valid: a path a line.") from None
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith(("#", "@"))]


def _local(path: Path) -> Iterator[Recording]:
    if path.is_dir():
        for folder, inner, files in os.walk(path):
            inner[:] = sorted(one for one in inner if not one.startswith("."))
            for name in files:
                if Path(name).suffix.lower() in KINDS and not name.startswith("."):
                    yield from _file(Path(folder, name))
        return
    yield from _file(path)


def _file(path: Path) -> Iterator[Recording]:
    """Give a file; one that is not there, or cannot be seen, is a recording that will fail."""
    try:
        status = path.stat()
    except OSError:
        yield Recording(str(path.absolute()), 0, 0)
    else:
        yield Recording(str(path.absolute()), status.st_size, status.st_mtime_ns)


def _remote(spec: str) -> Iterator[Recording]:
    files, inner = s3(spec)
    fs = load_arrow("fs")
    try:
        exact = files.get_file_info(inner)
        if exact.type == fs.FileType.File:
            yield _object(exact)
            return
        listed = files.get_file_info(fs.FileSelector(inner, recursive=True))
    except (OSError, ValueError) as error:
        raise ArchiveError(
            f"{spec} cannot be listed: {why(error)}; look at the address, AWS_ENDPOINT_URL and credentials."
        ) from None
    for one in listed:
        if one.type == fs.FileType.File and Path(one.base_name).suffix.lower() in KINDS:
            yield _object(one)


def _object(info: object) -> Recording:
    path, size, changed = (getattr(info, name) for name in ("path", "size", "mtime_ns"))
    return Recording(f"s3://{path}", int(size or 0), int(changed or 0))
