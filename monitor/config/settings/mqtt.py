"""`[mqtt]`: a broker that others hear and steer the monitor through."""

from __future__ import annotations

from typing import Annotated

import msgspec

_PREFIX = r"[^\s+#/$]([^\s+#]{0,58}[^\s+#/])?"
"""The beginning of topics: no blanks, no wildcards, no `/` at its ends."""


class MqttConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An MQTT broker, such as Home Assistant's, that events and states are told to (docs/mqtt.md)."""

    url: str = ""
    """`mqtt://HOST`, `mqtts://HOST` (encrypted), with `:PORT` where it is not 1883 or 8883; empty: none."""
    user: str = ""
    """Name for the broker; empty: none is asked for."""
    password_env: str = "MQTT_PASSWORD"  # noqa: S105 - the name of a variable
    """Variable of the environment that holds the password, where there is one."""
    password_file: str = ""
    """File whose first line is the password; wins over the variable."""
    ca_file: str = ""
    """Certificates (PEM) that an encrypted broker's is checked against; empty: those of the system."""
    prefix: Annotated[str, msgspec.Meta(pattern=f"^{_PREFIX}$")] = "monitor"
    """Topics begin with `PREFIX/NODE/`; `node` is that of `[publish]`."""
    discovery_prefix: Annotated[str, msgspec.Meta(pattern=f"^({_PREFIX})?$")] = "homeassistant"
    """Where Home Assistant looks for devices; empty: it is not told of this one."""
    commands: bool = True
    """Whoever may publish on the broker may pause, mute, set thresholds and acknowledge; false: only tell."""
