"""The list of commands (ctrl+p): all that the keys do, by name, and for each class and theme."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from textual.app import SystemCommand

from monitor.bus.messages import ClassState
from monitor.tui.options import THEMES
from monitor.tui.view import View
from monitor.wording import called

_KEYS = (
    ("Acknowledge: I have seen it", "a: what is urgent is no longer MISSED", "acknowledge"),
    ("Pause, or listen again", "space", "pause"),
    ("History", "/: find what was heard, also in earlier runs", "history"),
    ("Event in full", "enter: candidates, level, pattern, who has seen it", "detail"),
    ("Numbers, or words", "d: scores, counters and the spectrogram", "maker"),
    ("Near misses", "n: what nearly fired, and why it did not", "near_misses"),
    ("Another source", "s", "source"),
    ("Help", "?: keys, shapes and numbers", "help"),
    ("Quit", "q", "quit"),
)


def commands(
    view: View, do: Callable[[str], None], mute: Callable[[ClassState], None], colour: Callable[[str], None]
) -> Iterator[SystemCommand]:
    """Yield what can be done now.

    Parameters
    ----------
    do
        Runs an action of the program.
    mute
        Mutes or unmutes a class.
    colour
        Changes the theme.
    """
    for title, help_, action in _KEYS:
        yield SystemCommand(title, help_, lambda action=action: do(action))
    for entry in view.state.classes:
        title = f"Hear {called(entry)} again" if entry.muted else f"Mute {called(entry)}"
        yield SystemCommand(title, "m", lambda entry=entry: mute(entry))
    for name in THEMES:
        yield SystemCommand(
            f"Colours: {name}",
            "until the interface ends; --theme at its start",
            lambda name=name: colour(name),
        )
