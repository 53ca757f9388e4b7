"""``python -m monitor.web``: the web page of the `monitor run` that starts this and speaks on standard input.

The first line there hands the page over (`handed.py`); each further one is a kind and a text: `doing`, what
comes before there is a monitor. The end of standard input is the end of that process, and then of the page.
What the terminal should show comes on standard output, one sentence a line.
"""

from __future__ import annotations

import sys

from monitor.start import EXIT_INTERRUPTED, ready


def main(arguments: list[str] | None = None) -> int:
    """Serve the page; return its exit code."""
    ready()
    try:
        return _main(arguments)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _main(arguments: list[str] | None) -> int:
    import argparse
    import threading

    from monitor.console import only_ours, open_streams, show, tell
    from monitor.errors import MonitorError
    from monitor.web.handed import Handed, handed_from
    from monitor.web.serving import PageServer

    parser = argparse.ArgumentParser(prog="python -m monitor.web", description="Serve the page of a run.")
    parser.add_argument("--socket", type=int, required=True, metavar="FD", help="bound and listening")
    chosen = parser.parse_args(arguments)
    open_streams()
    with only_ours():
        try:
            handed: Handed = handed_from(sys.stdin.buffer.readline())
            server = PageServer(handed.opened(chosen.socket), handed.places, show)
        except MonitorError as error:
            tell(str(error))
            return 2
        threading.Thread(target=_follow, args=(server,), name="web-parent", daemon=True).start()
        server.run()
    return 0


def _follow(server: object) -> None:
    """Read what the process that started this says, until it is gone."""
    from monitor.text import sanitise
    from monitor.web.serving import PageServer

    assert isinstance(server, PageServer)  # noqa: S101 - it is what was made above
    for line in sys.stdin:
        kind, _, text = line.rstrip("\n").partition(" ")
        if kind == "doing":
            server.doing(sanitise(text))
    server.stop()


if __name__ == "__main__":
    sys.exit(main())
