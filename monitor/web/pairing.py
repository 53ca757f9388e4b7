"""Who may look on from another computer: whoever typed the code that the terminal shows.

A browser that did is given a signed cookie, which lasts over restarts; the key that signs is kept for its
owner only. Guesses are few: `WRONG_PER_ADDRESS` a minute from one address, `WRONG_IN_ALL` from all together.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from itsdangerous import BadSignature, TimestampSigner

from monitor.errors import ConfigError
from monitor.files.state_files import write_private

CODE_LEN = 8
WRONG_PER_ADDRESS = 5
WRONG_IN_ALL = 20
PER_S = 60.0
LASTS_S = 180 * 86_400
"""A cookie is good for half a year."""
_KEY_LEN = 32
_PAIRED = b"paired"

Attempt = Literal["paired", "wrong", "wait"]


def new_code() -> str:
    """Return digits that nobody can guess in the time there is."""
    return f"{secrets.randbelow(10**CODE_LEN):0{CODE_LEN}}"


def kept_key(path: Path | None) -> bytes:
    """Return the key that signs, made where there is none; without a place for it, one for this run only.

    Raises
    ------
    ConfigError
        It can be neither read nor written.
    """
    if path is None:
        return secrets.token_bytes(_KEY_LEN)
    try:
        if path.exists() and len(key := path.read_bytes()) >= _KEY_LEN:
            return key
        key = secrets.token_bytes(_KEY_LEN)
        write_private(path, key)
    except OSError as error:
        raise ConfigError(
            f"The key of the web page, {path}, cannot be used: {error.strerror}; remove it."
        ) from None
    return key


class Pairing:
    """Judges codes and cookies.

    Parameters
    ----------
    code
        What has to be typed.
    key
        Signs cookies.
    clock
        Monotonic seconds.
    """

    def __init__(self, code: str, key: bytes, clock: Callable[[], float] = time.monotonic) -> None:
        self._code = code
        self._signer = TimestampSigner(key, salt="monitor web page")
        self._clock = clock
        self._wrong: deque[tuple[float, str]] = deque(maxlen=WRONG_IN_ALL)

    def attempt(self, code: str, address: str) -> Attempt:
        """Return what becomes of a code that was typed at `address`."""
        now_s = self._clock()
        while self._wrong and now_s - self._wrong[0][0] >= PER_S:
            self._wrong.popleft()
        of_address = sum(who == address for _, who in self._wrong)
        if of_address >= WRONG_PER_ADDRESS or len(self._wrong) >= WRONG_IN_ALL:
            return "wait"
        typed = "".join(char for char in code if char.isdigit())
        if hmac.compare_digest(typed.encode(), self._code.encode()):
            return "paired"
        self._wrong.append((now_s, address))
        return "wrong"

    def cookie(self) -> str:
        """Return what a browser keeps that was paired."""
        return self._signer.sign(_PAIRED).decode()

    def holds(self, cookie: str) -> bool:
        """Tell whether a browser was paired, and not too long ago."""
        try:
            return self._signer.unsign(cookie, max_age=LASTS_S) == _PAIRED
        except BadSignature:
            return False
