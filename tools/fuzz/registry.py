"""All targets, by name: the tests try them for seconds, `python -m tools.fuzz` for as long as is asked."""

from __future__ import annotations

from pathlib import Path

from tools.fuzz import archives, databases, kept, models, programs, settings, sound, tables, wire
from tools.fuzz.target import Target

_FAMILIES = (wire, programs, settings, kept, archives, databases, models, sound, tables)
TARGETS: dict[str, Target] = {target.name: target for family in _FAMILIES for target in family.TARGETS}
"""Name -> target."""
CORPUS = Path(__file__).parents[2] / "tests" / "fuzz" / "corpus"
"""Inputs that once broke something, or nearly, a folder for each target."""


def kept_inputs(name: str) -> list[Path]:
    """Return the files that are kept for a target."""
    return sorted((CORPUS / name).glob("*"))


def inputs(target: Target) -> list[bytes]:
    """Return what to begin with: what is made by code, and what is kept."""
    return [*target.seeds(), *(path.read_bytes() for path in kept_inputs(target.name))]
