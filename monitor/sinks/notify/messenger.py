"""A way to tell: apprise, which knows ntfy, Telegram, mail, the desktop and a hundred others.

It runs in a process of its own (`apprise_process.py`): a call that hangs is ended with it, loading it keeps
nobody waiting, and the address is in no list of processes, for it goes through a pipe.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import threading
import time

import msgspec

from monitor.child import Child
from monitor.errors import ConfigError
from monitor.extras import install
from monitor.sinks.notify.letters import Letter, NotTold
from monitor.sinks.notify.secrets import Secret
from monitor.text import sanitise

_MODULE = "monitor.sinks.notify.apprise_process"
_LOADING_S = 60.0
"""Seconds that loading apprise may take on a small computer."""
_CHECK_S = 10.0
"""Seconds of these in which a run is not begun."""
_MOST_BYTES = 65_536
_GONE_S = 1.0


class Answer(msgspec.Struct, frozen=True):
    """What the process says, one line of JSON, when it is ready and after each message."""

    ok: bool
    why: str = ""


_ANSWERS = msgspec.json.Decoder(Answer)


class Messenger:
    """Tells by an address of apprise; a `Channel`. Its process is started at once, and again where it ended.

    Raises
    ------
    ConfigError
        apprise is not installed.
    """

    def __init__(self, secret: Secret, timeout_s: float, where: str) -> None:
        if importlib.util.find_spec("apprise") is None:
            raise ConfigError(
                f"{where} has a url, for which apprise is needed; without it there are exec and webhook. "
                f"Install it with: {install(extra='notify')}"
            )
        self._secret = secret
        self._timeout_s = timeout_s
        self._where = where
        self._changing = threading.Lock()
        self._sending = threading.Lock()
        self._closed = False
        self._child: Child | None = None
        self._ready = False
        self._begin()

    def check(self) -> None:
        """Wait for a while until apprise is loaded; what takes longer turns out at the first message.

        Raises
        ------
        ConfigError
            It knows no such address.
        """
        if self._child is None or not self._child.has_said(_CHECK_S):
            return
        try:
            self._await_ready()
        except NotTold as error:
            if error.refused:
                raise ConfigError(
                    f"The address of {self._where} is none that apprise takes (it is not shown here); "
                    "https://github.com/caronc/apprise/wiki says how each is written."
                ) from None

    def send(self, letter: Letter) -> None:
        """Let apprise tell.

        Raises
        ------
        NotTold
            It says that it could not, or nothing within the time.
        """
        with self._sending:
            self._send(letter)

    def _send(self, letter: Letter) -> None:
        self._begin()
        self._await_ready()
        note = {"title": letter.title, "body": letter.text, "urgent": letter.urgent, "kind": letter.kind}
        answer = self._ask(msgspec.json.encode(note), self._timeout_s)
        if not answer.ok:
            raise NotTold(self._hidden(answer.why) or "apprise could not deliver it")

    def close(self) -> None:
        """End the process; may be called twice."""
        with self._changing:
            self._closed = True
            child, self._child = self._child, None
        if child is None:
            return
        child.end(0.0, _GONE_S)  # whoever waits for its answer has one now: none
        if self._sending.acquire(timeout=_GONE_S):
            child.close_pipes()
            self._sending.release()

    def _begin(self) -> None:
        """Start the process unless there is one."""
        with self._changing:
            if self._closed:
                raise NotTold("the program ends")
            if self._child is not None and not self._child.ended:
                return
            if self._child is not None:
                self._child.close_pipes()
            self._ready = False
            try:
                self._child = Child(
                    _MODULE,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
                self._write(msgspec.json.encode({"url": self._secret.address}))
            except OSError as error:
                raise NotTold(f"its process cannot be started: {error.strerror}") from None

    def _await_ready(self) -> None:
        if self._ready:
            return
        answer = self._read(_LOADING_S)
        if not answer.ok:
            raise NotTold("apprise takes no such address", refused=True)
        self._ready = True

    def _ask(self, line: bytes, timeout_s: float) -> Answer:
        try:
            self._write(line)
        except OSError:
            self._end()
            raise NotTold("its process has ended") from None
        return self._read(timeout_s)

    def _write(self, line: bytes) -> None:
        assert self._child is not None  # noqa: S101 - it was started
        os.write(self._child.input, line + b"\n")

    def _read(self, timeout_s: float) -> Answer:
        """Return the next answer; where none comes the process is ended; the next message gets another."""
        assert self._child is not None  # noqa: S101 - it was started
        deadline_s, line = time.monotonic() + timeout_s, b""
        while not line.endswith(b"\n") and len(line) < _MOST_BYTES:
            left_s = deadline_s - time.monotonic()
            try:
                ready = left_s > 0.0 and self._child.has_said(left_s)
                piece = os.read(self._child.output, _MOST_BYTES) if ready else None
            except (OSError, ValueError):  # closed by another thread
                piece = b""
            if not piece:
                self._end()
                raise NotTold(
                    f"no answer within {timeout_s:g} s" if piece is None else "its process has ended"
                )
            line += piece
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            return _ANSWERS.decode(line)
        self._end()
        raise NotTold("its process does not answer as it should")

    def _end(self) -> None:
        """End a process that is of no use."""
        with self._changing:
            child, self._child = self._child, None
        if child is not None:
            child.end(0.0, _GONE_S)
            child.close_pipes()

    def _hidden(self, why: str) -> str:
        return sanitise(self._secret.hide(why))
