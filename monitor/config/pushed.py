"""Settings that come from elsewhere: which keys they may have. Pure.

What is allowed is listed, so that a section of a later version is not. None of these names a place, a file, a
command, an address or a key; what they can do is change what is heard, and from which score on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.errors import ConfigError
from monitor.files.reading import parse_toml
from monitor.text import sanitise

ALLOWED = frozenset({"detector", "prompts", "calibration", "scorer", "drift"})
"""Sections that may be set from elsewhere; a run takes them while it goes on."""
MOST_BYTES = 65_536


def pushed_values(text: str) -> Mapping[str, Mapping[str, Any]]:
    """Return what `text`, in TOML, sets, by section and key; the values are not looked at.

    Raises
    ------
    ConfigError
        It is no TOML, too long, or sets what may not be set from elsewhere.
    """
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise ConfigError(f"The settings are longer than {MOST_BYTES} bytes.")
    try:
        values = parse_toml(text)
    except ValueError as error:
        raise ConfigError(f"The settings are not valid TOML: {error}.") from None
    for section, keys in values.items():
        if section not in ALLOWED or not isinstance(keys, dict):
            raise ConfigError(
                f"[{sanitise(section)}] may not be set from elsewhere; valid: {', '.join(sorted(ALLOWED))}. "
                "The rest is set on the node itself."
            )
    return values
