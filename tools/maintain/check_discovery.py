"""Hold what a running monitor tells Home Assistant to Home Assistant's own schemas.

Run by a Python that has Home Assistant (it needs not have this program), with the message on standard input::

    mosquitto_sub -C 1 -t 'homeassistant/device/+/config' > device.json
    HOME_ASSISTANT/bin/python tools/maintain/check_discovery.py < device.json

Says how many entities of each kind are understood; exit code 1 with the first that is not.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from importlib import import_module
from typing import Any


def understood(message: dict[str, Any]) -> Counter[str]:
    """Return how many entities of each platform Home Assistant makes of `message`.

    Raises
    ------
    voluptuous.Invalid
        It is not understood.
    """
    from homeassistant.components.mqtt import discovery, schemas

    discovery._replace_all_abbreviations(message)  # noqa: SLF001 - as it does itself, in this order
    schemas.DEVICE_DISCOVERY_SCHEMA(message)
    found: Counter[str] = Counter()
    for component in message["components"].values():
        platform = component.pop("platform")
        if component:
            payload = discovery.MQTTDiscoveryPayload(component)
            payload["device"], payload["origin"] = message["device"], message["origin"]
            discovery._merge_common_device_options(payload, message)  # noqa: SLF001
            _held_to_schema(platform, payload)
        found[platform] += 1
    return found


def _held_to_schema(platform: str, payload: dict[str, Any]) -> None:
    """Hold an entity to the schema of its platform; what that would leave out is told too."""
    module = import_module(f"homeassistant.components.mqtt.{platform}")
    kept = module.DISCOVERY_SCHEMA(dict(payload))
    unknown = payload.keys() - kept.keys()
    if unknown:
        raise ValueError(f"{platform} does not know {', '.join(sorted(unknown))}: {payload}")


def main() -> int:
    """Check the message on standard input."""
    from homeassistant.const import __version__
    from voluptuous import Invalid

    try:
        found = understood(json.load(sys.stdin))
    except (Invalid, ValueError) as error:
        print(f"Home Assistant {__version__} does not understand it: {error}", file=sys.stderr)
        return 1
    counted = ", ".join(f"{number} {platform}" for platform, number in sorted(found.items()))
    print(f"Home Assistant {__version__} understands all of it: {counted}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
