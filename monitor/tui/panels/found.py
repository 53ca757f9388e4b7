"""What was found in the history."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from monitor.tui.panels.plain_events import event_row
from monitor.tui.shown import ShownEvent
from monitor.tui.strips import line
from monitor.tui.theme import DIM, HEADING, HEADING_DIM
from monitor.tui.view import View


def found_lines(view: View, rows: Sequence[ShownEvent], note: str, width: int, height: int) -> list[Strip]:
    """Return a heading with `note`, and the rows around the one that the view's cursor is at."""
    most = max(1, height - 1)
    at = next((at for at, row in enumerate(rows) if row.key == view.cursor), 0)
    first = max(0, min(at - most // 2, len(rows) - most))
    body = [line(event_row(view, row, width), width) for row in rows[first : first + most]]
    if not rows:
        body = [line([("  nothing like that; remove a word, or escape", DIM)], width)]
    count = f" {len(rows)} event{'s' * (len(rows) != 1)}"
    lines = [line([(count, HEADING), (f"  {note}", HEADING_DIM)], width, HEADING), *body]
    return (lines + [line([], width)] * (height - len(lines)))[:height]
