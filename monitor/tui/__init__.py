"""The terminal interface: a program of its own that attaches to a running monitor, here or elsewhere.

State flows down, wishes flow up: `connection` (threads) -> `state` (pure reducer) -> `view` -> `headline`,
`panels` (pure) -> lines on the screen. It knows only the wire and the records. Start it with
``python -m monitor.tui ENDPOINT`` or `run_tui`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.tui.connection import Link
    from monitor.tui.options import Options

__all__ = ["run_tui"]


def run_tui(options: Options, *, parent: int | None = None, control: str | None = None) -> int:
    """Show a monitor on this terminal until the user quits.

    Parameters
    ----------
    options
        Where it publishes, and how it is shown.
    parent
        Descriptor of the pipe from the `monitor run` that started this, which says where it publishes and
        ends with it.
    control
        Where the monitor answers; None: it is found from where it publishes.

    Returns
    -------
    int
        Exit code: 0, or 1 if the `parent` is gone.

    Raises
    ------
    ConfigError
        Standard input, output or error is not a terminal.
    PublishError
        The endpoint is not an address.
    """
    import os
    import sys

    from monitor.console import can_draw
    from monitor.errors import ConfigError
    from monitor.start import interrupt_as_usual

    if options.plain:
        interrupt_as_usual()
        return _shown(None if parent is not None else _link(options.endpoint, control), options, parent)
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):  # it draws on stderr
        raise ConfigError(
            "The terminal interface needs a terminal for input, output and errors; "
            "without one use: monitor listen."
        )
    if not can_draw(sys.stdout):
        raise ConfigError(
            f"This terminal (TERM={os.environ.get('TERM', '')}) only takes plain lines; use: monitor listen."
        )
    interrupt_as_usual()
    link = None if parent is not None else _link(options.endpoint, control)
    return _shown(link, options, parent)


def _shown(link: Link | None, options: Options, parent: int | None) -> int:
    from monitor.tui.parent_pipe import ParentPipe

    pipe = None if parent is None else ParentPipe(parent)
    if options.plain:
        from monitor.tui.plain_mode import PlainMode

        return PlainMode(link, options, connect=_link, parent=pipe).run()
    from monitor.tui.app import MonitorApp

    app = MonitorApp(link, options, connect=_link, parent=pipe)
    app.run()
    if app.orphaned is not None:
        _say_farewell(app.orphaned.time)
    return app.return_code or 0


def _link(endpoint: str, control: str | None) -> Link:
    from monitor.bus.subscriber import Subscriber

    return Subscriber(endpoint, control=control)


def _say_farewell(time: datetime) -> None:
    """Leave on the terminal that the monitor is gone, unless the terminal is gone too."""
    import contextlib
    import os
    import sys

    from monitor.tui.exit_note import farewell

    with contextlib.suppress(OSError):
        width = os.get_terminal_size(sys.stderr.fileno()).columns
        os.write(sys.stderr.fileno(), farewell(time, width).encode())
