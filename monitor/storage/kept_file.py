"""Reads small files that this program has kept; what is wrong with one ends no run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from monitor.bus.codec import decode_with
from monitor.errors import MonitorError, WireError
from monitor.files.reading import read_stored

Kept = TypeVar("Kept")


def read_kept(
    path: Path, most_bytes: int, decoder: msgspec.json.Decoder[Kept], is_sound: Callable[[Kept], bool]
) -> Kept | str | None:
    """Return what a file holds; None: there is none; a clause: why it cannot be used.

    Parameters
    ----------
    most_bytes
        A longer one is refused.
    is_sound
        Whether what was decoded makes sense.
    """
    try:
        kept = decode_with(decoder, read_stored(path, most_bytes))
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    except WireError:
        return "it is damaged"
    return kept if is_sound(kept) else "it is damaged"


def read_all(paths: Iterable[Path], read: Callable[[Path], Kept | None]) -> tuple[list[Kept], list[str]]:
    """Return what `read` finds in files, and what it says of those that it refuses."""
    found: list[Kept] = []
    faults: list[str] = []
    for path in paths:
        try:
            kept = read(path)
        except MonitorError as error:
            faults.append(str(error))
        else:
            found += [] if kept is None else [kept]
    return found, faults
