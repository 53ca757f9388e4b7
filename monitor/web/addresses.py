"""Where the page is served, and by which names its browsers may call that place. Pure.

A page of somebody else's could have its own name lead to this computer (DNS rebinding) and then ask as if it
were this page. Its requests still say its own name, so only a number or a name of this computer is answered.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from monitor.errors import ConfigError
from monitor.text import sanitise

DEFAULT_PORT = 8557
DEFAULT = f"127.0.0.1:{DEFAULT_PORT}"
_MOST_PORT = 65535
_ADDRESS = re.compile(
    r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[0-9.]+|localhost):)?(?P<port>[0-9]{1,9})|(?P<only>.+)"
)
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")


class WebAddress(NamedTuple):
    """A numeric address and a port; 0: any that is free."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this computer reaches it."""
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def is_any(self) -> bool:
        """Whether it stands for all addresses of this computer."""
        return ipaddress.ip_address(self.host).is_unspecified

    def url(self, host: str, *, tls: bool) -> str:
        """Return how a browser reaches it at `host`."""
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if tls else 'http'}://{shown}:{self.port}/"


def web_address(text: str) -> WebAddress:
    """Return the address that a user typed: `8557`, `127.0.0.1:8557`, `0.0.0.0:8557`, `[::]:8557`.

    Raises
    ------
    ConfigError
        It is none.
    """
    found = _ADDRESS.fullmatch(text.strip())
    host = "" if found is None else found["host"] or found["only"] or "127.0.0.1"
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    port = int(found["port"]) if found is not None and found["port"] else DEFAULT_PORT
    try:
        ip = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        ip = None
    if port > _MOST_PORT:
        raise ConfigError(
            f"Port {port} of {sanitise(text)!r} is too large for the web page; valid: ADDRESS:PORT with a "
            f"port from 0 (any that is free) to {_MOST_PORT}, such as {DEFAULT}."
        )
    if ip is None:
        raise ConfigError(
            f"{sanitise(text)!r} is no address for the web page; valid: ADDRESS:PORT with a numeric address, "
            f"such as {DEFAULT} (this computer only) or 0.0.0.0:{DEFAULT_PORT} (all who reach it)."
        )
    return WebAddress(str(ip), port)


def is_own_host(header: str, names: frozenset[str]) -> bool:
    """Tell whether the `Host` of a request is a number, or one of this computer's `names` (lower case)."""
    found = _HOST.fullmatch(header)
    if found is None:
        return False
    host = found["host"].lower().rstrip(".")
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host in names
    return True
