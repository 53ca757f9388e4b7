"""Addresses of streams in a network: what is opened, and what of it may be shown. Pure.

User names, passwords and queries open doors: they are in `url` alone, and nothing that is shown, published,
stored or said is made of it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from monitor.errors import ConfigError
from monitor.names import slug
from monitor.text import sanitise

LONGEST_ID = 60
"""Characters of an id; more would make topics unreadable."""
HIDDEN = "…"
"""Stands for what is not shown."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_WRITTEN = "write it as SCHEME://USER:PASSWORD@HOST:PORT/PATH, and / ? # @ in a password as %2F %3F %23 %40"


class NetworkAddress(msgspec.Struct, frozen=True):
    """Where a stream is."""

    url: str
    """As it is opened, with all that is secret. Never shown."""
    shown: str
    """Scheme, host and path: what a person calls it."""
    id: str
    """Made of host and path, stable: letters, digits, `_` and `-` only."""

    def __repr__(self) -> str:
        return f"NetworkAddress({self.shown!r})"


class Asked(msgspec.Struct, frozen=True):
    """What the process that hears a stream is told."""

    url: str
    """With all that is secret."""
    shown: str
    """What it is called in sentences."""
    authorities: str
    """Path of the certificates that are trusted; empty: those that the library knows."""
    verify: bool
    """Whether who encrypts must prove who it is."""


def parse_address(text: str, environment: Mapping[str, str]) -> NetworkAddress:
    """Return the address that a user wrote; ``${NAME}`` in it stands for a variable of `environment`.

    Raises
    ------
    ConfigError
        It is none, or names a variable that is not set. The sentence holds nothing of what may be secret.
    """
    url = _VARIABLE.sub(lambda found: _value(found[1], environment), text.strip())
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigError(f"The address of a stream cannot be read; {_WRITTEN}.") from None
    if not parts.hostname or ("@" in parts.path + parts.query + parts.fragment and parts.username is None):
        raise ConfigError(f"The address of a stream has no host, or an @ out of place; {_WRITTEN}.")
    if any(char.isspace() or ord(char) < 32 for char in url):
        raise ConfigError(f"The address of a stream has a blank in it; {_WRITTEN}, and a blank as %20.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = f"{host}:{port}" if port else host
    path = _shown_path(parts.path).rstrip("/")
    shown = sanitise(f"{parts.scheme}://{place}{path}")
    return NetworkAddress(url, shown, _short(slug(f"{place}{path.replace(HIDDEN, '')}")))


def without_secrets(text: str) -> str:
    """Return what a user wrote, for a sentence about it, without what stands before an @ or behind a ?."""
    if "@" not in text and "://" not in text:
        return text
    head, slashes, rest = text.partition("://") if "://" in text else ("", "", text)
    rest = re.split("[?#]", rest.rpartition("@")[2])[0]
    return f"{head}{slashes}{_shown_path(rest) if slashes else rest}"


def _shown_path(path: str) -> str:
    """Return a path without parts like ``user=admin&password=…``, which some cameras want in it."""
    return "/".join(HIDDEN if "=" in part else part for part in path.split("/"))


def _value(name: str, environment: Mapping[str, str]) -> str:
    if name not in environment:
        raise ConfigError(
            f"The address of a stream names the variable {name}, which is not set; set it, or write what it "
            "stands for in its place."
        )
    return environment[name]


def _short(name: str) -> str:
    if len(name) <= LONGEST_ID:
        return name
    checksum = f"{zlib.crc32(name.encode()):08x}"
    return f"{name[: LONGEST_ID - len(checksum) - 1].rstrip('-_')}-{checksum}"
