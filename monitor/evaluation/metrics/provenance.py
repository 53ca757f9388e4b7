"""What figures of streams rest on: events, recordings and sources, kind by kind. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from monitor.evaluation.synthesis.plans import Piece, StreamPlan


class Provenance(msgspec.Struct, frozen=True):
    """Where the pieces of one kind in an experiment's streams come from."""

    role: str
    """`event`, `distractor`, `background` or `overlay`."""
    name: str
    """The class of events, the label of an overlay; empty: all of the role."""
    pieces: int
    """0: the class is listened for, and there is no recording of it to be found."""
    recordings: int
    sources: int
    """Collections the recordings are from, as far as the data says."""
    minutes: float
    unlabelled: int
    """Sounds of the class that are known to be there, in these streams, without a label."""
    unlabelled_minutes: float


def provenance(
    plans: Sequence[StreamPlan], names: Sequence[str], sources: Mapping[str, str]
) -> list[Provenance]:
    """Return what streams are made of: every class, then all other pieces by role.

    Parameters
    ----------
    plans
        Of the streams of one SNR and of those without events.
    names
        The classes listened for.
    sources
        Recording -> the collection it comes from.
    """
    pieces = [(piece, plan.sample_rate) for plan in plans for piece in plan.pieces]
    keys = [("event", name) for name in names]
    keys += sorted({key for piece, _ in pieces if (key := _key(piece))[0] != "event"})
    return [_row(key, [one for one in pieces if _key(one[0]) == key], plans, sources) for key in keys]


def _key(piece: Piece) -> tuple[str, str]:
    return piece.role, piece.label if piece.role in {"event", "overlay"} else ""


def _row(
    key: tuple[str, str],
    pieces: Sequence[tuple[Piece, int]],
    plans: Sequence[StreamPlan],
    sources: Mapping[str, str],
) -> Provenance:
    recordings = {piece.group for piece, _ in pieces}
    role, name = key
    sounds = [one for plan in plans for one in plan.unlabelled if key == ("event", one.class_name)]
    return Provenance(
        role=role,
        name=name,
        pieces=len(pieces),
        recordings=len(recordings),
        sources=len({sources.get(one, "") for one in recordings}),
        minutes=sum(piece.length / rate for piece, rate in pieces) / 60.0,
        unlabelled=len(sounds),
        unlabelled_minutes=sum(one.offset_s - one.onset_s for one in sounds) / 60.0,
    )
