from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from monitor.cli.export import install_command
from monitor.cli.main import main
from monitor.models.store import model_names
from tests.encoders.tiny_models import tiny_model


@pytest.mark.parametrize("folder", ["clap", "my models"])
def test_the_command_that_installs_an_export_takes_the_folder_whatever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setenv("MONITOR_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    tiny_model().write(tmp_path / folder)
    program, *argv = shlex.split(install_command(Path(folder), "mine"))
    assert (program, main(argv), model_names()) == ("monitor", 0, ["mine"])
