"""Whether the terminal is still there."""

from __future__ import annotations

import select
import sys


def hung_up() -> bool:
    """Tell whether the terminal that standard input was is gone."""
    try:
        descriptor = sys.__stdin__.fileno() if sys.__stdin__ is not None else None
    except (OSError, ValueError):  # none, or one in memory
        descriptor = None
    if descriptor is None:
        return False
    terminal = select.poll()
    terminal.register(descriptor, select.POLLHUP)
    return any(flags & (select.POLLHUP | select.POLLERR) for _, flags in terminal.poll(0))
