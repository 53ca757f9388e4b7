"""The help of a verb: wrapped between words, a command in `back ticks` never inside."""

from __future__ import annotations

import argparse
import re
import textwrap

_COMMAND = re.compile(r"`[^`]+`|monitor [a-z].*$")
_JOINED = "\N{NO-BREAK SPACE}"


class HelpText(argparse.HelpFormatter):
    """Breaks lines at spaces alone: an option has hyphens, and whoever copies it needs it whole."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _wrapped(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in _wrapped(text, width - len(indent)))


def _wrapped(text: str, width: int) -> list[str]:
    whole = _COMMAND.sub(lambda found: found[0].replace(" ", _JOINED), " ".join(text.split()))
    lines = textwrap.wrap(whole, width, break_on_hyphens=False, break_long_words=False)
    return [line.replace(_JOINED, " ") for line in lines]
