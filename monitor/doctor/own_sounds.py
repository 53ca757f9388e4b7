"""Whether what was taught can be read, and whether the model that listens knows it."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.doctor.findings import Examined, Finding, attention, ok
from monitor.pipeline.taught_classes import summary
from monitor.storage.own_sounds import taught_sounds


def check_taught(examined: Examined) -> Iterator[Finding]:
    """Find what was taught by examples, what of it is damaged, and what another model was taught."""
    taught, faults = taught_sounds()
    model = f"{examined.config.model.name}-"
    heard = [f"{one.label} (taught by {summary(one)})" for one in taught if one.model.startswith(model)]
    known = {one.sound.name for one in taught if one.model.startswith(model)}
    others = sorted({one.label for one in taught if one.sound.name not in known})
    if heard:
        yield ok("own sounds", ", ".join(heard))
    if others:
        told = f"{', '.join(others)}: taught to another model than {examined.config.model.name}"
        yield attention("own sounds", told, f"Teach it again: `monitor learn {others[0]}`.")
    for fault in faults:
        yield attention("own sounds", fault, "Teach it again with `monitor learn`, or delete that file.")
