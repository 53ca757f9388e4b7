"""`[uplink]`: the broker that this node reports to, for whoever looks after many nodes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from monitor.config import limits
from monitor.config.settings.base import within

_WORD = r"[A-Za-z0-9_-]{1,32}"
_PREFIX = rf"^{_WORD}(/{_WORD}){{0,3}}$"
"""The beginning of topics, in what both MQTT and NATS take."""


class UplinkConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A broker that this node reports to: events, hearing, signs of life (docs/fleet.md). Never sound."""

    url: str = ""
    """`mqtt://HOST`, `mqtts://HOST`, `nats://HOST`, `tls://HOST` (NATS), the second and last encrypted;
    empty: none."""
    user: str = ""
    """Name for the broker; empty: none is asked for."""
    password_env: str = "UPLINK_PASSWORD"  # noqa: S105 - the name of a variable
    """Variable of the environment that holds the password, where there is one."""
    password_file: str = ""
    """File whose first line is the password; wins over the variable."""
    credentials_file: str = ""
    """A `.creds` file of NATS, instead of user and password."""
    ca_file: str = ""
    """Certificates (PEM) that an encrypted broker's is checked against; empty: those of the system."""
    prefix: Annotated[str, msgspec.Meta(pattern=_PREFIX)] = "fleet"
    """Topics begin with `PREFIX/NODE/`; `node` is that of `[publish]`."""
    place: str = ""
    """Where this node stands, for people; empty: nobody said."""
    heartbeat_s: Annotated[float, within(limits.HEARTBEAT_S)] = 15.0
    """It says so often that it lives; who misses three of them calls it silent."""
    keep_days: Annotated[float, within(limits.KEEP_DAYS)] = 30.0
    """What could not be sent waits on the disk; older reports are given up and counted."""
    max_mb: Annotated[float, within(limits.MAX_MB)] = 50.0
    """Megabytes from which on the oldest are given up too."""
    accept_config: bool = False
    """What is listened for, and thresholds, may be set from elsewhere: `monitor fleet push`."""
    config_key: str = ""
    """The public key of who may do so, as `monitor fleet key` prints it; empty: whoever may write on the
    broker."""
    healthy_s: Annotated[float, within(limits.HEALTHY_S)] = 60.0
    """Settings from elsewhere are tried for so long; where a source hears less then, those before return."""
    per_second: Annotated[float, within(limits.REPORTS_PER_SECOND)] = 20.0
    """Reports that are sent in a second at most, when the broker is back."""
