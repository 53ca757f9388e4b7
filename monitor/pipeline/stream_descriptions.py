"""The sources of a run -> what each is called and how it is read; no two are called alike."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from itertools import chain, count

from monitor.config.fleet import Place
from monitor.encoders import EncoderInfo
from monitor.pipeline.reporter import Stream
from monitor.sources import Source
from monitor.wording import node_name


def describe(
    sources: Sequence[Source], info: EncoderInfo, places: Sequence[Place], node: str
) -> list[Stream]:
    """Describe what is listened to; sources that are called alike are told apart by a number.

    Parameters
    ----------
    places
        One for each source: what it is called, if not by its own name, and what is listened for.
    node
        What the machine is called; empty: by its own name.
    """
    machine = node_name(node)
    called = list(zip(sources, places, strict=True))
    ids = _told_apart([place.source_id or stream_id(source) for source, place in called], "{}-{}")
    names = _told_apart([place.label or source.name for source, place in called], "{} ({})")
    return [
        Stream(
            source_id=id_,
            source_name=name,
            sample_rate=info.sample_rate,
            model=info.identity,
            live=source.live,
            run_id=uuid.uuid4().hex[:8],
            labels={item.name: item.label or item.name for item in place.classes},
            unknown=frozenset(item.name for item in place.classes if item.unknown),
            node=machine,
            paced=getattr(source, "paced", False),
        )
        for id_, name, (source, place) in zip(ids, names, called, strict=True)
    ]


def stream_id(source: Source) -> str:
    """Return what the only source of a run is called in topics and in the names of what is stored of it."""
    return topic_id(source.id)


def topic_id(source_id: str) -> str:
    """Return the identity of a source in the letters that a topic may have."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", source_id)


def _told_apart(names: Sequence[str], form: str) -> list[str]:
    """Return `names`, with 2, 3 ... put into `form` where one came before."""
    found: list[str] = []
    for name in names:
        numbered = (form.format(name, number) for number in count(2))
        found.append(next(one for one in chain([name], numbered) if one not in found))
    return found
