"""The address of a broker (MQTT, NATS), as a user writes it. Pure.

A password is nothing to show: no sentence of this file has what stands before an ``@``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import msgspec

from monitor.errors import ConfigError

MQTT = {"mqtt": 1883, "mqtts": 8883}
"""Scheme -> usual port."""
MQTT_OR_NATS = {**MQTT, "nats": 4222, "tls": 4222}
"""The same where a node reports to; `tls` is how NATS calls what is encrypted."""
_ENCRYPTED = frozenset({"mqtts", "tls"})
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
    nats: bool = False
    """It speaks NATS; else MQTT."""

    @property
    def url(self) -> str:
        """The address without user and password, for settings and sentences."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        plain, encrypted = ("nats", "tls") if self.nats else ("mqtt", "mqtts")
        return f"{encrypted if self.tls else plain}://{host}:{self.port}"


def broker_address(url: str, where: str, ports: Mapping[str, int] = MQTT) -> BrokerAddress:
    """Return what `url` says; `where` it stands, at the beginning of a sentence; `ports` of valid schemes.

    Raises
    ------
    ConfigError
        It is no address of a broker.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused(url, where, ports) from None
    beyond = parts.path.strip("/") or parts.query or parts.fragment
    host = parts.hostname or ""
    if parts.scheme not in ports or not _HOST.fullmatch(host) or beyond or port == 0:
        raise _refused(url, where, ports)
    return BrokerAddress(
        host=host,
        port=ports[parts.scheme] if port is None else port,
        tls=parts.scheme in _ENCRYPTED,
        user=unquote(parts.username or ""),
        password=None if parts.password is None else Password(unquote(parts.password)),
        nats=parts.scheme in {"nats", "tls"},
    )


def without_user(url: str) -> str:
    """Return an address, or what was meant to be one, without what stands before its ``@``."""
    if "@" not in url:
        return url
    shown = _USER.sub("…@", url)
    return shown if shown != url else f"…@{url.rpartition('@')[2]}"


def _refused(url: str, where: str, ports: Mapping[str, int]) -> ConfigError:
    hint = "; in a password write / ? # @ as %2F %3F %23 %40" if "@" in url else ""
    return ConfigError(f"{where} is {without_user(url)!r}; valid: {_valid(ports)}{hint}.")


def _valid(ports: Mapping[str, int]) -> str:
    schemes = [f"{one}://HOST{' (encrypted)' if one in _ENCRYPTED else ''}" for one in ports]
    usual = " or ".join(map(str, dict.fromkeys(ports.values())))
    return f"{', '.join(schemes)}, and :PORT where it is not {usual}"
