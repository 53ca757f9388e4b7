from __future__ import annotations

import pytest

from monitor.errors import ConfigError
from monitor.tui import run_tui
from monitor.tui.__main__ import main


def test_without_a_terminal_it_says_what_to_use_instead(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match="monitor listen"):
        run_tui("tcp://127.0.0.1:5557")
    assert main(["tcp://127.0.0.1:5557"]) == 2
    assert capsys.readouterr().err.startswith("monitor: The terminal interface needs a terminal")
