"""The diary of this process, the one place that writes it: which entries are kept, in which form, and where.

``text``: lines for a person on standard error. ``json``: one object a line there. ``journal``: entries of
systemd's journal with a priority and fields of their own. ``auto``: the journal where standard error leads
there anyway, else text. An entry that cannot be written is lost: there is nobody to tell.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from monitor.diary.entry import PRIORITIES, Entry, Level, entry
from monitor.diary.journal import SOCKET, Journal, leads_to_journal
from monitor.errors import ConfigError

Form = Literal["auto", "text", "json", "journal"]
Write = Callable[[Entry], None]


class Diary:
    """Keeps entries from one level up."""

    def __init__(self) -> None:
        self._write: Write = _as_text
        self._least = PRIORITIES["info"]
        self.journal: Journal | None = None
        """Where entries go if they go to the journal."""

    def keep(self, form: Form, level: Level, socket: Path = SOCKET) -> None:
        """Keep entries of `level` and above from now on, in the given form.

        Raises
        ------
        ConfigError
            The journal is asked for, and there is none.
        """
        self._least = PRIORITIES[level]
        leads_there = form == "auto" and leads_to_journal(sys.stderr)
        wanted = form == "journal" or leads_there
        if form == "journal" and not socket.exists():
            raise ConfigError(f"There is no journal here ({socket}); valid: --diary auto, text or json.")
        self.close()
        self.journal = Journal(socket) if wanted and socket.exists() else None
        if self.journal is not None:
            self._write = self.journal.write
        elif leads_there:
            self._write = _with_priority
        else:
            self._write = _as_json if form == "json" else _as_text

    def close(self) -> None:
        """Let go of the journal."""
        before, self.journal = self.journal, None
        if before is not None:
            before.close()

    def note(self, text: str, level: Level, fields: Mapping[str, str] | None = None) -> None:
        """Write an entry, if it is of a level that is kept."""
        if PRIORITIES[level] <= self._least:
            with suppress(OSError):
                self._write(entry(text, level, fields))


def _as_text(entry: Entry) -> None:
    print(f"monitor: {entry.text}", file=sys.stderr, flush=True)  # noqa: T201


def _with_priority(entry: Entry) -> None:
    """Write a line as sd-daemon(3) has it."""
    print(f"<{PRIORITIES[entry.level]}>{entry.text}", file=sys.stderr, flush=True)  # noqa: T201


def _as_json(entry: Entry) -> None:
    line = {"time": datetime.now(UTC), "level": entry.level, "text": entry.text, **entry.fields}
    print(msgspec.json.encode(line).decode(), file=sys.stderr, flush=True)  # noqa: T201
