"""The address of an MQTT broker, as a user writes it. Pure.

A password is nothing to show: no sentence of this file has what stands before an ``@``.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import msgspec

from monitor.errors import ConfigError

PORTS = {"mqtt": 1883, "mqtts": 8883}
"""Scheme -> usual port; `mqtts` is encrypted."""
VALID = "mqtt://HOST, mqtts://HOST (encrypted), and :PORT where it is not 1883 or 8883"
_USER = re.compile(r"(?<=//)[^/]*@")
_HOST = re.compile(r"[^\s/?#@]+")


class Password:
    """A password, which `repr` and `str` do not show."""

    def __init__(self, text: str) -> None:
        self.text = text
        """To be given to the broker, and to nobody else."""

    def __repr__(self) -> str:
        return "Password(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Password) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


class BrokerAddress(msgspec.Struct, frozen=True):
    """Where a broker is, and who is to be told to it."""

    host: str
    port: int
    tls: bool
    """Encrypted."""
    user: str = ""
    password: Password | None = None

    @property
    def url(self) -> str:
        """The address without user and password, for settings and sentences."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def broker_address(url: str, where: str) -> BrokerAddress:
    """Return what `url` says; `where` it stands, at the beginning of a sentence.

    Raises
    ------
    ConfigError
        It is no address of a broker.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused(url, where) from None
    beyond = parts.path.strip("/") or parts.query or parts.fragment
    host = parts.hostname or ""
    if parts.scheme not in PORTS or not _HOST.fullmatch(host) or beyond or port == 0:
        raise _refused(url, where)
    return BrokerAddress(
        host=host,
        port=PORTS[parts.scheme] if port is None else port,
        tls=parts.scheme == "mqtts",
        user=unquote(parts.username or ""),
        password=None if parts.password is None else Password(unquote(parts.password)),
    )


def without_user(url: str) -> str:
    """Return an address, or what was meant to be one, without what stands before its ``@``."""
    if "@" not in url:
        return url
    shown = _USER.sub("…@", url)
    return shown if shown != url else f"…@{url.rpartition('@')[2]}"


def _refused(url: str, where: str) -> ConfigError:
    hint = "; in a password write / ? # @ as %2F %3F %23 %40" if "@" in url else ""
    return ConfigError(f"{where} is {without_user(url)!r}; valid: {VALID}{hint}.")
