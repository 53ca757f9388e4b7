"""Where curves are drawn: the only file that opens matplotlib, whose files go into this program's cache."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from monitor.encoders.embedding_cache import cache_file


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure, sizes in inches, or None where matplotlib is missing."""
    if (folder := cache_file("matplotlib")) is not None:
        os.environ.setdefault("MPLCONFIGDIR", str(folder))
    try:
        with _no_other_programs():
            from matplotlib import font_manager  # noqa: F401 - here it looks for fonts
        from matplotlib.figure import Figure
    except ImportError:
        return None
    return Figure(figsize=(width, height), layout="constrained")


@contextmanager
def _no_other_programs() -> Iterator[None]:
    """Keep matplotlib from starting `fc-list`, which writes caches; it brings the font it needs."""
    before = os.environ.get("PATH")
    os.environ["PATH"] = os.devnull  # an empty one would mean the current folder
    try:
        yield
    finally:
        os.environ.pop("PATH")
        if before is not None:
            os.environ["PATH"] = before
