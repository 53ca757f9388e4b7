"""Text from elsewhere, made safe to show: the one place that decides what may reach a terminal.

Names of classes, sources, devices, files and models, licences, reasons and error sentences all come from
somebody else. A terminal obeys some characters, a reader does not see others, and a locale cannot write all.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator

MOST_MARKS = 6
"""Combining marks one character may carry; scripts with stacked vowels and tones need up to five."""
READABLE = "monitor.readable"
"""Name of the handler for `str.encode` that writes look-alikes for what an encoding does not have."""

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_JOINERS = re.compile("[\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Zero-width joiners and variation selectors: parts of ordinary words and emoji, but invisible alone."""
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
"""Letters and marks that draw nothing: Hangul fillers, the grapheme joiner, Khmer and Mongolian relics."""
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories: controls, format and direction characters, surrogates, private, unassigned, line separators."""
_MARKS = frozenset({"Mn", "Me"})
_ESCAPED_BYTES = re.compile("[\udc80-\udcff]+")
_LOOK_ALIKES = str.maketrans(
    "…·•●○◌✓×–—−‘’“”„«»→←↑↓▲▼▶◀°±≥≤"  # noqa: RUF001
    "ßæœøđłıÆŒØĐŁẞ─━═│┃║█▓▉▊▋▐▌▄▅▆▇▀▒▍",
    '..**oovx---\'\'"""""><^v^v><o~><saoodliAOODLS---|||#######:::::::',
)
"""Symbols, letters, lines and bars that ASCII has a likeness of, one for one."""
_DRAWN = (("\u2500", "\u257f", "+"), ("\u2580", "\u259f", "."), ("\u2800", "\u28ff", ":"))
"""First and last of the lines, blocks and dots that figures are made of, and what stands for others."""


def clean(text: str) -> str:
    """Return `text` with nothing in it that steers a terminal or that nobody sees.

    Such a character becomes the replacement character; joiners and variation selectors, without which words
    and emoji stay what they are, are left out. Combining marks beyond `MOST_MARKS` on a character become one
    replacement character. Undecodable bytes of the system are read as UTF-8 where they are that. Text that a
    terminal can show stays as it is, in any script.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_safe(_JOINERS.sub("", from_system(text))))


def sanitise(text: str, limit: int = 200) -> str:
    """Return `text` safe for a terminal (see `clean`), at most `limit` characters long."""
    safe = clean(text)
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


def shortened(text: str, limit: int) -> str:
    """Return `text` safe for a terminal, at most `limit` characters long; what is too long loses its middle.

    A sentence that repeats what somebody wrote says at its end what to do.
    """
    safe = clean(text)
    kept = limit // 2
    return safe if len(safe) <= limit else f"{safe[: limit - kept - 1]}…{safe[-kept:]}"


def from_system(text: str) -> str:
    """Return a file name or an argument as text, its bytes read as UTF-8 whatever the locale is."""
    return _ESCAPED_BYTES.sub(_decoded, text)


def _decoded(found: re.Match[str]) -> str:
    return found[0].encode("ascii", "surrogateescape").decode("utf-8", "replace")


def _safe(text: str) -> Iterator[str]:
    marks = 0
    for char in text:
        kind = unicodedata.category(char)
        if kind in _MARKS and char not in _UNSEEN:
            marks += 1
            if marks <= MOST_MARKS:
                yield char
            elif marks == MOST_MARKS + 1:
                yield _REPLACEMENT
            continue
        marks = 0
        yield _REPLACEMENT if kind in _REFUSED or char in _UNSEEN else char


def _look_alike(error: UnicodeError) -> tuple[str, int]:
    """Write a character for a character, so that columns stay columns; a wide one takes two."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_nearest, error.object[error.start : error.end])), error.end


def _nearest(char: str) -> str:
    """Return ASCII that reads as `char` does."""
    plain = [part for part in unicodedata.normalize("NFKD", char.translate(_LOOK_ALIKES)) if part.isascii()]
    if plain:
        return plain[0]
    for first, last, stand_in in _DRAWN:
        if first <= char <= last:
            return stand_in
    if unicodedata.category(char) in _MARKS:
        return ""
    return "??" if unicodedata.east_asian_width(char) in "WF" else "?"


codecs.register_error(READABLE, _look_alike)
