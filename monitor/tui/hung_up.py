"""The end of an interface whose terminal is gone, whoever was told of it."""

from __future__ import annotations

import os
import select
import threading
import time
from typing import TextIO

_GRACE_S = 1.0
"""Seconds in which an interface that a hang-up reached ends by itself."""


def end_with(terminal: TextIO, exit_code: int) -> None:
    """End this process with `exit_code` soon after `terminal` has gone.

    A window that is closed sends a hang-up to the process that leads its session, which may be another; and
    what draws on a terminal that is gone may wait for ever. So a thread looks; there is nothing to put back.
    """
    gone = select.poll()
    gone.register(terminal.fileno(), 0)  # a hang-up is told unasked

    def watch() -> None:
        gone.poll()
        time.sleep(_GRACE_S)
        os._exit(exit_code)

    threading.Thread(target=watch, name="terminal", daemon=True).start()
