"""What `monitor run` hands to the process that serves its page: one line of JSON, and the socket beside it.

The code is in it, so it goes through a pipe: arguments are seen by everybody on a computer.
"""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec

from monitor.bus.codec import decode_with
from monitor.errors import ConfigError, WireError
from monitor.web.addresses import WebAddress
from monitor.web.asking import Place
from monitor.web.certificate import Certificate
from monitor.web.opening import Opened


class Handed(msgspec.Struct, frozen=True):
    """An opened page without its socket, and the monitors that it shows."""

    address: WebAddress
    names: tuple[str, ...]
    chain: str | None
    key: str | None
    authority: str | None
    code: str
    places: tuple[Place, ...]

    def opened(self, descriptor: int) -> Opened:
        """Return the page with the socket at `descriptor`."""
        certificate = None
        if self.chain is not None and self.key is not None:
            authority = None if self.authority is None else Path(self.authority)
            certificate = Certificate(Path(self.chain), Path(self.key), authority)
        sock = socket.socket(fileno=descriptor)
        return Opened(sock, self.address, self.names, certificate, self.code)


_DECODER = msgspec.json.Decoder(Handed)


def line_for(opened: Opened, place: Place) -> bytes:
    """Return the line that hands over `opened`, which shows the monitor at `place`."""
    certificate = opened.certificate
    authority = certificate.authority if certificate else None
    handed = Handed(
        opened.address,
        opened.names,
        str(certificate.chain) if certificate else None,
        str(certificate.key) if certificate else None,
        str(authority) if authority else None,
        opened.code,
        (place,),
    )
    return msgspec.json.encode(handed) + b"\n"


def handed_from(line: bytes) -> Handed:
    """Return what was handed over.

    Raises
    ------
    ConfigError
        It is none.
    """
    try:
        return decode_with(_DECODER, line)
    except WireError:
        raise ConfigError(
            "The web page of a run is started by `monitor run --web`; see `monitor web`."
        ) from None
