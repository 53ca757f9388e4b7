"""What stays on the terminal when the monitor is gone and took the interface with it. Pure."""

from __future__ import annotations

from datetime import datetime

from monitor.tui.big_letters import large

_ROWS = 5

GONE = "It was killed or has crashed; nothing is heard or reported any more."


def farewell(time: datetime, width: int) -> str:
    """Return that the monitor is gone, as large as `width` cells allow, since when, and what to do."""
    letters = large("monitor gone", width - 1, _ROWS) or []
    lines = [
        *letters,
        "",
        f"MONITOR GONE at {time:%H:%M:%S} ({time:%A %Y-%m-%d}): it was killed or has crashed.",
        "Nothing is heard or reported any more.",
        "Start it again as you did before (up arrow and Enter).",
        "",
    ]
    return "\r\n" + "".join(f"{line}\x1b[K\r\n" for line in lines)
