"""Which part of the screen gets how many rows; pure, so that every size can be tested."""

from __future__ import annotations

from dataclasses import dataclass

SIDE_BY_SIDE = 76
"""Columns from which the class table and the event list stand beside each other."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of each part; their sum with the footer is the height of the terminal."""

    banner: int
    meter: int
    picture: int
    tables: int
    status: int
    footer: int = 1

    @property
    def total(self) -> int:
        """All rows."""
        return self.banner + self.meter + self.picture + self.tables + self.status + self.footer


def rows_for(height: int) -> Rows:
    """Share `height` rows out. The banner comes first and always stays; the picture is the first to go."""
    if height < 8:
        return Rows(
            banner=max(1, height - 1), meter=0, picture=0, tables=0, status=0, footer=min(1, height - 1)
        )
    if height < 16:
        return Rows(banner=4, meter=1, picture=0, tables=height - 7, status=1)
    if height < 22:
        return Rows(banner=6, meter=1, picture=0, tables=height - 9, status=1)
    if height < 30:
        return Rows(banner=7, meter=1, picture=5, tables=height - 16, status=2)
    banner = min(16, 8 + (height - 30) // 5)
    picture = min(33, 7 + (height - 30) // 2)
    return Rows(banner=banner, meter=2, picture=picture, tables=height - 5 - banner - picture, status=2)
