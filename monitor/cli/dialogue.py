"""Questions on a terminal, or answers from a pipe: each has a default, and a wrong answer is told why."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TypeVar

from monitor.console import ask, show, tell
from monitor.errors import ConfigError, MonitorError

T = TypeVar("T")


class Dialogue:
    """Asks, and takes the default where nobody answers.

    Parameters
    ----------
    silent
        Nothing is asked: every answer is the default.
    """

    def __init__(self, *, silent: bool) -> None:
        self.silent = silent
        self._over = silent
        self.at_terminal = not silent and sys.stdin.isatty()
        """Whether somebody can be asked again."""

    def question(self, text: str, default: str, read: Callable[[str], T]) -> T:
        """Return the answer to `text` as `read` takes it; an empty one is `default`.

        Raises
        ------
        ConfigError
            A pipe answered what `read` refuses.
        """
        while True:
            given = self._answer(f"{text} [{default}]:").strip()
            try:
                return read(given or default)
            except (MonitorError, argparse.ArgumentTypeError, ValueError) as error:
                sentence = f"{str(error).rstrip('.')}."
                if not self.at_terminal:
                    raise ConfigError(f"The answer {given or default!r} is refused: {sentence}") from None
                tell(sentence)

    def agreed(self, text: str, usual: str = "no") -> bool:
        """Return whether `text` is answered with yes; an empty answer is `usual`."""
        return self.question(f"{text} yes or no", usual, _yes)

    def _answer(self, text: str) -> str:
        if self._over:
            return ""
        answer = ask(text)
        if not self.at_terminal:
            show("" if answer is None else answer)  # what a terminal would show by itself
        self._over = answer is None
        return answer or ""


def _yes(text: str) -> bool:
    if text.casefold() not in {"y", "yes", "n", "no"}:
        raise ConfigError(f"{text!r} is neither; valid: yes, no")
    return text.casefold().startswith("y")
