"""libsndfile, for files that FFmpeg is not asked for: its own rarer formats, and a second opinion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np

from monitor.errors import SourceError
from monitor.extras import install
from monitor.sources.declared import Found
from monitor.sources.decoder import Fault, Piece

_BLOCK_LEN = 4096
_UNKNOWN_LEN = 1 << 40
"""From this length on a header does not know it: libsndfile reports 2^63 - 1."""


class SndfileSound:
    """A sound file, as libsndfile reads it."""

    def __init__(self, path: Path) -> None:
        """Open `path`.

        Raises
        ------
        SourceError
            libsndfile cannot read it; the message is its reason.
        """
        soundfile = _load_soundfile()
        self._error = soundfile.LibsndfileError
        self._bytes = path.open("rb")  # libsndfile is no good at file names
        try:
            self._file = soundfile.SoundFile(self._bytes.fileno(), closefd=False)
        except self._error as error:
            self._bytes.close()
            raise SourceError(error.error_string.rstrip(".")) from None
        self.sample_rate = int(self._file.samplerate)
        """Hz."""
        self._heard = 0
        self._faults: list[Fault] = []

    def pieces(self) -> Iterator[Piece]:
        """Decode to the end, or to where nothing more can be made out."""
        while True:
            try:
                samples = self._file.read(_BLOCK_LEN, dtype="float32", always_2d=True)
            except self._error:
                self._faults.append(Fault(self._heard / self.sample_rate, 0.0))
                return
            if not len(samples):
                return
            self._heard += len(samples)
            yield Piece(np.asarray(samples))

    @property
    def found(self) -> Found:
        """What was found so far."""
        frames = self._file.frames
        promised_s = frames / self.sample_rate if 0 < frames < _UNKNOWN_LEN else None
        return Found(self._heard / self.sample_rate, promised_s, 0.5 / self.sample_rate, tuple(self._faults))

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()
        self._bytes.close()


def _load_soundfile() -> ModuleType:
    try:
        import soundfile
    except (ImportError, OSError):  # OSError: the package without its libsndfile
        raise SourceError(
            "sound files of this kind need the Python package soundfile with its libsndfile; "
            f"install it with: {install('soundfile')}"
        ) from None
    module: ModuleType = soundfile
    return module
