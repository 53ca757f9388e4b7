"""The sources of a run -> what each is called and how it is read; no two are called alike."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from itertools import chain, count

from monitor.encoders import EncoderInfo
from monitor.pipeline.reporter import Stream
from monitor.records import ClassPrompt
from monitor.sources import Source
from monitor.wording import node_name


def describe(
    sources: Sequence[Source], info: EncoderInfo, classes: Sequence[ClassPrompt], node: str
) -> list[Stream]:
    """Describe what is listened to; sources that are called alike are told apart by a number.

    `node` is what the machine is called; empty: by its own name.
    """
    labels = {item.name: item.label or item.name for item in classes}
    machine = node_name(node)
    ids = _told_apart([stream_id(source) for source in sources], "{}-{}")
    names = _told_apart([source.name for source in sources], "{} ({})")
    return [
        Stream(
            source_id=id_,
            source_name=name,
            sample_rate=info.sample_rate,
            model=info.identity,
            live=source.live,
            run_id=uuid.uuid4().hex[:8],
            labels=labels,
            unknown=frozenset(item.name for item in classes if item.unknown),
            node=machine,
            paced=getattr(source, "paced", False),
        )
        for id_, name, source in zip(ids, names, sources, strict=True)
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
