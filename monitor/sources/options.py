"""How sources are to be read, as the command line and the configuration say it."""

from __future__ import annotations

import msgspec

from monitor.config.settings import CaptureConfig
from monitor.sources.raw import RawFormat


class SourceOptions(msgspec.Struct, frozen=True):
    """How sources are to be read; each takes what concerns it."""

    fast: bool = False
    """As fast as possible, where a source can wait."""
    follow: bool = False
    """Go on reading files as they grow."""
    raw: RawFormat = RawFormat()
    """What raw samples on standard input look like."""
    capture: CaptureConfig = CaptureConfig()
