"""From file, environment and command line to one configuration.

Precedence: flags > environment (`MONITOR_<SECTION>_<KEY>`) > file (`--config`) > the defaults in
`sections.py`. Unknown keys are refused.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from monitor.config.checks import check_together
from monitor.config.environment import settings
from monitor.config.fleet_checks import check_fleet
from monitor.config.settings.refusals import TABLES, explain
from monitor.config.settings.sections import Config
from monitor.errors import ConfigError
from monitor.files.reading import read_toml
from monitor.files.toml import toml_document
from monitor.text import from_system


class Layer(msgspec.Struct, frozen=True):
    """Where some of the settings come from."""

    kind: Literal["file", "environment", "flag"]
    name: str
    """The file; empty for the others."""
    values: Mapping[str, Mapping[str, Any]]
    """By section and key."""


def load_config(
    path: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Mapping[str, Any]] | None = None,
    pushed: Mapping[str, Mapping[str, Any]] | None = None,
) -> Config:
    """Merge file, what was sent over the uplink, environment and flags over the defaults.

    Parameters
    ----------
    path
        A TOML file, or None.
    environment
        Usually `os.environ`; `environment.py` says which variables are read.
    flags
        `{section: {key: value}}` from the command line.
    pushed
        The same from elsewhere (`config/pushed.py`): over the file, below the environment.

    Raises
    ------
    ConfigError
        The file cannot be read, a key is unknown, or a value is out of range.
    """
    return load_layers(path, environment, flags, pushed)[0]


def load_layers(
    path: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Mapping[str, Any]] | None = None,
    pushed: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[Config, list[Layer]]:
    """Return the same as `load_config`, and what it was merged from, the weakest first."""
    from_file = _read_toml(path) if path else {}
    merged = dict(from_file)
    origin = str(path) if path else "the configuration"
    from_environment = settings(environment or {}, _known_keys())
    for layer in (pushed or {}, from_environment, flags or {}):
        for section, values in layer.items():
            if not isinstance(merged.get(section, {}), dict):
                raise ConfigError(f"{origin}: {section} must be a table, [{section}], not a single value.")
            merged[section] = {**merged.get(section, {}), **values}
    if from_file.get("fleet", {}).get("sources") and "sources" in from_file.get("capture", {}):
        raise ConfigError(
            f"{origin}: both [capture] sources and [fleet.sources] say what is heard; keep one."
        )
    config = checked(merged, origin, from_environment)
    from_flags = Layer("flag", "", flags or {})
    return config, [Layer("file", origin, from_file), Layer("environment", "", from_environment), from_flags]


def checked(values: Mapping[str, Any], origin: str, from_environment: Mapping[str, Any]) -> Config:
    """Return the configuration that `values`, by section and key, make over the defaults.

    Parameters
    ----------
    origin
        Where they come from, for a refusal.
    from_environment
        Those of them that are the environment's.

    Raises
    ------
    ConfigError
        A key is unknown, or a value is out of range.
    """
    _refuse_unknown(values, Config, origin, "")
    try:
        config = msgspec.convert(values, Config)
    except (msgspec.ValidationError, OverflowError) as error:
        raise ConfigError(explain(str(error), values, from_environment, origin)) from None
    except UnicodeEncodeError as error:  # of the command line or the environment
        raise ConfigError(
            f"The setting {from_system(error.object)!r} holds bytes that are not UTF-8; write it in UTF-8."
        ) from None
    check_together(config, origin)
    check_fleet(config, origin)
    return config


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return {} if path.samefile(os.devnull) else read_toml(path, pipe=True)
    except OSError as error:
        raise ConfigError(f"Cannot read the configuration {path}: {error.strerror}.") from None
    except ValueError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None


def _known_keys() -> dict[str, tuple[str, ...]]:
    """Return the keys of every section."""
    return {
        field.name: tuple(key.name for key in msgspec.structs.fields(field.type))
        for field in msgspec.structs.fields(Config)
    }


def as_toml(config: Config) -> str:
    """Return a whole configuration as TOML that `load_config` reads back as the same."""
    return toml_document(msgspec.to_builtins(config))


def _refuse_unknown(values: Mapping[str, Any], struct: type[msgspec.Struct], origin: str, where: str) -> None:
    """Raise for a key that `struct` does not have, with the nearest one that it has."""
    known = {field.name: field.type for field in msgspec.structs.fields(struct)}
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}."
            place = f" in [{where}]" if where else ""
            raise ConfigError(f"{origin}: unknown key {key!r}{place}; {hint}")
        kind = known[key]
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, Mapping):
            _refuse_unknown(value, kind, origin, key)
        elif (entries := TABLES.get(f"{where}.{key}")) is not None and isinstance(value, Mapping):
            for name, entry in value.items():
                if isinstance(entry, Mapping):
                    _refuse_unknown(entry, entries, origin, f"{where}.{key}.{name}")
