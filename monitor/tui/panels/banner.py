"""The banner: one word as large as it fits, and one line that says how sure, how loud, how long."""

from __future__ import annotations

from rich.style import Style
from textual.strip import Strip

from monitor.tui.big_letters import large
from monitor.tui.headline import Headline, headline
from monitor.tui.strips import fit, line
from monitor.tui.theme import BANNERS, SHAPES, inverse
from monitor.tui.view import View

EDGE, NARROW_EDGE = 4, 2
"""Cells of shapes at either side."""

NARROW = 60
"""Below this width the edges are narrow."""


def banner_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return the banner, `height` >= 1 rows of `width` cells."""
    head = headline(view)
    style = BANNERS[head.kind]
    if head.inverted(view.now_s):
        style = inverse(style)
    if height == 1:
        return [_single(head, width, style)]
    shape = SHAPES[head.kind]
    edge = fit(shape, NARROW_EDGE) if width < NARROW else fit(f" {shape}{shape}", EDGE)
    inner = width - 2 * len(edge)
    rows = _word(head, inner, height - 1)
    body = [line([(edge + fit(row, inner, "centre") + edge[::-1], style)], width, style) for row in rows]
    return [*body, line([(fit(head.detail, width, "centre"), style)], width, style)]


def _single(head: Headline, width: int, style: Style) -> Strip:
    shape = SHAPES[head.kind]
    text = f" {shape} {head.word.upper()} {shape} {head.detail}"
    return line([(fit(text, width), style)], width, style)


def _word(head: Headline, width: int, height: int) -> list[str]:
    """Return the word in exactly `height` rows, large letters where they fit, else spaced capitals."""
    letters = large(head.word, width, height if head.kind != "quiet" else min(height, 3))
    if letters is None:
        spaced = " ".join(head.word.upper())
        letters = [spaced if len(spaced) <= width else head.word.upper()]
    above = (height - len(letters)) // 2
    return [""] * above + letters + [""] * (height - len(letters) - above)
