"""The banner: one word as large as it fits, and one line that says how sure, how loud, how long.

What is now fills it; what is over is framed, its letters in outline where they are large enough.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from monitor.tui.big_letters import large
from monitor.tui.headline import Headline, headline
from monitor.tui.strips import fit, line, wrapped
from monitor.tui.theme import BANNERS, OUTLINED, SHAPES, inverse
from monitor.tui.view import View

EDGE, NARROW_EDGE = 4, 2
"""Cells of shapes at either side."""

NARROW = 60
"""Below this width the edges are narrow."""

_DETAIL_ROWS = 3
"""Rows that the details may take at most."""

_LEAST_LETTERS = 3
"""Rows of the smallest letters that are drawn."""

_CALM_ROWS = 5
"""Letters need not be larger while nothing sounds."""

_AIRY = 8
"""Rows from which on one stays empty."""

_FRAMED = 5
"""Rows from which on there is space for a frame."""


def banner_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return the banner, `height` >= 1 rows of `width` cells."""
    head = headline(view)
    style = BANNERS[head.kind]
    if view.flashing and head.inverted(view.now_s):
        style = inverse(style)
    if height == 1:
        return [_single(head, width, style)]
    if head.kind in OUTLINED and height >= _FRAMED:
        return _framed(head, width, height, style)
    return _filled(head, width, height, style)


def _single(head: Headline, width: int, style: Style) -> Strip:
    shape = SHAPES[head.kind]
    over = f"{head.label}: " if head.label == "ENDED" else ""
    text = f" {shape} {over}{head.word.upper()} {shape} {head.detail}"
    return line([(fit(text, width), style)], width, style)


def _filled(head: Headline, width: int, height: int, style: Style) -> list[Strip]:
    shape = SHAPES[head.kind]
    edge = fit(shape, NARROW_EDGE) if width < NARROW else fit(f" {shape}{shape}", EDGE)
    inner = width - 2 * len(edge)
    details = _details(head, width, height)
    rows = _word(head, inner, height - len(details))
    body = [line([(edge + fit(row, inner, "centre") + edge[::-1], style)], width, style) for row in rows]
    return [*body, *(line([(fit(text, width, "centre"), style)], width, style) for text in details)]


def _framed(head: Headline, width: int, height: int, style: Style) -> list[Strip]:
    inner = width - 4
    details = _details(head, inner, height - 2)
    rows = [*_word(head, inner, height - 2 - len(details)), *details]
    shape = SHAPES[head.kind]
    label = f" {shape} {head.label} {shape} "
    top = f"┌─{label}" if cell_len(label) <= width - 3 else "┌"
    lines = [top + "─" * (width - 1 - cell_len(top)) + "┐"]
    lines += [f"│ {fit(row, inner, 'centre')} │" for row in rows]
    lines.append("└" + "─" * (width - 2) + "┘")
    return [line([(text, style)], width, style) for text in lines]


def _details(head: Headline, width: int, height: int) -> list[str]:
    """Return the details in as few rows as they need, more than one only where letters stay large.

    Of a fault they say what to do: smaller letters make room for that.
    """
    free = height - _LEAST_LETTERS if head.kind == "fault" else (height - 4) // 2
    most = max(1, min(_DETAIL_ROWS, free))
    return wrapped(head.detail, width - 2, most)


def _word(head: Headline, width: int, height: int) -> list[str]:
    """Return the word in exactly `height` rows, large letters where they fit, else spaced capitals."""
    most = min(height, _CALM_ROWS) if head.kind == "quiet" else height - (height >= _AIRY)
    letters = large(head.word, width, most, hollow=head.kind in OUTLINED)
    if letters is None:
        spaced = " ".join(head.word.upper())
        letters = [spaced if len(spaced) <= width else head.word.upper()][:height]
    above = (height - len(letters) + 1) // 2
    return [""] * above + letters + [""] * (height - len(letters) - above)
