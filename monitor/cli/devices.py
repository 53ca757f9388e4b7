"""The `devices` verb: what can be heard."""

from __future__ import annotations

import argparse
from typing import Any

from monitor.cli.arguments import AddVerb
from monitor.console import show, show_json


def add_devices(verbs: Any, add_verb: AddVerb) -> None:
    """Add `devices` to the verbs of the program."""
    devices = add_verb(verbs, "devices", _devices, "list what can be heard; * marks the default")
    devices.add_argument("--json", action="store_true", help="one JSON list on standard output")


def _devices(arguments: argparse.Namespace) -> int:
    import msgspec

    from monitor.sources.microphone import list_devices

    devices = list_devices()
    if arguments.json:
        show_json(msgspec.json.encode(devices))
        return 0
    for device in devices:
        mark = "*" if device.is_default else " "
        rate = f"{device.default_sample_rate} Hz"
        show(f"{mark} {device.index:3d}  {device.id:32s}  {device.channels} ch  {rate:9s}  {device.name}")
    if not devices:
        show("No microphone is connected; --source demo and --source file:PATH work without one.")
    return 0
