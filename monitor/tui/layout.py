"""Which part of the screen gets how many rows; pure, so that every size can be tested."""

from __future__ import annotations

from dataclasses import dataclass, fields

SIDE_BY_SIDE = 76
"""Columns from which the class table and the event list stand beside each other."""


def table_widths(width: int) -> tuple[int, int]:
    """Return the columns of the class table and of the event list; of both all, where they are stacked."""
    if width < SIDE_BY_SIDE:
        return width, width
    classes = max(37, min(72, width * 42 // 100))
    return classes, width - 1 - classes


def table_heights(width: int, height: int) -> tuple[int, int]:
    """Return the rows of the class table and of the event list, of `height` that they have together."""
    return (height, height) if width >= SIDE_BY_SIDE else (height // 2, height - height // 2)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What there is to show."""

    sources: int = 1
    alerts: int = 0
    """Bars: what was missed, what urgent is muted."""
    maker: bool = False
    alarm: bool = False
    """Something urgent sounds that nobody has acknowledged: it gets the whole screen."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of each part, top to bottom; their sum is the height of the terminal."""

    banner: int
    alerts: int = 0
    hearing: int = 0
    """One for each source where there is room for them: whether it is heard."""
    meter: int = 0
    spectrogram: int = 0
    tables: int = 0
    why: int = 0
    status: int = 0
    footer: int = 0

    @property
    def total(self) -> int:
        """All rows."""
        return sum(getattr(self, part.name) for part in fields(self))


def rows_for(height: int, wanted: Wanted) -> Rows:
    """Share `height` rows out. The banner comes first and always stays; then keys, hearing and alerts."""
    footer = int(height >= 2)
    least = 2 if height >= 5 else 1  # of the banner
    spare = max(0, height - footer - least)
    hearing = min(wanted.sources, spare, max(1, height // 5))
    alerts = min(wanted.alerts, spare - hearing)
    rest = height - footer - hearing - alerts
    fixed = {"footer": footer, "hearing": hearing, "alerts": alerts}
    if wanted.alarm or rest < 7:
        return Rows(banner=rest, **fixed)
    parts = _maker(rest) if wanted.maker and height >= 16 else _plain(rest)
    return Rows(**parts, **fixed)


def _plain(rest: int) -> dict[str, int]:
    """Share out what is left between the banner and the lists; letters grow with the terminal."""
    tables = max(3, round(0.55 * (rest - 1)))
    return {"banner": rest - 1 - tables, "tables": tables, "why": 1}


def _maker(rest: int) -> dict[str, int]:
    """Do the same with what makers want to see; the spectrogram is the first to go."""
    if rest < 20:
        parts = {"banner": 4, "meter": 1, "why": 1, "status": 1}
    elif rest < 27:
        parts = {"banner": 5, "meter": 1, "spectrogram": rest // 4, "why": 1, "status": 2}
    else:
        more = rest - 27
        banner, spectrogram = min(15, 7 + more // 5), min(33, 7 + more // 2)
        parts = {"banner": banner, "meter": 2, "spectrogram": spectrogram, "why": 1, "status": 2}
    return {**parts, "tables": rest - sum(parts.values())}
