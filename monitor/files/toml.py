"""Values as TOML, as `tomllib` reads them back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from monitor.text import clean

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def toml_document(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Return tables of values; what is None is left out, as TOML has no word for it."""
    return "\n".join(f"[{name}]\n{toml_lines(values)}" for name, values in sections.items())


def toml_lines(values: Mapping[str, Any]) -> str:
    """Return one line per key; what is None is left out."""
    return "".join(
        f"{toml_key(key)} = {toml_value(value)}\n" for key, value in values.items() if value is not None
    )


def toml_value(value: Any) -> str:
    """Return text, a number, a truth, or lists and tables of such, on one line."""
    if isinstance(value, Mapping):
        pairs = (
            f"{toml_key(key)} = {toml_value(inner)}" for key, inner in value.items() if inner is not None
        )
        return "{ " + ", ".join(pairs) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(inner) for inner in value) + "]"
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        return text if clean(text) == text else "".join(map(_escaped, text))
    return json.dumps(value)


def toml_key(key: str) -> str:
    """Return a key, in quotation marks where it needs them."""
    return key if _BARE_KEY.fullmatch(key) else toml_value(key)


def _escaped(char: str) -> str:
    """Write a character by its number where a terminal may not get it, or may not get it here."""
    if char.isascii() and char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
