"""How well a model heard a word where that was measured: `measured.toml` beside its audio tower.

`tools/train/measured_words.py` writes it from what `monitor eval clips` found. Figures of other weights
than the model's do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from monitor.errors import ModelError
from monitor.files.reading import read_toml
from monitor.names import as_words, folded_words

MEASURED_FILE = "measured.toml"


class Score(msgspec.Struct, frozen=True):
    """One word of a table."""

    clips: int
    percent: tuple[float, ...]
    """Clips that it was found in, per condition."""


class Table(msgspec.Struct, frozen=True):
    """What was measured at once."""

    audio: str
    """sha256 of the audio tower."""
    recordings: str
    """Which they were: "fold 4, other recordings of known sources"."""
    conditions: tuple[str, ...]
    """"clean", "10 dB" ..."""
    words: dict[str, Score]
    """By class name; each was one answer among all of them."""


class Measurement(msgspec.Struct, frozen=True):
    """One word in one table."""

    word: str
    recordings: str
    among: int
    """Words it was told apart from, itself included."""
    clips: int
    percent: dict[str, float]
    """Condition -> clips in which this word fitted best."""


class _File(msgspec.Struct, frozen=True):
    table: tuple[Table, ...] = ()


_DECODER = msgspec.json.Decoder(_File)


def read_measurements(path: Path, audio_sha256: str) -> list[Measurement]:
    """Return what was measured of the model with that audio tower; nothing where there is no file.

    Raises
    ------
    ModelError
        The file cannot be read.
    """
    try:
        tables = _DECODER.decode(msgspec.json.encode(read_toml(path))).table
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ModelError(f"Cannot read the measurements {path}: {error.strerror}.") from None
    except (ValueError, TypeError, msgspec.ValidationError) as error:
        raise ModelError(f"The measurements {path} are not valid: {error}.") from None
    return [one for table in tables if table.audio == audio_sha256 for one in _rows(table)]


def _rows(table: Table) -> list[Measurement]:
    return [
        Measurement(
            as_words(word),
            table.recordings,
            len(table.words),
            score.clips,
            dict(zip(table.conditions, score.percent, strict=False)),
        )
        for word, score in table.words.items()
    ]


def of_word(measurements: Sequence[Measurement], *names: str) -> tuple[Measurement, ...]:
    """Return the measurements of the word that is called one of `names`."""
    wanted = {folded_words(name) for name in names if name}
    return tuple(one for one in measurements if folded_words(one.word) in wanted)
