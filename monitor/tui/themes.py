"""Other colours for the same meanings: what is drawn in the standard ones, a theme replaces at the end.

Every meaning has a word and a shape too, so none depends on its theme.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rich.color import Color
from rich.style import Style

from monitor.tui.theme import GROUND, RAISED, without_colour

_BLACK, _WHITE = "#000000", "#ffffff"

_COLOUR_BLIND = {
    "#5fd38d": "#7cc7f0", "#6fd79a": "#7cc7f0", "#7fe0a8": "#9fd8f7", "#0d1a17": "#0a1826",
    "#0d2a1e": "#0b2740",
    "#ffc14d": "#f0e442", "#ffb000": "#f0e442", "#2b2410": "#26240a",
    "#ff7b72": "#ff9e4a", "#b3001b": "#8f2f00", "#ff9c94": "#ffb27a", "#3a0910": "#331300",
    "#e3cf6a": "#d7a0c4", "#b9a3e3": "#c9c9d9",
}  # fmt: skip
"""Blue for what is well, yellow for a sound, vermilion for what is urgent (after Okabe and Ito)."""

_HIGH_CONTRAST = {
    GROUND: _BLACK, RAISED: _BLACK, "#1f2737": "#3a3a3a", "#0d1a17": _BLACK, "#0d2a1e": _BLACK,
    "#2b2410": _BLACK, "#10203a": _BLACK, "#3a0910": _BLACK, "#333a47": _BLACK,
    "#d7dce5": _WHITE, "#8a94a6": _WHITE, "#c3cddd": _WHITE, "#93a1b8": _WHITE, "#9cc4ff": _WHITE,
    "#4a5568": "#a0a0a0", "#b9a3e3": "#e0ccff", "#ff7b72": "#ff9a93", "#5fd38d": "#7dffb0",
    "#6fd79a": "#7dffb0", "#7fe0a8": "#7dffb0", "#ffc14d": "#ffe14d", "#24479e": "#0000aa",
}  # fmt: skip

_SIXTEEN = {
    GROUND: "black", RAISED: "blue", "#1f2737": "black", "#0d1a17": "black", "#0d2a1e": "black",
    "#2b2410": "black", "#10203a": "black", "#3a0910": "black", "#333a47": "black", "#4a5568": "white",
    "#d7dce5": "white", "#8a94a6": "white", "#ffffff": "bright_white", "#000000": "black",
    "#5fd38d": "bright_green", "#6fd79a": "bright_green", "#7fe0a8": "bright_green",
    "#ffc14d": "bright_yellow", "#ffb000": "yellow", "#e3cf6a": "cyan",
    "#ff7b72": "bright_red", "#ff9c94": "bright_red", "#b3001b": "red",
    "#b9a3e3": "bright_magenta", "#c3cddd": "bright_white", "#93a1b8": "white", "#9cc4ff": "bright_cyan",
    "#24479e": "blue", "#f2f2f2": "white",
}  # fmt: skip
"""The Linux console: eight grounds, sixteen inks."""

_TABLES: Mapping[str, Mapping[str, str]] = {
    "standard": {}, "colour-blind": _COLOUR_BLIND, "high-contrast": _HIGH_CONTRAST, "16-colours": _SIXTEEN,
}  # fmt: skip


def shaded(theme: str) -> bool:
    """Tell whether a theme has too few colours for a spectrogram, which is then drawn in characters."""
    return theme in {"16-colours", "mono"}


@lru_cache(maxsize=4096)
def themed(style: Style, theme: str) -> Style:
    """Return `style` in the colours of `theme`, one of `THEMES`."""
    if theme == "mono":
        return without_colour(style)
    table = _TABLES[theme]
    if not table:
        return style
    ink, ground = _replaced(style.color, table), _replaced(style.bgcolor, table)
    bold = style.bold and not (theme == "16-colours" and ink == "black")  # else it is grey on the console
    return Style(color=ink, bgcolor=ground, bold=bold, reverse=style.reverse)


def _replaced(colour: Color | None, table: Mapping[str, str]) -> str | None:
    return None if colour is None else table.get(colour.name, colour.name)
