"""Addresses as secrets: found in the environment or a file, and taken out of whatever is said."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from urllib.parse import quote, quote_plus, unquote

from monitor.config.notify_checks import is_address, is_web_address
from monitor.config.settings.notify import TargetConfig
from monitor.errors import ConfigError
from monitor.files.paths import user_path
from monitor.files.reading import read_stored, stored_text

_SHORTEST = 3
"""Characters of a part that is hidden by itself; shorter ones are parts of every word."""
_LONGEST_FILE = 65_536
_BETWEEN = re.compile(r"[/@:?&=#,;]+")


class Secret:
    """An address that nobody is shown: `repr` and `str` do not have it."""

    def __init__(self, address: str) -> None:
        self.address = address
        """To be given to whoever connects, and to nobody else."""
        parts = sorted(_parts(address), key=len, reverse=True)
        self._parts = re.compile("|".join(map(re.escape, parts)), re.IGNORECASE) if parts else None

    def __repr__(self) -> str:
        return "Secret(…)"

    def hide(self, text: str) -> str:
        """Return `text` without the address, its parts, and these as they are encoded on their way."""
        return text if self._parts is None else self._parts.sub("…", text)


def _parts(address: str) -> set[str]:
    scheme, _, rest = address.partition("://")
    whole = {address, rest}
    found = whole | {unquote(one) for one in whole}
    for text in (rest, unquote(rest)):
        found |= set(_BETWEEN.split(text))
        user = text.rpartition("@")[0]
        found |= {base64.b64encode(user.encode()).decode()} if user else set()
    found |= {form(part) for part in found for form in (quote, quote_plus, unquote)}
    return {part for part in found if len(part) >= _SHORTEST and part.lower() != scheme.lower()}


def secret_of(target: TargetConfig, where: str, environment: Mapping[str, str] = os.environ) -> Secret | None:
    """Return the address of a target; None: it is told by a command.

    Parameters
    ----------
    where
        What the target is called, at the beginning of a sentence.

    Raises
    ------
    ConfigError
        The variable or the file has none.
    """
    for way, fitting in (("url", is_address), ("webhook", is_web_address)):
        if address := getattr(target, way):
            return Secret(address)
        variable, path = getattr(target, f"{way}_env"), getattr(target, f"{way}_file")
        if not variable and not path:
            continue
        text = _of_variable(variable, environment, where) if variable else _of_file(path, where)
        if not fitting(text):
            place = f"The variable {variable}" if variable else f"The file {path}"
            raise ConfigError(
                f"{place} for {where} has no address (it is not shown here); write one into it."
            )
        return Secret(text)
    return None


def _of_variable(name: str, environment: Mapping[str, str], where: str) -> str:
    if not (text := environment.get(name, "").strip()):
        raise ConfigError(f"{where} has its address in the variable {name}, which is not set; set it.")
    return text


def _of_file(path: str, where: str) -> str:
    try:
        return stored_text(read_stored(user_path(path), _LONGEST_FILE)).strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{where} has its address in {path}, which cannot be read: {why}.") from None
