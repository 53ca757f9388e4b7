"""To wait for something to read, whatever its descriptor: `select.select` takes none from 1,024 on."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike


def readable(file: FileDescriptorLike, within_s: float = 0.0) -> bool:
    """Say whether a file or descriptor has something to read, or its end, within so many seconds."""
    watched = select.poll()
    watched.register(file, select.POLLIN)
    return bool(watched.poll(within_s * 1000.0))
