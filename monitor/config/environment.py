"""Settings from environment variables, `MONITOR_<SECTION>_<KEY>`, and which of them are none of ours. Pure.

A misspelt setting is told: the alarm that somebody believes to be set would not come. What Kubernetes sets
in every container for a service called `monitor` or `monitor-publish` (``MONITOR_PUBLISH_PORT=tcp://…``) is
passed over, and so is what looks like no setting at all.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from typing import Any

from monitor.errors import ConfigError
from monitor.files.reading import parse_toml

_PREFIX = "MONITOR_"
_OTHERS = ("MODELS", "MIRROR", "NO_CACHE", "DEBUG")
"""Variables that are read elsewhere."""
_LINKED = ("NAME",)
"""What a linked Docker container called `monitor` sets beside its ports."""
_SERVICE = re.compile(
    r"MONITOR(_[A-Z0-9]+)*_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)
"""What Kubernetes and linked Docker containers set for a service of that name."""
_ALIKE = 0.85
"""How like a setting a name without a section must be to be a slip; others belong to other programs."""


def settings(
    environment: Mapping[str, str], known: Mapping[str, Collection[str]]
) -> dict[str, dict[str, Any]]:
    """Return the settings in `environment`, by section; values are TOML where they parse as such, else text.

    Parameters
    ----------
    known
        The keys of each section.

    Raises
    ------
    ConfigError
        A variable looks like a setting and is none.
    """
    variables = {
        f"{_PREFIX}{section}_{key}".upper(): (section, key) for section, keys in known.items() for key in keys
    }
    found: dict[str, dict[str, Any]] = {}
    for name, text in environment.items():
        if name in variables:
            section, key = variables[name]
            found.setdefault(section, {})[key] = _value(text)
        elif name.startswith(_PREFIX):
            _refuse_slip(name, variables, known)
    return found


def _refuse_slip(name: str, variables: Collection[str], known: Mapping[str, Collection[str]]) -> None:
    if _SERVICE.fullmatch(name) or name.removeprefix(_PREFIX) in _OTHERS:
        return
    section = _section_of(name, known)
    near = _alike(name, variables) if section is None else _nearest_key(name, section, known[section])
    if section is not None or near:
        hint = f"did you mean {near[0]}?" if near else "`monitor config` lists what there is."
        raise ConfigError(f"The environment variable {name} is no setting; {hint} Correct or unset it.")


def _alike(name: str, variables: Collection[str]) -> list[str]:
    """Return the setting that a name without a section stands for: its end or its beginning, or a slip."""
    rest = name.removeprefix(_PREFIX)
    if rest in _LINKED:
        return []
    whole = [one for one in variables if one.endswith(f"_{rest}") or one.startswith(f"{name}_")]
    return whole or difflib.get_close_matches(name, variables, n=1, cutoff=_ALIKE)


def _section_of(name: str, sections: Collection[str]) -> str | None:
    return next((one for one in sections if name.startswith(f"{_PREFIX}{one}_".upper())), None)


def _nearest_key(name: str, section: str, keys: Collection[str]) -> list[str]:
    prefix = f"{_PREFIX}{section}_".upper()
    near = difflib.get_close_matches(name.removeprefix(prefix).lower(), keys, n=1)
    return [f"{prefix}{key.upper()}" for key in near]


def _value(text: str) -> Any:
    try:
        return parse_toml(f"value = {text}")["value"]
    except ValueError:
        return text
