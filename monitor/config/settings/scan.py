"""`[scan]`: how archives of recordings are heard."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from monitor.config import limits
from monitor.config.settings.base import within

Keep = Literal["float16", "int8", "none"]
"""How an embedding is kept."""


class ScanConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `monitor scan` does where its flags do not say it (docs/scan.md)."""

    hop_s: Annotated[float, within(limits.HOP_S)] = 1.0
    """Seconds from one window to the next; a live monitor's are `[window] hop_s`."""
    workers: Annotated[int, within(limits.SCAN_WORKERS)] = 0
    """Recordings that are heard side by side; 0: as many as there are CPU cores."""
    keep: Keep = "float16"
    """How embeddings are kept for `monitor search`: `float16`, `int8` (half of that), or `none`."""
    part_mb: Annotated[float, within(limits.SCAN_PART_MB)] = 128.0
    """Recordings of so many megabytes are written together, or one that has more: what a stop may cost."""
