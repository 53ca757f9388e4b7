"""What is missing is installed by the Python that runs, from the folder that this program is in."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from monitor.extras import install, reinstall

ROOT = Path(__file__).parents[1]


def test_a_command_to_install_is_one_that_can_be_typed_anywhere() -> None:
    pip = [sys.executable, "-m", "pip", "install"]
    assert shlex.split(install(extra="scan")) == [*pip, f"{ROOT}[scan]"]
    assert shlex.split(install("av")) == [*pip, "av"]
    assert shlex.split(reinstall()) == [*pip, "--force-reinstall", str(ROOT)]
