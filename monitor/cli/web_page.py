"""The web page that `monitor run --web` serves: a process of its own, so that no browser delays the monitor.

Its socket is bound here, before anything is loaded: a port in use is told at once. A page that fails is
started again on the same socket, at most once in `_AGAIN_S` seconds; the monitor goes on. It ends with this
process, however that ends: the end of its standard input tells it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress

from monitor.child import Child
from monitor.start import before_leaving
from monitor.text import sanitise
from monitor.web.asking import Place
from monitor.web.handed import line_for
from monitor.web.opening import Opened, WebOptions, open_web

_ENDS_S = 2.0
_GONE_S = 2.0
_AGAIN_S = 5.0
_MOST_READ = 4096


class WebPage:
    """The page's socket, and the process that serves it once there is a monitor to show."""

    def __init__(self, opened: Opened) -> None:
        """Take over an opened page."""
        self._opened = opened
        self._place: Place | None = None
        self._child: Child | None = None
        self._doing = ""
        self._started_s = 0.0

    def attach(self, endpoint: str, control: str) -> list[str]:
        """Serve the monitor that publishes at `endpoint`; return what the user should know."""
        self._place = Place(endpoint, control)
        self._start(self._place)
        return self._opened.sentences

    def doing(self, what: str) -> None:
        """Show what is being done before there is a monitor; the newest counts."""
        self._doing = what
        if self._child is not None:
            self._child.say(f"doing {' '.join(what.splitlines())}\n".encode())

    def news(self) -> list[str]:
        """Return what the page has to tell, and start it again where it has failed."""
        if self._child is None or self._place is None:
            return []
        found = self._said(self._child)
        if self._child.ended and time.monotonic() - self._started_s >= _AGAIN_S:
            found.append(f"The web page {self._child.how_it_ended}; it is started again.")
            self._child.close_pipes()
            self._start(self._place)
        return found

    def close(self) -> None:
        """End it and let go of its socket."""
        self.end()
        self._opened.socket.close()

    def end(self) -> None:
        """End its process."""
        if self._child is not None:
            self._child.end(grace_s=_ENDS_S, gone_s=_GONE_S)

    def _start(self, place: Place) -> None:
        descriptor = self._opened.socket.fileno()
        self._started_s = time.monotonic()
        self._child = Child(
            "monitor.web",
            "--socket",
            str(descriptor),
            pass_fds=(descriptor,),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.set_blocking(self._child.output, False)
        self._child.say(line_for(self._opened, place))
        if self._doing:
            self.doing(self._doing)

    @staticmethod
    def _said(child: Child) -> list[str]:
        with suppress(BlockingIOError):
            text = os.read(child.output, _MOST_READ).decode("utf-8", "replace")
            return [sanitise(line) for line in text.splitlines() if line.strip()]
        return []


@contextlib.contextmanager
def opened_page(options: WebOptions) -> Iterator[WebPage]:
    """Hold the page until the block ends.

    Raises
    ------
    ConfigError, PublishError
        It cannot be opened.
    """
    page = WebPage(open_web(options))
    stay = before_leaving(page.end)
    try:
        yield page
    finally:
        stay()
        page.close()
