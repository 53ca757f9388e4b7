"""Colours, styles and shapes. Every meaning has a word and a shape of its own; colour only helps.

Contrast of text on its ground is at least 7:1 (WCAG AAA), except for what is meant to recede.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from rich.style import Style

GROUND = "#0b0e14"
RAISED = "#1b2333"

TEXT = Style(color="#d7dce5", bgcolor=GROUND)
DIM = Style(color="#8a94a6", bgcolor=GROUND)
STRONG = Style(color="#ffffff", bgcolor=GROUND, bold=True)
GOOD = Style(color="#5fd38d", bgcolor=GROUND)
EVENT = Style(color="#ffc14d", bgcolor=GROUND, bold=True)
URGENT = Style(color="#ff7b72", bgcolor=GROUND, bold=True)
MUTED = Style(color="#b9a3e3", bgcolor=GROUND)
HEADING = Style(color="#c3cddd", bgcolor=RAISED, bold=True)
HEADING_DIM = Style(color="#93a1b8", bgcolor=RAISED)
HEARS = Style(color="#7fe0a8", bgcolor="#0d2a1e", bold=True)
"""The state of a source that is heard well."""
DOUBTFUL = Style(color="#e3cf6a", bgcolor=GROUND, bold=True)
"""A class that may never be told."""
MARK = Style(color="#ffffff", bgcolor=GROUND, bold=True)
BAR_BACK = "#1f2737"

Kind = Literal[
    "urgent", "event", "recent", "quiet", "waiting", "paused", "fault", "ended", "impaired", "missed"
]
"""What the banner is about. `fault`: nothing can be heard; `impaired`: not all that there is to hear;
`recent`: an event that has just ended; `missed`: an urgent one that has, and nobody has acknowledged."""

SHAPES: dict[Kind, str] = {
    "urgent": "▲",
    "event": "◆",
    "recent": "◇",
    "quiet": "○",
    "waiting": "…",
    "paused": "║",
    "fault": "╳",  # noqa: RUF001 - a shape, not a letter
    "ended": "■",
    "impaired": "≈",
    "missed": "△",
}
"""Marks what the banner says, and the lines of the lists."""

BANNERS: dict[Kind, Style] = {
    "urgent": Style(color="#ffffff", bgcolor="#b3001b", bold=True),
    "event": Style(color="#000000", bgcolor="#ffb000", bold=True),
    "recent": Style(color="#ffc14d", bgcolor="#2b2410", bold=True),
    "quiet": Style(color="#6fd79a", bgcolor="#0d1a17"),
    "waiting": Style(color="#9cc4ff", bgcolor="#10203a"),
    "paused": Style(color="#ffffff", bgcolor="#24479e", bold=True),
    "fault": Style(color="#000000", bgcolor="#f2f2f2", bold=True),
    "ended": Style(color="#d7dce5", bgcolor="#333a47", bold=True),
    "missed": Style(color="#ff9c94", bgcolor="#3a0910", bold=True),
    "impaired": Style(color="#000000", bgcolor="#e3cf6a", bold=True),
}

SPECTROGRAM_STEPS = 20
_SPECTROGRAM_STOPS = ("#0b0e14", "#24104f", "#641a80", "#b03a78", "#ec6a55", "#fdb469", "#fcfdcf")
SHADES = " ░▒▓█"
"""The spectrogram where there is no colour, quiet to loud."""

HATCH = "╱"  # noqa: RUF001 - a shape, not a stroke
"""Fills what was not heard."""

OUTLINED: tuple[Kind, ...] = ("recent", "missed")
"""What is over is drawn in outline, what is now is filled: neither can be taken for the other."""

_FILLED: tuple[Kind, ...] = ("urgent", "event", "paused", "fault")
_REVERSED = {BANNERS[kind].bgcolor for kind in _FILLED}


def inverse(style: Style) -> Style:
    """Return `style` with ink and ground exchanged."""
    return Style(color=style.bgcolor, bgcolor=style.color, bold=style.bold)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@lru_cache(maxsize=SPECTROGRAM_STEPS)
def spectrogram_colour(step: int) -> str:
    """Return the colour of level `step`, 0 (quiet) to `SPECTROGRAM_STEPS` - 1; brightness never falls."""
    place = step / (SPECTROGRAM_STEPS - 1) * (len(_SPECTROGRAM_STOPS) - 1)
    index = min(int(place), len(_SPECTROGRAM_STOPS) - 2)
    pairs = zip(_rgb(_SPECTROGRAM_STOPS[index]), _rgb(_SPECTROGRAM_STOPS[index + 1]), strict=True)
    red, green, blue = (round(low + (high - low) * (place - index)) for low, high in pairs)
    return f"#{red:02x}{green:02x}{blue:02x}"


@lru_cache(maxsize=SPECTROGRAM_STEPS**2)
def spectrogram_style(upper: int, lower: int) -> Style:
    """Return the style of one cell of the spectrogram, drawn as an upper half block."""
    return Style(color=spectrogram_colour(upper), bgcolor=spectrogram_colour(lower))


@lru_cache(maxsize=1024)
def without_colour(style: Style) -> Style:
    """Return `style` for a terminal without colours: bold stays, a banner that calls is reversed."""
    return Style(bold=style.bold, reverse=style.bgcolor in _REVERSED)
