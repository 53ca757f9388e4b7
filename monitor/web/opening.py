"""From what a user asked for to an open page: its socket, certificate, code and addresses, or one refusal.

It is opened before anything else begins, so that a port in use or a missing certificate is told at once; who
serves it may be another process, which is handed the socket.
"""

from __future__ import annotations

import platform
import re
import socket
import ssl
from pathlib import Path

import msgspec

from monitor.errors import ConfigError, PublishError
from monitor.files.paths import own_folder
from monitor.text import sanitise
from monitor.web.addresses import WebAddress, web_address
from monitor.web.certificate import Certificate, made_here
from monitor.web.own_addresses import own_addresses
from monitor.web.pairing import new_code

_BACKLOG = 64
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")


class WebOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for."""

    address: str
    certificate: Path | None = None
    key: Path | None = None
    names: tuple[str, ...] = ()
    """Further names of this computer that browsers may use."""


class Opened(msgspec.Struct, frozen=True):
    """A page that is ready to be served."""

    socket: socket.socket
    address: WebAddress
    names: tuple[str, ...]
    certificate: Certificate | None
    """None: it is not encrypted, and reached from this computer only."""
    code: str

    @property
    def urls(self) -> list[str]:
        """How browsers reach it, the likeliest first."""
        tls = self.certificate is not None
        hosts = own_addresses() if self.address.is_any else [self.address.host]
        return [self.address.url(host, tls=tls) for host in hosts]

    @property
    def sentences(self) -> list[str]:
        """What the user has to know to open it."""
        where = " or ".join(self.urls)
        if self.address.is_loopback:
            return [f"The web page is at {where} (this computer only)."]
        return [f"The web page is at {where} and its pairing code is {self.shown_code} (docs/web.md)."]

    @property
    def shown_code(self) -> str:
        """The pairing code as people read it."""
        return f"{self.code[:4]} {self.code[4:]}"

    @property
    def pairing_url(self) -> str:
        """The address with the code behind it, for a phone's camera; that part is never sent."""
        return f"{self.urls[0]}#{self.code}"


def open_web(options: WebOptions) -> Opened:
    """Bind the page's socket and find what it needs.

    Raises
    ------
    ConfigError
        The address is none, or can be reached from elsewhere and there is no certificate for it.
    PublishError
        It cannot be bound.
    """
    address = web_address(options.address)
    names = _names(options.names)
    certificate = _certificate(options, address, names)
    bound = _bound(address)
    port = bound.getsockname()[1]
    return Opened(bound, WebAddress(address.host, port), names, certificate, new_code())


def web_folder() -> Path | None:
    """Return where the page keeps its key and certificate; None: there is no place."""
    state = own_folder("state")
    return None if state is None else state / "web"


def _certificate(options: WebOptions, address: WebAddress, names: tuple[str, ...]) -> Certificate | None:
    if (options.certificate is None) != (options.key is None):
        raise ConfigError(
            "A certificate and its key belong together; give --certificate FILE and --key FILE."
        )
    if options.certificate is not None and options.key is not None:
        _check_pair(options.certificate, options.key)
        return Certificate(options.certificate, options.key)
    if address.is_loopback:
        return None
    folder = web_folder()
    if folder is None:
        raise ConfigError(
            "There is no home folder to keep a certificate in; set XDG_STATE_HOME, or give "
            "--certificate FILE and --key FILE."
        )
    hosts = own_addresses() if address.is_any else [address.host]
    return made_here(folder, list(dict.fromkeys([*names, *hosts])))


def _check_pair(certificate: Path, key: Path) -> None:
    for path in (certificate, key):
        try:
            path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"{path} cannot be read: {error.strerror}; name a file in PEM format."
            ) from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, ValueError):
        raise ConfigError(
            f"{certificate} and {key} are no certificate and its key; give both in PEM format, "
            "the key without a password."
        ) from None


def _bound(address: WebAddress) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not address.is_any))
        sock.bind((address.host, address.port))
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise PublishError(
            f"The web page cannot be served on {address.host}, port {address.port}: {error.strerror}; "
            "another page may be there already. Name another port: ADDRESS:PORT."
        ) from None
    return sock


def _names(further: tuple[str, ...]) -> tuple[str, ...]:
    """Return by which names browsers may call this computer, lower case."""
    own = platform.node().lower().partition(".")[0]
    found = ["localhost", *([own, f"{own}.local"] if _NAME.fullmatch(own) else [])]
    for name in further:
        if not _NAME.fullmatch(name.lower()):
            raise ConfigError(
                f"{sanitise(name)!r} is no name of a computer; write it as in the browser: pi.example.org."
            )
        found.append(name.lower())
    return tuple(dict.fromkeys(found))
