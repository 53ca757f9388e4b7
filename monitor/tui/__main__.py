"""``python -m monitor.tui ENDPOINT``: the terminal interface as a process of its own."""

from __future__ import annotations

import argparse
import sys

from monitor.config import PublishConfig
from monitor.errors import MonitorError
from monitor.tui import run_tui


def main(arguments: list[str] | None = None) -> int:
    """Run the terminal interface; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m monitor.tui", description="Show a running monitor.")
    parser.add_argument("endpoint", nargs="?", default=PublishConfig().bind, help="where it publishes")
    parser.add_argument("--parent", type=int, metavar="FD", help="pipe from the monitor that starts this")
    parser.add_argument("--bell", action="store_true", help="ring the terminal's bell at each onset")
    parser.add_argument("--mono", action="store_true", help="draw without colours")
    parser.add_argument("--control", help="where it answers")
    chosen = parser.parse_args(arguments)
    try:
        return run_tui(
            chosen.endpoint,
            parent=chosen.parent,
            bell=chosen.bell,
            mono=chosen.mono,
            control=chosen.control,
        )
    except MonitorError as error:
        sys.stderr.write(f"monitor: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
