"""``python -m monitor.tui ENDPOINT``: the terminal interface as a process of its own."""

from __future__ import annotations

import sys

from monitor.start import EXIT_INTERRUPTED, ready


def main(arguments: list[str] | None = None) -> int:
    """Run the terminal interface; return its exit code."""
    ready()
    try:
        return _main(arguments)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _main(arguments: list[str] | None) -> int:
    import argparse

    from monitor.config.settings import PublishConfig
    from monitor.console import only_ours, open_streams, tell
    from monitor.errors import MonitorError
    from monitor.tui import run_tui
    from monitor.tui.flags import add_flags, options_of

    parser = argparse.ArgumentParser(prog="python -m monitor.tui", description="Show a running monitor.")
    parser.add_argument("endpoint", nargs="?", default=PublishConfig().bind, help="where it publishes")
    parser.add_argument("--parent", type=int, metavar="FD", help="pipe from the monitor that starts this")
    add_flags(parser)
    parser.add_argument("--control", help="where it answers")
    chosen = parser.parse_args(arguments)
    open_streams()
    with only_ours():
        try:
            return run_tui(options_of(chosen, chosen.endpoint), parent=chosen.parent, control=chosen.control)
        except MonitorError as error:
            tell(str(error))
            return 2


if __name__ == "__main__":
    sys.exit(main())
