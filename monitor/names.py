"""Names as parts of topics: ``[a-z0-9_-]``, made of names in any script, and as words again. Pure.

The same name always gives the same part, and so does one that a reader takes for the same: case, spaces and
Unicode's several ways to write one letter make no difference.
"""

from __future__ import annotations

import re
import unicodedata
import zlib

LONGEST = 40
"""Characters of the part of a topic that names a class."""
_CHECKSUM = 8


def slug(text: str) -> str:
    """Return `text` as a source id of ``[a-z0-9_-]``; the same text always gives the same id.

    What cannot be written in that alphabet is replaced by a checksum of the whole, so that two names in
    another script stay two ids.
    """
    plain = unicodedata.normalize("NFKD", text)
    words = re.sub(r"[^a-z0-9_]+", "-", _ascii(plain).lower()).strip("-_")
    if _has_other_letters(plain) or not words:
        return f"{words}-{_checksum(text)}".strip("-")
    return words


def class_id(label: str) -> str:
    """Return what the class called `label` is in topics, keys of settings and requests: at most `LONGEST`.

    Of Latin letters the marks go (``Türklingel`` is ``turklingel``); where other letters are in it, a
    checksum of the whole follows what can be written.
    """
    folded = unicodedata.normalize("NFKC", label).casefold()
    plain = unicodedata.normalize("NFKD", folded)
    words = re.sub(r"\s+", "_", _ascii(plain).strip())
    words = re.sub(r"[^a-z0-9_-]+", "", words)
    if not _has_other_letters(plain) and 0 < len(words) <= LONGEST:
        return words
    return f"{words[: LONGEST - _CHECKSUM - 1].rstrip('-_')}-{_checksum(folded_words(label))}".strip("-")


def in_order(name: str) -> list[str | int]:
    """Return what to sort `name` by, so that ``bed 9`` comes before ``Bed 10``."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return [int(part) if odd else part for place, part in enumerate(parts) for odd in [place % 2]]


def folded_words(text: str) -> str:
    """Return `text` such that case, what stands between words and ways of writing make no difference."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = (char if _in_a_word(char) else " " for char in folded if unicodedata.category(char) != "Cf")
    return " ".join("".join(kept).split())


def as_words(name: str) -> str:
    """Return a name of topics, keys and labels as the words it is made of: ``dog_bark`` is ``dog bark``."""
    return name.replace("_", " ")


def is_label(text: str) -> bool:
    """Return whether a class may be called `text`: letters and digits of any script, blanks, `_` and `-`."""
    rest = [char for char in text if char not in " _-"]
    if len(text) > LONGEST or not any(unicodedata.category(char)[0] in "LN" for char in rest):
        return False
    return all(map(_in_a_word, rest))


def _in_a_word(char: str) -> bool:
    return unicodedata.category(char)[0] in "LMN"


def _ascii(plain: str) -> str:
    return plain.encode("ascii", "ignore").decode("ascii")


def _has_other_letters(plain: str) -> bool:
    """Return whether decomposed text holds more than ASCII and the marks on it."""
    return any(not unicodedata.combining(char) and not char.isascii() for char in plain)


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"
