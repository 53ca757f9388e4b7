"""What is refused of a fleet, with the name and the number of the source at fault. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import TYPE_CHECKING

from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.config.settings import Config

_LISTED = 8
"""Valid names that are told."""


def check_fleet(config: Config, origin: str) -> None:
    """Refuse a source without sound or group, groups without a source, and a target of none of them.

    Raises
    ------
    ConfigError
        There is one.
    """
    groups, sources = config.fleet.groups, config.fleet.sources
    if groups and not sources:
        raise ConfigError(f"{origin}: [fleet] has groups and nothing to hear; add [fleet.sources.NAME].")
    for number, (name, own) in enumerate(sources.items(), 1):
        where = f"{origin}: fleet.sources.{name} (number {number} of {len(sources)})"
        if not own.source:
            raise ConfigError(f'{where} does not say what is heard; add source = "…", as for --source.')
        if own.group and own.group not in groups:
            raise ConfigError(f"{where}: there is no group {own.group!r}; {_hint(own.group, groups)}")
    for name in set(groups) & set(sources):
        raise ConfigError(f"{origin}: {name} is a source of the fleet and a group; give one another name.")
    for name, target in config.notify.targets.items():
        for one in target.sources if sources else ():
            if one not in groups and one not in sources:
                raise ConfigError(
                    f"{origin}: notify.targets.{name}: there is no source or group {one!r} in the fleet; "
                    f"{_hint(one, [*groups, *sources])}"
                )


def _hint(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    listed = list(known)
    more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    return (
        f"valid: {', '.join(listed[:_LISTED])}{more}."
        if listed
        else "there is none: add [fleet.groups.NAME]."
    )
