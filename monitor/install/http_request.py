"""One HTTP request for the rest of a file: to a safe address only, and without believing the answer.

Safe is https, and http on this machine (a mirror, a test); redirects are held to the same.
"""

from __future__ import annotations

import http.client
import re
import ssl
import urllib.request
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from monitor.errors import ModelError
from monitor.models.address import access, shown
from monitor.models.catalogue import is_loopback, is_safe

_CONTENT_RANGE = re.compile(r"bytes (?P<first>[0-9]{1,18})-[0-9]{1,18}/(?P<whole>[0-9]{1,18}|\*)")
_LENGTH = re.compile(r"[0-9]{1,18}")
"""Bytes; no file has more."""


@dataclass(frozen=True)
class ContentRange:
    """What the head of an answer promises; None where it does not say."""

    offset: int | None
    """Where its bytes begin in the file."""
    whole: int | None
    """Bytes of the whole file."""


def open_url(url: str, offset: int, timeout_s: float) -> Any:
    """Ask for the bytes of `url` from `offset` on; return the answer, an `http.client.HTTPResponse`.

    Raises
    ------
    ModelError
        The address, or one it redirects to, is not safe.
    OSError
        As `urllib.request.OpenerDirector.open`.
    """
    if not is_safe(url):
        raise ModelError(f"{shown(url)} is neither https nor on this machine; nothing is fetched from it.")
    headers = {"User-Agent": "monitor", "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    asked = access(url)
    request = urllib.request.Request(asked.url, headers=headers)  # noqa: S310 - is_safe
    if asked.authorization:
        request.add_unredirected_header("Authorization", asked.authorization)
    return _opener(asked.url).open(request, timeout=timeout_s)


def read_content_range(response: Any) -> ContentRange:
    """Return what an answer promises."""
    if response.status != http.client.PARTIAL_CONTENT:
        length = response.headers.get("Content-Length", "")
        return ContentRange(0, int(length) if _LENGTH.fullmatch(length) else None)
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if not found:
        return ContentRange(None, None)
    return ContentRange(int(found["first"]), int(found["whole"]) if found["whole"] != "*" else None)


def _opener(url: str) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.HTTPSHandler(context=_authorities()),
        _SafeRedirects(),
    ]
    if is_loopback(urlsplit(url).hostname or ""):
        handlers.append(urllib.request.ProxyHandler({}))  # a proxy is for the world outside
    return urllib.request.build_opener(*handlers)


@lru_cache(maxsize=1)
def _authorities() -> ssl.SSLContext:
    """Return the certificates that are trusted; reading them takes a while."""
    return ssl.create_default_context()


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, as the hub sends to its storage, to safe addresses only."""

    def redirect_request(self, *args: Any) -> urllib.request.Request | None:
        request, answer, *_, address = args
        if not is_safe(address):
            answer.close()
            raise ModelError(
                f"{shown(request.full_url)} redirects to {shown(address)}, which is neither https nor on "
                "this machine; refused."
            )
        return super().redirect_request(*args)
