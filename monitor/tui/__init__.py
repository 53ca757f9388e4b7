"""The terminal interface: a program of its own that attaches to a running monitor, here or elsewhere.

State flows down, wishes flow up: `feed` (threads) -> `state` (pure reducer) -> `view` -> `headline`,
`panels` (pure) -> lines on the screen. It knows only the wire and the records. Start it with
``python -m monitor.tui ENDPOINT`` or `run_tui`.
"""

from __future__ import annotations

__all__ = ["run_tui"]


def run_tui(
    endpoint: str,
    *,
    quit_with_monitor: bool = False,
    bell: bool = False,
    mono: bool = False,
    control: str | None = None,
) -> int:
    """Show the monitor at `endpoint` on this terminal until the user quits.

    Parameters
    ----------
    endpoint
        Where the monitor publishes, such as ``tcp://127.0.0.1:5557``.
    quit_with_monitor
        End when the monitor does, or when the process that started this one does.
    bell
        Ring the terminal's bell at each onset.
    mono
        Draw without colours; also chosen by ``NO_COLOR`` and for terminals that have none.
    control
        Where the monitor answers; None: it is found from `endpoint`.

    Returns
    -------
    int
        Exit code: 0, or 1 if `quit_with_monitor` and no monitor ever answered.

    Raises
    ------
    ConfigError
        Standard input, output or error is not a terminal.
    PublishError
        `endpoint` is not an address.
    """
    import os
    import sys

    from monitor.errors import ConfigError
    from monitor.subscriber import Subscriber
    from monitor.tui.app import MonitorApp, Options

    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):  # it draws on stderr
        raise ConfigError(
            "The terminal interface needs a terminal for input, output and errors; "
            "without one use: monitor listen."
        )
    mono = mono or os.environ.get("TERM", "").startswith(("vt", "dumb"))
    options = Options(endpoint, quit_with_monitor=quit_with_monitor, bell=bell, mono=mono)
    app = MonitorApp(Subscriber(endpoint, control=control), options)
    app.run()
    return app.return_code or 0
