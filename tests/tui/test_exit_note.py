from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.tui.exit_note import farewell


@pytest.mark.parametrize("width", [20, 56, 80, 200])
def test_what_is_left_on_the_terminal_says_what_happened_when_and_what_to_do(width: int) -> None:
    text = farewell(datetime(2026, 11, 21, 12, 3, 22, tzinfo=UTC), width)
    assert "MONITOR GONE at 12:03:22 (Saturday 2026-11-21)" in text
    assert "Start it again as you did before (up arrow and Enter)." in text
    assert "monitor run" not in text  # which would leave out the microphone, the classes and what is urgent
    assert ("\u2588" in text) == (width > 56)
