"""The `config` verb: the configuration in force."""

from __future__ import annotations

import argparse
import os
from typing import Any

from monitor.cli.arguments import AddVerb
from monitor.config.settings import as_toml, load_config, without_addresses
from monitor.console import show
from monitor.files.paths import user_path


def add_config(verbs: Any, add_verb: AddVerb) -> None:
    """Add `config` to the verbs of the program."""
    config = add_verb(verbs, "config", _config, "print the configuration in force")
    config.add_argument("--config", type=user_path, metavar="FILE", help="TOML file over the defaults")
    config.add_argument("--json", action="store_true", help="one JSON object instead of TOML")


def _config(arguments: argparse.Namespace) -> int:
    import json

    import msgspec

    config = load_config(arguments.config, os.environ)
    config = msgspec.structs.replace(config, notify=without_addresses(config.notify))
    show(json.dumps(msgspec.to_builtins(config), indent=2) if arguments.json else as_toml(config))
    return 0
