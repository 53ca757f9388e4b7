"""Addresses of files, and how they are shown: without what lets somebody in.

A mirror may ask for a name and a password or a token, and carries them in its address:
``https://name:token@host/path``, ``https://host/path?token=…``, or somewhere in its path. They go to that
host only, never to one it redirects to, and are never printed.
"""

from __future__ import annotations

import base64
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

_LEFT_OUT = "…"


class Access(NamedTuple):
    """An address to ask, and what to show there."""

    url: str
    """Without name and password."""
    authorization: str
    """Value of the header of that name; empty: none."""


def below(base: str, path: str) -> str:
    """Return the address of `path`, which begins with no slash, below `base`; its query stays at the end."""
    parts = urlsplit(base)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{path}"))


def access(url: str) -> Access:
    """Take name and password out of an address."""
    parts = urlsplit(url)
    before, at, host = parts.netloc.rpartition("@")
    if not at:
        return Access(url, "")
    secret = base64.b64encode(unquote(before).encode("utf-8", "surrogateescape")).decode()
    return Access(urlunsplit(parts._replace(netloc=host)), f"Basic {secret}")


def is_unclear(url: str) -> bool:
    """Return whether an address holds blanks or controls, some of which reading it would leave out."""
    return any(char.isspace() or not char.isprintable() for char in url)


def shown(url: str) -> str:
    """Return an address as it may be printed: scheme, host and path; of what cannot be read, nothing."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return _LEFT_OUT
    if (
        is_unclear(url) or not host or "@" in parts.path + parts.query + parts.fragment
    ):  # a password with / ? or # in it
        return _LEFT_OUT
    name = f"[{host}]" if ":" in host else host
    place = f"{parts.scheme}://{name}{f':{port}' if port else ''}"
    query = f"?{_LEFT_OUT}" if parts.query or parts.fragment else ""
    return f"{place}{parts.path}{query}"


def shown_below(base: str, path: str) -> str:
    """Return the address of `path` below the mirror `base` as it may be printed, less the mirror's path."""
    return f"{shown_place(base)}/{path}"


def shown_place(mirror: str) -> str:
    """Return the address of a mirror as it may be printed: scheme and host, as its path may be a token."""
    printed = shown(mirror)
    if printed == _LEFT_OUT:
        return printed
    parts = urlsplit(printed)
    return f"{parts.scheme}://{parts.netloc}{f'/{_LEFT_OUT}' if parts.path.strip('/') else ''}"
