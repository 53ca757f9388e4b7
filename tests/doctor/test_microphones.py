from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.config.settings import Config, load_config
from monitor.doctor.checks import CHECKS, run_checks
from monitor.doctor.findings import Examined, Finding
from monitor.sources.microphone import list_devices
from tests.vmic import SAMPLE_RATE, VirtualMicrophones


def noise(amplitude: float, seconds: float = 20.0) -> NDArray[np.float32]:
    random = np.random.default_rng(1)
    return (amplitude * random.standard_normal(round(seconds * SAMPLE_RATE))).astype(np.float32)


def heard(name: str = "attic") -> Finding:
    """Let the doctor listen to one microphone."""
    config = load_config(flags={"capture": {"sources": [f"mic:{name}"]}})
    (found,) = run_checks(Examined(config), lambda _: None, {"hearing": CHECKS["hearing"]})
    return found


def test_a_microphone_that_brings_sound_is_well(vmic: VirtualMicrophones) -> None:
    vmic.play("attic", noise(0.02))
    found = heard()
    assert (found.state, found.about) == ("ok", "sound of attic")
    assert "-39 dBFS" in found.found


@pytest.mark.usefixtures("vmic")
def test_a_silent_microphone_fails() -> None:
    found = heard()
    assert found.state == "fault"
    assert "silent" in found.found
    assert "Unmute it" in found.do


def test_one_that_is_muted_in_the_sound_server_fails_with_the_command_that_unmutes_it(
    vmic: VirtualMicrophones,
) -> None:
    vmic.mute("attic")
    found = heard()
    assert found.state == "fault"
    assert "is muted in the sound server" in found.found
    assert "`pactl set-source-mute attic.monitor 0`" in found.found


def test_a_clipped_microphone_fails(vmic: VirtualMicrophones) -> None:
    vmic.play("attic", np.clip(noise(3.0), -1.0, 1.0).astype(np.float32))
    found = heard()
    assert found.state == "fault"
    assert "clipped" in found.found
    assert "Lower its input gain" in found.do


def test_one_with_hardly_any_sound_is_told(vmic: VirtualMicrophones) -> None:
    vmic.play("attic", noise(10 ** (-85 / 20)))
    found = heard()
    assert found.state == "attention"
    assert "hardly any sound" in found.found


def test_one_that_is_not_there_fails(vmic: VirtualMicrophones) -> None:
    found = heard("cellar")
    assert found.state == "fault"
    assert "There is no microphone 'cellar'" in found.found


def test_each_microphone_is_opened_and_one_that_cannot_be_is_told(two_vmics: VirtualMicrophones) -> None:
    two_vmics.unplug("kitchen_left")
    found = run_checks(Examined(Config()), lambda _: None, {"microphones": CHECKS["microphones"]})
    states = {one.about: one.state for one in found}
    assert states["kitchen_right"] == "ok"
    assert states.get("kitchen_left") in {"attention", None}


@pytest.mark.usefixtures("vmic")
def test_a_sound_server_that_answers_is_named() -> None:
    found = run_checks(Examined(Config()), lambda _: None, {"sound": CHECKS["sound"]})
    states = {one.about: (one.state, one.found) for one in found}
    assert states["sound server"] == ("ok", "PulseAudio")
    assert states["PortAudio"][0] == "ok"


def test_where_there_is_no_microphone_one_line_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("PULSE_SERVER", raising=False)
    if list_devices():
        pytest.skip("this computer has a microphone")
    names = ("sound", "permissions", "microphones", "hearing")
    found = run_checks(Examined(Config()), lambda _: None, {name: CHECKS[name] for name in names})
    assert [one.state for one in found].count("fault") == 1
    assert next(one for one in found if one.check == "hearing").state == "unchecked"


def test_a_camera_that_is_not_there_is_told_without_its_password() -> None:
    config = load_config(flags={"capture": {"sources": ["rtsp://me:hunter2@127.0.0.1:9/cam?key=hunter2"]}})
    (found,) = run_checks(Examined(config), lambda _: None, {"hearing": CHECKS["hearing"]})
    assert found.state == "fault"
    assert "[capture] sources" in found.do
    assert "hunter2" not in f"{found}"
