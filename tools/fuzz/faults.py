"""What broke, told apart by the place in the program where it did, and kept as a file each."""

from __future__ import annotations

import hashlib
import time
import traceback
import warnings
from pathlib import Path

import msgspec

from tools.fuzz.target import MOST_S, Target

_ROOT = str(Path(__file__).parents[2])


class Fault(msgspec.Struct, frozen=True):
    """One way in which a target broke."""

    target: str
    place: str
    """Kind of the error, and the lines of the program where it came up."""
    says: str
    file: str
    """The input, as it was kept."""


class Watch:
    """Tries one target, and keeps the first input for each place where it breaks.

    Parameters
    ----------
    target
        What is tried.
    folder
        Where inputs are kept that broke it.
    """

    def __init__(self, target: Target, folder: Path) -> None:
        self.faults: dict[str, Fault] = {}
        self._target = target
        self._folder = folder

    def take(self, data: bytes) -> Fault | None:
        """Try an input; return what broke that has not broken before."""
        begun_s = time.monotonic()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                self._target.check(data)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a panic of a library is no Exception, and a fault
            return self.note(data, place_of(error), str(error))
        took_s = time.monotonic() - begun_s
        return self.note(data, "too slow", f"{took_s:.1f} s") if took_s > MOST_S else None

    def note(self, data: bytes, place: str, says: str) -> Fault | None:
        """Keep what broke, unless it is known."""
        if place in self.faults:
            return None
        name = hashlib.sha256(data).hexdigest()[:12]
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_bytes(data)
        said = says.encode("utf-8", "backslashreplace").decode()[:300]
        found = Fault(self._target.name, place, said, str(self._folder / name))
        self.faults[place] = found
        return found


def place_of(error: BaseException) -> str:
    """Return the kind of an error and the last lines of this repository that it came through."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(_ROOT)]
    lines = [f"{Path(frame.filename).relative_to(_ROOT)}:{frame.lineno}" for frame in ours[-2:]]
    return " < ".join([type(error).__name__, *reversed(lines)])
