"""One sentence of the diary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from monitor.text import shortened

Level = Literal["critical", "error", "warning", "notice", "info", "debug"]
PRIORITIES: dict[Level, int] = {
    "critical": 2, "error": 3, "warning": 4, "notice": 5, "info": 6, "debug": 7,
}  # fmt: skip
"""Of syslog(3). `critical`: something urgent was heard. `error`: what was asked for is not done, or nothing
is heard. `warning`: something is lost or may be. `notice`: a sound. `info`: what a user should know."""
_LONGEST = 1200
_CREDENTIALS = re.compile(r"\b([a-z][a-z0-9+.-]*://)[^\s/@]+@", re.IGNORECASE)
"""User and password of an address."""


class Entry(msgspec.Struct, frozen=True):
    """A sentence, safe for a terminal, and what it is about."""

    text: str
    level: Level
    fields: Mapping[str, str] = {}
    """By names of small letters and ``_``: source, class, event_id …"""


def entry(text: str, level: Level, fields: Mapping[str, str] | None = None) -> Entry:
    """Return an entry: whatever came from outside is made safe, and an address loses its password."""
    kept = {name: _safe(value) for name, value in (fields or {}).items() if value}
    return Entry(_safe(text), level, kept)


def _safe(text: str) -> str:
    return _CREDENTIALS.sub(r"\1…@", shortened(text, _LONGEST))
