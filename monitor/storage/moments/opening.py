"""Where the memory is, and how it is opened to be read or changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from monitor.config.settings import MemoryConfig
from monitor.errors import MomentsError
from monitor.files.paths import own_folder
from monitor.storage.database import FAILURES, Schema, open_database
from monitor.storage.moments.queries import MIGRATIONS, MomentStore
from monitor.storage.moments.sealing import Seal, seal_of
from monitor.text import sanitise

SCHEMA = Schema("The memory", MIGRATIONS, MomentsError)


def memory_file() -> Path | None:
    """Return where the memory is: ``$XDG_STATE_HOME/monitor/memory.db``; None: there is no home folder."""
    state = own_folder("state")
    return None if state is None else state / "memory.db"


def check_key(path: Path, seal: Seal | None) -> None:
    """Refuse a memory that this key does not open; what else may be wrong with it whoever writes finds out.

    Raises
    ------
    MomentsError
        It is encrypted with another key, or of a later version.
    """
    with suppress(*FAILURES), closing(open_database(path, SCHEMA)) as database:
        MomentStore(database, path, seal)


@contextmanager
def open_moments(path: Path, seal: Seal | None = None) -> Iterator[MomentStore | None]:
    """Open the memory at `path`; None: there is none.

    Raises
    ------
    MomentsError
        It cannot be read or written, is of a later version, or is encrypted with another key.
    """
    try:
        try:
            database = open_database(path, SCHEMA)
        except FileNotFoundError:
            yield None
            return
        with closing(database):
            yield MomentStore(database, path, seal)
    except FAILURES as error:
        why = sanitise(str(getattr(error, "strerror", None) or error or "no reason was given"))
        raise MomentsError(
            f"The memory {path} cannot be used: {why}; the next `monitor run` sets a damaged one aside and "
            "begins another."
        ) from None


@contextmanager
def opened(config: MemoryConfig) -> Iterator[MomentStore | None]:
    """Open the memory of this user, with the key that the configuration names; None: there is none.

    Raises
    ------
    MomentsError
        As `open_moments`; or the package that decrypts is not installed.
    ConfigError
        There is no key where the configuration says.
    """
    path = memory_file()
    if path is None:
        yield None
        return
    with open_moments(path, seal_of(config)) as moments:
        yield moments
