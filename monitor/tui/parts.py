"""The parts of the screen by name, top to bottom: each turns a view and a size into lines."""

from __future__ import annotations

from collections.abc import Callable

from textual.strip import Strip

from monitor.tui.panels.alerts import alerts_lines
from monitor.tui.panels.banner import banner_lines
from monitor.tui.panels.classes import classes_lines
from monitor.tui.panels.events import events_lines
from monitor.tui.panels.hearing import hearing_lines
from monitor.tui.panels.keys import keys_lines
from monitor.tui.panels.meter import meter_lines
from monitor.tui.panels.plain_classes import plain_classes_lines
from monitor.tui.panels.plain_events import plain_events_lines
from monitor.tui.panels.spectrogram import spectrogram_lines
from monitor.tui.panels.status import status_lines
from monitor.tui.panels.why import why_lines
from monitor.tui.view import View

Lines = Callable[[View, int, int], list[Strip]]
"""``(view, width, height)``: exactly so many rows of so many cells."""


def _classes(view: View, width: int, height: int) -> list[Strip]:
    return (classes_lines if view.maker else plain_classes_lines)(view, width, height)


def _events(view: View, width: int, height: int) -> list[Strip]:
    return (events_lines if view.maker else plain_events_lines)(view, width, height)


PARTS: dict[str, Lines] = {
    "banner": banner_lines,
    "alerts": alerts_lines,
    "hearing": hearing_lines,
    "meter": meter_lines,
    "spectrogram": spectrogram_lines,
    "classes": _classes,
    "events": _events,
    "why": why_lines,
    "status": status_lines,
    "footer": keys_lines,
}
