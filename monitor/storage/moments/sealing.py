"""Authenticated encryption of what is remembered: AES-256 in GCM (NIST SP 800-38D), a nonce per row.

The only file that knows the package `cryptography`, which the extra `memory` installs. What a row says of
itself in plain text (model, source, time, event, class) is authenticated with it: none of it can be changed,
and no content moved to another row, without the key.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from monitor.config.settings import MemoryConfig
from monitor.errors import ConfigError, MomentsError
from monitor.extras import install
from monitor.files.paths import user_path
from monitor.files.reading import read_stored, stored_text

_KEY_LEN = 32
_NONCE_LEN = 12
_LONGEST_FILE = 4096


class Seal:
    """Encrypts and decrypts with one key, `_KEY_LEN` bytes."""

    def __init__(self, key: bytes) -> None:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError:
            raise MomentsError(
                "Encrypting the memory needs the package cryptography; set neither [memory] key_file nor "
                f"key_env, or install it with: {install(extra='memory')}"
            ) from None
        self._cipher = AESGCM(key)

    def close(self, content: bytes, about: bytes) -> bytes:
        """Return `content` encrypted, bound to what is known `about` it: nonce, text, tag."""
        nonce = secrets.token_bytes(_NONCE_LEN)
        return nonce + self._cipher.encrypt(nonce, content, about)

    def open(self, sealed: bytes, about: bytes) -> bytes | None:
        """Return what was encrypted; None: by another key, or it is not about that, or was changed."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(sealed[:_NONCE_LEN], sealed[_NONCE_LEN:], about)
        except (InvalidTag, ValueError):
            return None


def new_key() -> str:
    """Return a new key as text for a file or a variable."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_KEY_LEN)).decode()


def seal_of(config: MemoryConfig, environment: Mapping[str, str] = os.environ) -> Seal | None:
    """Return what the memory is encrypted with; None: nothing is asked for.

    Raises
    ------
    ConfigError
        The file or the variable has no key.
    MomentsError
        The package that encrypts is not installed.
    """
    if config.key_file and config.key_env:
        raise ConfigError("[memory] has a key_file and a key_env; keep one of them.")
    if config.key_env:
        return _seal(environment.get(config.key_env, ""), f"The variable {config.key_env}")
    if config.key_file:
        return _seal(_of_file(config.key_file), f"The file {config.key_file}")
    return None


def _seal(text: str, where: str) -> Seal:
    try:
        key = base64.b64decode(text.strip(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_LEN:
        raise ConfigError(
            f"{where} has no key for the memory (it is not shown here; valid: {_KEY_LEN} bytes as base64); "
            "`monitor memory key new FILE` makes one."
        )
    return Seal(key)


def _of_file(path: str) -> str:
    try:
        return stored_text(read_stored(user_path(path), _LONGEST_FILE))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"The key for the memory in {Path(path)} cannot be read: {why}; correct [memory] key_file, or "
            "make one with: monitor memory key new FILE."
        ) from None
