"""The options of the interface on a command line: the same for each way to start it."""

from __future__ import annotations

import argparse

from monitor.tui.options import THEMES, Options


def add_flags(group: argparse._ActionsContainer) -> None:
    """Add the options of the interface to a parser or a group of it."""
    group.add_argument("--bell", action="store_true", help="ring the terminal's bell at each onset")
    group.add_argument(
        "--no-flash", dest="flashing", action="store_false", help="let nothing on the screen flash"
    )
    group.add_argument("--theme", choices=THEMES, help="colours of the interface")
    group.add_argument("--mono", action="store_true", help="draw without colours")
    group.add_argument("--plain", action="store_true", help="lines only, nothing drawn: for screen readers")
    group.add_argument(
        "--maker", action="store_true", help="begin with numbers, scores and spectrogram (key d)"
    )


def options_of(arguments: argparse.Namespace, endpoint: str) -> Options:
    """Return what the command line says."""
    return Options(
        endpoint,
        bell=arguments.bell,
        flashing=arguments.flashing,
        theme="mono" if arguments.mono else arguments.theme,
        maker=arguments.maker,
        plain=arguments.plain,
    )


def as_arguments(options: Options) -> list[str]:
    """Return the command line that says the same."""
    theme = [] if options.theme is None else ["--theme", options.theme]
    flags = {
        "--bell": options.bell,
        "--no-flash": not options.flashing,
        "--maker": options.maker,
        "--plain": options.plain,
    }
    return [*theme, *(flag for flag, wanted in flags.items() if wanted)]
