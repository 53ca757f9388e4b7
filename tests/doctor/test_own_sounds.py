"""The doctor says what was taught, what of it is damaged, and what another model was taught."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config.settings import Config
from monitor.doctor.findings import Examined
from monitor.doctor.own_sounds import check_taught
from monitor.storage import own_sounds
from tests.learning.sounds import taught


def test_what_was_taught_is_told_and_what_cannot_be_used_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert list(check_taught(Examined(Config()))) == []
    own_sounds.save(taught(model="embedded-1"))
    own_sounds.save(taught("kettle", model="clap-1"))
    own_sounds.save(taught("gong", model="embedded-1")).write_bytes(b"nothing")
    found = list(check_taught(Examined(Config())))
    assert [one.state for one in found] == ["ok", "attention", "attention"]
    assert found[0].found == "doorbell (taught by 3 examples, 2026-11-30)"
    assert "kettle: taught to another model" in found[1].found
    assert found[1].do == "Teach it again: `monitor learn kettle`."
    assert "cannot be used" in found[2].found
