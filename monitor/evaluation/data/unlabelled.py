"""Sounds of a class that are in recordings though nobody labelled them: their file, and where they lie.

A line says where in a clip a class is heard and why somebody thinks so; the clip is known by the SHA-256 of
its file (not of its samples: decoders differ in the last bit). `tools/maintain/annotate_negatives.py`
proposes lines, somebody judges them. `unlabelled.csv` holds those of the development data.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
from msgspec.structs import replace

from monitor.corpus.layouts import Corpus
from monitor.errors import ConfigError
from monitor.evaluation.metrics.event_metrics import Reference
from monitor.evaluation.synthesis.plans import Piece, StreamPlan
from monitor.files.reading import read_stored

KNOWN = Path(__file__).with_name("unlabelled.csv")
"""Of the development data."""
_COLUMNS = ("sha256", "start_s", "stop_s", "class", "reason")
_HASH_LEN = 64


class Unlabelled(msgspec.Struct, frozen=True):
    """A part of a clip that holds a class the clip is not labelled with."""

    sha256: str
    """Of the clip's file, in hexadecimal."""
    start_s: float
    """Seconds since the clip's begin."""
    stop_s: float
    class_name: str
    reason: str
    """Why somebody thinks so."""


def clip_hash(path: Path) -> str:
    """Return the SHA-256 of a clip's file, in hexadecimal.

    Raises
    ------
    ConfigError
        It cannot be read.
    """
    try:
        return _hash_of(path)
    except OSError as error:
        raise ConfigError(f"Cannot read the clip {path}: {error.strerror}; restore the file.") from None


def read_unlabelled(path: Path) -> list[Unlabelled]:
    """Return the spans of a file.

    Raises
    ------
    ConfigError
        It is missing, lacks a column, or holds a line that does not fit.
    """
    try:
        with io.StringIO(read_stored(path).decode("utf-8-sig"), newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise ConfigError(
                    f"{path} lacks the columns {', '.join(missing)}; needed: {', '.join(_COLUMNS)}."
                )
            return [_span(path, number, row) for number, row in enumerate(rows, start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"Cannot read {path}: {why}; give a CSV file with the columns {', '.join(_COLUMNS)}."
        ) from None


def write_unlabelled(path: Path, spans: Sequence[Unlabelled]) -> None:
    """Write spans, each once, in order of class, clip and time."""
    unique = {(one.class_name, one.sha256, one.start_s, one.stop_s): one for one in spans}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(msgspec.structs.astuple(unique[key]) for key in sorted(unique))


def annotate(plan: StreamPlan, corpus: Corpus, spans: Sequence[Unlabelled]) -> StreamPlan:
    """Return a plan that says where in its stream the spans are heard."""
    by_clip: dict[str, list[Unlabelled]] = {}
    for span in spans:
        by_clip.setdefault(span.sha256, []).append(span)
    heard = tuple(
        sound
        for piece in plan.pieces
        for span in (by_clip.get(clip_hash(corpus.find(piece.path)), ()) if by_clip else ())
        for sound in _heard(piece, span, plan.sample_rate)
    )
    return replace(plan, unlabelled=heard)


def _heard(piece: Piece, span: Unlabelled, sample_rate: int) -> Iterator[Reference]:
    """Yield the part of a span that a piece holds, at its time in the stream."""
    begins_s = (piece.at - piece.start) / sample_rate
    start_s = max(piece.at / sample_rate, begins_s + span.start_s)
    stop_s = min((piece.at + piece.length) / sample_rate, begins_s + span.stop_s)
    if start_s < stop_s:
        yield Reference(span.class_name, start_s, stop_s, piece.group)


@lru_cache(maxsize=65536)
def _hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _span(path: Path, number: int, row: dict[str, str]) -> Unlabelled:
    try:
        span = Unlabelled(
            row["sha256"].lower(), float(row["start_s"]), float(row["stop_s"]), row["class"], row["reason"]
        )
    except (AttributeError, TypeError, ValueError):
        raise ConfigError(f"{path}, line {number}: start_s and stop_s are numbers, in seconds.") from None
    if len(span.sha256) != _HASH_LEN or not 0.0 <= span.start_s < span.stop_s or not span.class_name:
        raise ConfigError(
            f"{path}, line {number}: a span has the SHA-256 of a file, a class, and ends after it starts."
        )
    if not (span.reason or "").strip():
        raise ConfigError(f"{path}, line {number}: the span has no reason; say what is heard, or drop it.")
    return span
