"""What is said of words on the command line that a verb does not know."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence

from monitor.text import shortened

_LONGEST = 40
"""Characters of a wrong word that are shown."""
_BARE = {
    "monitor run": "to hear it: --source {word}",
    "monitor listen": "to hear it: --source {word}",
    "monitor history": "of one class: --class {word}",
}
"""Of a verb that takes options only: what a bare word was probably meant for."""


def no_choice(action: argparse.Action, given: object) -> str:
    """Return what is wrong with a word that is none of the choices of `action`, with what may be meant."""
    choices = [str(one) for one in action.choices or ()]
    what = "/".join(action.option_strings) or str(action.metavar or action.dest)
    word = shortened(str(given), _LONGEST)
    near = difflib.get_close_matches(word, choices, n=1)
    meant = f"did you mean {near[0]}?" if near else f"valid: {', '.join(choices)}"
    return f"there is no {what} {word!r}; {meant}"


def unknown(parser: argparse.ArgumentParser, words: Sequence[str]) -> str:
    """Return what is wrong with `words`, which `parser` does not know, and what may have been meant."""
    options = [name for action in parser._actions for name in action.option_strings]  # noqa: SLF001
    word = next((one for one in words if one.startswith("-")), words[0])
    given = word.split("=", 1)[0]
    if given.startswith("-"):
        near = difflib.get_close_matches(given, [name for name in options if name.startswith("--")], n=1)
        return f"there is no option {given}" + (f"; did you mean {near[0]}?" if near else "")
    meant = f"did you mean --{word}?" if f"--{word}" in options else _BARE.get(parser.prog, "")
    return f"{word!r} stands where an option should" + (f"; {meant.format(word=word)}" if meant else "")
