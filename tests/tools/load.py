"""Imports a module of tools/, which is a folder of scripts and no package."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).parents[2] / "tools"


def load_tool(name: str) -> Any:
    """Return the module; skip the tests where a library that only tools need is not installed."""
    if str(TOOLS) not in sys.path:
        sys.path.append(str(TOOLS))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or (TOOLS / f"{error.name}.py").exists():
            raise
        pytest.skip(
            f"{error.name} is not installed; it comes with the extra 'train'", allow_module_level=True
        )
