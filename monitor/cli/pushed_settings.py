"""The configuration of a run, with the settings that it was sent over its uplink."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.config.pushed import pushed_values
from monitor.config.settings import Config, load_config
from monitor.console import tell
from monitor.errors import ConfigError
from monitor.names import slug
from monitor.storage.pushed import pushed_file, read_pushed, write_pushed
from monitor.wording import node_name

Flags = Mapping[str, Mapping[str, Any]]


def load_run_config(path: Path | None, flags: Flags) -> Config:
    """Return what is in force: defaults, file, what was sent and is allowed, environment, flags.

    Raises
    ------
    ConfigError
        Something of it cannot be used.
    """
    own = load_config(path, os.environ, flags)
    kept = _kept(own)
    pushed = None if kept is None else read_pushed(kept).current
    return own if pushed is None else load_config(path, os.environ, flags, pushed_values(pushed.toml))


def begin_config(path: Path | None, flags: Flags) -> Config:
    """Return the same for a run that begins: what was sent and is no use any more is taken back, and told.

    Raises
    ------
    ConfigError
        The node's own settings cannot be used.
    """
    kept = _kept(load_config(path, os.environ, flags))
    pushed = None if kept is None else read_pushed(kept)
    if pushed is not None and pushed.trying:
        _take_back(kept, "the program ended while they were tried")
    try:
        return load_run_config(path, flags)
    except ConfigError as error:
        if pushed is None or pushed.current is None:
            raise
        _take_back(kept, str(error))
    try:
        return load_run_config(path, flags)
    except ConfigError as error:
        _take_back(kept, str(error))
    return load_run_config(path, flags)


def _take_back(kept: Path | None, why: str) -> None:
    tell(f"The settings that came over the uplink are taken back: {why}", "warning")
    try:
        write_pushed(kept, read_pushed(kept).undone("rolled_back", why))
    except OSError as error:
        raise ConfigError(
            f"{kept} cannot be written ({error.strerror}), and the settings in it are no use; remove it."
        ) from None


def _kept(own: Config) -> Path | None:
    """Return where settings from elsewhere are kept; None: they are not allowed."""
    if not (own.uplink.url and own.uplink.accept_config):
        return None
    return pushed_file(own.uplink.prefix, slug(node_name(own.publish.node)))
