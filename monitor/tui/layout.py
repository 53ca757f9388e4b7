"""Which part of the screen gets how many rows; pure, so that every size can be tested."""

from __future__ import annotations

from dataclasses import dataclass, replace

SIDE_BY_SIDE = 76
"""Columns from which the class table and the event list stand beside each other."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of each part; their sum with the footer is the height of the terminal."""

    banner: int
    sources: int
    """One for each source, where there are several and there is room."""
    meter: int
    spectrogram: int
    tables: int
    status: int
    footer: int = 1

    @property
    def total(self) -> int:
        """All rows."""
        above = self.banner + self.sources + self.meter + self.spectrogram
        return above + self.tables + self.status + self.footer


def rows_for(height: int, sources: int = 1) -> Rows:
    """Share `height` rows out. The banner comes first and always stays; the spectrogram is the first to go.

    The rows of several `sources` are taken from the tables, at most half of them.
    """
    rows = _rows_for(height)
    taken = min(sources, (rows.tables + 1) // 2) if sources > 1 else 0
    return replace(rows, sources=taken, tables=rows.tables - taken)


def _rows_for(height: int) -> Rows:
    rows = Rows(banner=4, sources=0, meter=1, spectrogram=0, tables=height - 7, status=1)
    if height < 8:
        banner, footer = max(1, height - 1), min(1, height - 1)
        return replace(rows, banner=banner, meter=0, tables=0, status=0, footer=footer)
    if height < 16:
        return rows
    if height < 22:
        return replace(rows, banner=6, tables=height - 9)
    if height < 30:
        return replace(rows, banner=7, spectrogram=5, tables=height - 16, status=2)
    banner = min(16, 8 + (height - 30) // 5)
    spectrogram = min(33, 7 + (height - 30) // 2)
    tables = height - 5 - banner - spectrogram
    return replace(rows, banner=banner, meter=2, spectrogram=spectrogram, tables=tables, status=2)
