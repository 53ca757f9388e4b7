from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.live_monitor import Monitor

from .serving import Serving, place_of


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for what is kept."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "monitor"


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    monitor = Monitor()
    yield monitor
    monitor.close()


@pytest.fixture
def serving(own_state: Path, monitor: Monitor) -> Iterator[Serving]:
    serving = Serving([place_of(monitor)])
    yield serving
    serving.close()
