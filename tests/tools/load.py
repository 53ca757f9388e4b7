"""Imports a module of tools/, whose libraries the product does without."""

from __future__ import annotations

import importlib
from typing import Any

import pytest


def load_tool(name: str) -> Any:
    """Return the module; skip the tests where a library that only tools need is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("tools"):
            raise
        pytest.skip(
            f"{error.name} is not installed; it comes with the extra 'train'", allow_module_level=True
        )
