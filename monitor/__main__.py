"""`monitor` and `python -m monitor`; the command line is imported once Ctrl-C can no longer break that."""

import sys

from monitor.start import EXIT_INTERRUPTED, interrupt_at_once, ready


def main() -> int:
    """Run the command line and return the exit code."""
    ready()
    try:
        from monitor.cli.main import leave
        from monitor.cli.main import main as run

        return leave(run())
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    finally:
        interrupt_at_once()


if __name__ == "__main__":
    sys.exit(main())
