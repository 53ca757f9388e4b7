"""Settings as they may be shown: each with where it comes from, none with what is secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from monitor.cli.setting_flags import FLAGS
from monitor.config.settings import Config, Layer, without_addresses
from monitor.files.toml import toml_value
from monitor.sources.network_address import without_secrets as without_user

if TYPE_CHECKING:
    from rich.table import Table

_LONGEST = 100
"""Characters of a value that are shown in the table."""


class Setting(msgspec.Struct, frozen=True):
    """One setting that is in force."""

    name: str
    """``section.key``, or ``section.key.NAME.key`` where it belongs to one class or target."""
    value: Any
    origin: str
    """``default``, or the file, the variable of the environment, or the flag that set it."""


def without_secrets(config: Config) -> Config:
    """Return `config` as it may be shown: no addresses of people, no passwords of cameras."""
    sources = tuple(map(without_user, config.capture.sources))
    fleet = {
        name: replace(own, source=without_user(own.source)) for name, own in config.fleet.sources.items()
    }
    return replace(
        config,
        notify=without_addresses(config.notify),
        capture=replace(config.capture, sources=sources),
        fleet=replace(config.fleet, sources=fleet),
    )


def with_origins(config: Config, layers: Sequence[Layer]) -> list[Setting]:
    """Return every setting of `config` with the strongest of `layers` that has it."""
    return [Setting(".".join(keys), value, _origin(keys, layers)) for keys, value in _flat(config)]


def settings_table(found: Sequence[Setting]) -> Table:
    """Return the table that people read."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("setting", "value", "comes from"):
        table.add_column(title)
    for one in found:
        value = toml_value(one.value)
        short = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
        table.add_row(Text(one.name), Text(short), Text(one.origin))
    return table


def _flat(config: Config) -> Iterator[tuple[tuple[str, ...], Any]]:
    for section, values in msgspec.to_builtins(config).items():
        for key, value in values.items():
            if _is_table(getattr(getattr(config, section), key)):
                for name, entry in value.items():
                    yield from (
                        ((section, key, name, inner), one) for inner, one in entry.items() if one is not None
                    )
            else:
                yield (section, key), value


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and any(isinstance(one, msgspec.Struct) for one in value.values())


def _origin(keys: Sequence[str], layers: Sequence[Layer]) -> str:
    for layer in reversed(layers):
        if keys[1] in layer.values.get(keys[0], {}):
            if layer.kind == "flag":
                return FLAGS.get(".".join(keys[:2]), "the command line")
            if layer.kind == "environment":
                return f"MONITOR_{keys[0]}_{keys[1]}".upper()
            return layer.name if _has(layer.values, keys) else "default"
    return "default"


def _has(values: Any, keys: Sequence[str]) -> bool:
    for key in keys:
        if not isinstance(values, Mapping) or key not in values:
            return False
        values = values[key]
    return True
