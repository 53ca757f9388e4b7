"""The `schema` verb: every message, as JSON Schema."""

from __future__ import annotations

import argparse
from typing import Any

from monitor.cli.arguments import AddVerb
from monitor.console import show


def add_schema(verbs: Any, add_verb: AddVerb) -> None:
    """Add `schema` to the verbs of the program."""
    add_verb(verbs, "schema", _schema, "print the JSON Schema of every message")


def _schema(_: argparse.Namespace) -> int:
    import json

    from monitor.bus.codec import schema

    show(json.dumps(schema(), indent=2))
    return 0
