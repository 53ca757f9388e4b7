"""pyarrow, where it is installed. The only file that imports it."""

from __future__ import annotations

import importlib
from typing import Any

from monitor.errors import ArchiveError


def load_arrow(part: str = "") -> Any:
    """Return pyarrow, or a `part` of it such as `parquet`.

    Raises
    ------
    ArchiveError
        It is not installed.
    """
    try:
        return importlib.import_module(f"pyarrow.{part}" if part else "pyarrow")
    except ImportError:
        raise ArchiveError(
            "Archives need pyarrow; install it with: pip install 'sound-monitor[scan]'"
        ) from None
