"""Whether an order comes from who may give it: Ed25519, by the library of the field."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from msgspec.structs import replace

from monitor.bus.codec import encode_json
from monitor.bus.messages import Order
from monitor.errors import ConfigError
from monitor.extras import install

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_PUBLIC_LEN = 32


def need_cryptography() -> None:
    """Refuse to go on where the library is not installed.

    Raises
    ------
    ConfigError
        It is not.
    """
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise ConfigError(f"Signing needs cryptography: {install(extra='fleet')}") from None


def public_key(text: str) -> Ed25519PublicKey:
    """Return the key that `[uplink] config_key` says.

    Raises
    ------
    ConfigError
        It is none, or what reads it is not installed.
    """
    need_cryptography()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if len(content) != _PUBLIC_LEN:
        raise ConfigError("uplink.config_key is no public key; valid: what `monitor fleet key FILE` prints.")
    return Ed25519PublicKey.from_public_bytes(content)


def signed(order: Order, key: Ed25519PrivateKey) -> Order:
    """Return `order` with the signature of `key`."""
    return replace(order, signature=base64.b64encode(key.sign(_said(order))).decode())


def is_signed_by(order: Order, key: Ed25519PublicKey) -> bool:
    """Return whether `order` is as somebody with that key gave it."""
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(base64.b64decode(order.signature, validate=True), _said(order))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _said(order: Order) -> bytes:
    return b"monitor order\n" + encode_json(replace(order, signature=""))
