"""pyarrow, where it is installed. The only file that imports it."""

from __future__ import annotations

import importlib
from typing import Any

from monitor.errors import ArchiveError
from monitor.extras import install


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
        raise ArchiveError(f"Archives need pyarrow; install it with: {install(extra='scan')}") from None
