"""One pinned file over HTTP: resumed where it stopped, checked while it streams, never trusted.

A server may stall, close early, ignore `Range`, redirect, or send something else. What arrived is kept for
the next try, now or tomorrow, unless its hash is wrong. The hash decides, wherever the bytes come from.
"""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from monitor.errors import ModelError, ModelUnreachable
from monitor.install.http_request import open_url, read_content_range
from monitor.install.partial_file import Download, PartialFile

_CHUNK = 1 << 18
"""Bytes per read at most."""
_MAY_PASS = {408, 425, 429, 500, 502, 503, 504}
"""Answers of a server that is busy or broken for now."""
_RANGE_REFUSED = 416
_LONGEST_WAIT_S = 30.0


@dataclass(frozen=True)
class RetryPolicy:
    """How long a bad connection is borne."""

    timeout_s: float = 30.0
    """Without an answer, or with fewer bytes than `trickle`, the connection counts as stalled."""
    attempts: int = 5
    """In a row that bring fewer than `progress` bytes."""
    progress: int = 1 << 18
    trickle: int = 1 << 10
    wait: Callable[[float], object] = time.sleep
    """Called with the seconds between two attempts: 1, 2, 4, 8, or what the server asks for up to 30."""


class Watcher(Protocol):
    """Whoever shows how the work goes."""

    def progress(self, file: str, done: int, total: int) -> None:
        """Be told that `done` of `total` bytes of a file are here."""

    def say(self, sentence: str) -> None:
        """Be told what happens."""


def fetch(item: Download, watcher: Watcher, retry: RetryPolicy | None = None) -> None:
    """Fetch a file, or the rest of it, and leave it whole and verified at its path.

    Raises
    ------
    ModelUnreachable
        The server cannot be reached, refuses, or stalls on every attempt; what arrived is kept.
    ModelError
        The server sends another file than the pinned one, or the disk is full.
    """
    retry = retry or RetryPolicy()
    with PartialFile(item) as partial:
        resumed = partial.received > 0
        _complete(partial, watcher, retry)
        if resumed and not partial.is_right:
            watcher.say(f"{item.path.name}: what was here belongs to another file; starting again.")
            partial.restart()
            _complete(partial, watcher, retry)
        if not partial.is_right:
            found = partial.sha256
            partial.restart()
            raise ModelError(
                f"{item.shown} has sha256 {found[:12]}…, the pinned file has {item.sha256[:12]}…; nothing "
                "was installed. Try again without a mirror or a proxy, or later."
            )
        partial.sync()


class _TryAgain(Exception):
    """One attempt failed; the next one may not."""

    def __init__(self, why: str, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


def _complete(partial: PartialFile, watcher: Watcher, retry: RetryPolicy) -> None:
    """Attempt until all bytes are here."""
    item = partial.item
    if partial.missing < 0:
        partial.restart()
    failed = 0
    while partial.missing:
        before = partial.received
        try:
            _attempt(partial, watcher, retry)
        except _TryAgain as error:
            failed = 1 if partial.received - before >= retry.progress else failed + 1
            if failed >= retry.attempts:
                raise ModelUnreachable(f"{item.shown}: {error}, {failed} times in a row.") from None
            wait_s = max(error.wait_s, 2.0 ** (failed - 1))
            watcher.say(f"{item.path.name}: {error}; trying again in {wait_s:g} s.")
            retry.wait(wait_s)


def _attempt(partial: PartialFile, watcher: Watcher, retry: RetryPolicy) -> None:
    """Open one connection and read until all bytes are here, or it fails."""
    try:
        with open_url(partial.item.url, partial.received, retry.timeout_s) as response:
            _begin(partial, response)
            _receive(partial, response, watcher, retry)
    except urllib.error.HTTPError as error:
        raise _refused(partial, error) from None
    except urllib.error.URLError as error:
        raise _no_connection(partial, error.reason) from None
    except TimeoutError:
        raise _TryAgain(f"no answer within {retry.timeout_s:g} s") from None
    except (OSError, http.client.HTTPException) as error:
        raise _TryAgain(f"the connection broke ({type(error).__name__})") from None


def _begin(partial: PartialFile, response: Any) -> None:
    """Make what is here and what will come fit together, or refuse what is offered."""
    item, promised = partial.item, read_content_range(response)
    if promised.whole not in {None, item.size}:
        raise ModelError(
            f"{item.shown} offers {promised.whole} bytes, the pinned file has {item.size}; it is another "
            "file, or a page that asks to sign in. Open the address in a browser to see."
        )
    if promised.offset != partial.received:
        partial.restart()  # the server ignores Range and restarts
    if promised.offset not in {0, partial.received}:
        raise _TryAgain("the server sent another part than was asked for")


def _receive(partial: PartialFile, response: Any, watcher: Watcher, retry: RetryPolicy) -> None:
    item = partial.item
    mark, mark_time = partial.received, time.monotonic()
    while chunk := response.read1(_CHUNK):
        if len(chunk) > partial.missing:
            partial.restart()
            raise ModelError(
                f"{item.shown} sends more than the {item.size} bytes of the pinned file; refused."
            )
        partial.append(chunk)
        watcher.progress(item.path.name, partial.received, item.size)
        now = time.monotonic()
        if partial.received - mark >= retry.trickle:
            mark, mark_time = partial.received, now
        elif now - mark_time > retry.timeout_s:
            raise _TryAgain(f"fewer than {retry.trickle} bytes came within {retry.timeout_s:g} s")
    if partial.missing:
        raise _TryAgain(f"the connection closed at {partial.received} of {item.size} bytes")


def _refused(partial: PartialFile, error: urllib.error.HTTPError) -> Exception:
    with error:
        if error.code == _RANGE_REFUSED:
            partial.restart()
            return _TryAgain("the server refuses to go on from here")
        if error.code in _MAY_PASS:
            asked = error.headers.get("Retry-After", "")
            wait_s = min(float(asked), _LONGEST_WAIT_S) if asked.isdecimal() else 0.0
            return _TryAgain(f"the server answers {error.code} {error.reason}", wait_s)
        return ModelUnreachable(f"{partial.item.shown}: the server answers {error.code} {error.reason}.")


def _no_connection(partial: PartialFile, reason: object) -> Exception:
    url = partial.item.shown
    if isinstance(reason, ssl.SSLCertVerificationError):
        return ModelUnreachable(
            f"{url}: its certificate cannot be trusted ({reason.verify_message}); SSL_CERT_FILE names the "
            "authority of a company's proxy."
        )
    if isinstance(reason, TimeoutError):
        return _TryAgain("no connection in time")
    why = reason.strerror if isinstance(reason, OSError) and reason.strerror else reason
    if partial.received:
        return _TryAgain(f"no connection ({why})")
    return ModelUnreachable(f"{url}: no connection ({why}).")
