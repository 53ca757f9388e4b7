"""How the terminal interface behaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

THEMES = ("standard", "colour-blind", "high-contrast", "16-colours", "mono")


@dataclass(frozen=True, slots=True)
class Options:
    """How the terminal interface behaves, as its command line says."""

    endpoint: str
    """Shown where the monitor is missing."""
    bell: bool = False
    """Ring the terminal's bell at each onset: many terminals and window managers show it."""
    theme: str | None = None
    """One of `THEMES`; None: what suits the terminal."""
    flashing: bool = True
    """Let what is new in the banner flash."""
    plain: bool = False
    """Draw nothing: print what is new, for screen readers."""
    maker: bool = False
    """Begin with numbers, spectrogram and reasons."""


def theme_for(options: Options, environment: Mapping[str, str]) -> str:
    """Return the theme that was chosen, else what suits the terminal that `environment` tells of."""
    if options.theme is not None:
        return options.theme
    term = environment.get("TERM", "")
    if "NO_COLOR" in environment or term.startswith("vt"):
        return "mono"
    return "16-colours" if term == "linux" else "standard"
