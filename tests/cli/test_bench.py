from __future__ import annotations

import pytest

from monitor.cli.main import main


def test_a_hop_that_no_window_takes_is_refused_in_one_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    for hop in ("0.001", "99"):
        assert main(["bench", "--quick", "--hop", hop]) == 2
        said = capfd.readouterr().err
        assert said.count("\n") == 1
        assert "hop_s" in said


def test_a_model_that_is_not_there_is_refused_before_anything_is_measured(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["bench", "--model", "no_such"]) == 2
    assert "no_such" in capfd.readouterr().err
