"""What a refusal says, and whether any text could steer a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from monitor.errors import PublishError, WireError


def steers_a_terminal(text: str) -> bool:
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return any(
        unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        or unicodedata.bidirectional(letter) in bidi
        for letter in text
    )


def refusal(attempt: Callable[[Any], object], value: object) -> str:
    """The sentence with which `attempt` refuses `value`, empty where it takes it."""
    try:
        attempt(value)
    except (WireError, PublishError) as error:
        return str(error)
    return ""
