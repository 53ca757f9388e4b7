from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.config.settings import load_config
from monitor.errors import ConfigError


def monitor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor", "run", "--headless", "--fast", "--bind", "none", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def stereo_file(path: Path, left: NDArray[np.floating], right: NDArray[np.floating]) -> Path:
    frames = (np.stack([left, right], axis=1) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(frames.tobytes())
    return path


@pytest.fixture
def half_dead(tmp_path: Path) -> Path:
    noise = 0.01 * np.random.default_rng(0).standard_normal(16_000 * 6)
    return stereo_file(tmp_path / "desk.wav", noise, np.full(16_000 * 6, 0.25))


def test_a_dead_channel_is_told_and_the_other_is_heard(half_dead: Path) -> None:
    told = monitor("--source", f"file:{half_dead}", "--classes", "siren")
    assert "CHANNELS: desk.wav, channel 2 carries no sound" in told.stdout
    assert "SILENT" not in told.stdout


@pytest.mark.parametrize("choice", ["right", "2", "desk=2"])
def test_a_channel_can_be_chosen_for_all_sources_or_for_one(half_dead: Path, choice: str) -> None:
    told = monitor("--source", f"file:{half_dead}", "--classes", "siren", "--channel", choice)
    assert "SILENT: desk.wav, no sound arrives" in told.stdout


def test_a_channel_that_the_source_does_not_have_is_refused_in_one_sentence(half_dead: Path) -> None:
    told = monitor("--source", f"file:{half_dead}", "--classes", "siren", "--channel", "3")
    assert told.returncode == 2
    assert "desk.wav has 2 channels and no channel 3; valid: mix, loudest, left, right, 1 to 2" in told.stderr


def test_a_channel_for_a_source_that_is_not_there_is_told(half_dead: Path) -> None:
    told = monitor("--source", f"file:{half_dead}", "--classes", "siren", "--channel", "dsek=left")
    assert "'dsek', which is no source of this run; valid: desk" in told.stderr


@pytest.mark.parametrize("choice", ["middle", "0", "65", "desk=", "-1"])
def test_what_is_no_channel_is_refused(choice: str) -> None:
    told = monitor("--source", "demo", f"--channel={choice}")
    assert told.returncode == 2
    assert "is no channel; valid: mix, loudest, left, right, or a number from 1 to 64" in told.stderr


def test_a_configuration_may_choose_channels_by_source() -> None:
    config = load_config(flags={"capture": {"channel": 2, "channels": {"desk": "left"}}})
    assert (config.capture.channel, config.capture.channels) == (2, {"desk": "left"})
    with pytest.raises(ConfigError, match=r"capture\.channel is 'middle'; valid: mix, loudest, left, right"):
        load_config(flags={"capture": {"channel": "middle"}})
