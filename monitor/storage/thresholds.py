"""What a stream has taught about its thresholds, kept from run to run: one file per source and model.

Files are ``$XDG_STATE_HOME/monitor/thresholds/<source id>@<model>.json`` (``~/.local/state/monitor/…``), for
their owner only. They hold the highest scores of each ten seconds of the last hours and no sound. Written
every ten minutes and at the end of a run; what cannot be read or written is said once, and the run goes on.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from monitor.bus.codec import encode_json
from monitor.detection.calibration import Calibration, Evidence
from monitor.files.paths import own_folder
from monitor.files.state_files import file_name, write_private
from monitor.storage.kept_file import read_kept

KEEP_EVERY_S = 600.0
_MOST_BYTES = 16 << 20
_MOST_ODDS = 1000.0
"""Log-odds; scores are cut where they are some 14."""
_DECODER = msgspec.json.Decoder(Evidence)


class ThresholdStore:
    """Keeps what one stream teaches."""

    def __init__(self, calibration: Calibration, source_id: str, model: str) -> None:
        self._calibration = calibration
        self._model = model
        self.belong_to(source_id)
        self._kept_s: float | None = None
        self._failed = False

    def belong_to(self, source_id: str) -> None:
        """Keep it under this name from now on."""
        self._path = thresholds_file(source_id, self._model)

    def retune(self, calibration: Calibration) -> None:
        """Keep what another one learns from now on."""
        self._calibration = calibration

    def keep(self, now_s: float, last: bool = False) -> str | None:
        """Write what there is if it is time to; return a sentence where that fails for the first time.

        Parameters
        ----------
        now_s
            Any clock that does not go back.
        last
            Whether the run ends.
        """
        if self._kept_s is None:
            self._kept_s = now_s
        if self._path is None or not (last or now_s - self._kept_s >= KEEP_EVERY_S):
            return None
        evidence = self._calibration.evidence()
        if not (evidence.quiet or evidence.passed):
            return None
        self._kept_s = now_s
        try:
            write_private(self._path, encode_json(evidence))
        except OSError as error:
            again, self._failed = self._failed, True
            why = f"Cannot keep the thresholds this place has taught in {self._path}: {error.strerror}."
            return None if again else why
        self._failed = False
        return None


class Remembered(NamedTuple):
    """What a run begins with."""

    evidence: Evidence | None
    note: str = ""
    """What to tell the user, one sentence; empty: nothing."""


def remembered(source_id: str, model: str) -> Remembered:
    """Return what earlier runs heard of this source; what is wrong with the file ends no run."""
    path = thresholds_file(source_id, model)
    if path is None:
        return Remembered(None)
    found = read_kept(path, _MOST_BYTES, _DECODER, _is_sound)
    if not isinstance(found, str):
        return Remembered(found)
    note = f"The thresholds kept in {path} cannot be used: {found}; this run learns them again."
    return Remembered(None, note)


def _is_sound(evidence: Evidence) -> bool:
    return all(abs(odds) <= _MOST_ODDS for odds in (*evidence.quiet, *evidence.passed))


def thresholds_file(source_id: str, model: str) -> Path | None:
    """Return where they are kept; None: there is no home folder."""
    state = own_folder("state")
    return None if state is None else state / "thresholds" / f"{file_name(source_id, model)}.json"
