"""The key of whoever may set nodes from here: a file of PEM, for its owner only."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import ConfigError
from monitor.files.reading import read_stored
from monitor.files.state_files import write_private
from monitor.sinks.uplink.signature import need_cryptography

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_MOST_BYTES = 65_536


def make_key(path: Path) -> str:
    """Write a new key to `path`, where there is none, and return the public one.

    Raises
    ------
    ConfigError
        It cannot be written, or what makes it is not installed.
    """
    need_cryptography()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    try:
        write_private(path, key.private_bytes(serialization.Encoding.PEM, form, plain))
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None
    return public_of(key)


def read_key(path: Path) -> Ed25519PrivateKey:
    """Return the key in `path`.

    Raises
    ------
    ConfigError
        There is none.
    """
    need_cryptography()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = serialization.load_pem_private_key(read_stored(path, _MOST_BYTES), None)
    except (OSError, ValueError, TypeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds no key without a passphrase"
        raise ConfigError(f"The key {path} cannot be read: {why}.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path} is no Ed25519 key; `monitor fleet key FILE` makes one.")
    return key


def public_of(key: Ed25519PrivateKey) -> str:
    """Return the public key, as `[uplink] config_key` takes it."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()
