"""A microphone that comes after the beginning finds what earlier runs kept of it under its own identity."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from monitor.assemble import make_stages
from monitor.bus.codec import encode_json
from monitor.bus.messages import BackgroundProfile
from monitor.config.settings import Config
from monitor.files.state_files import write_private
from monitor.pipeline.earlier_runs import EarlierRuns
from monitor.pipeline.reporter import Stream
from monitor.pipeline.sound_levels import SoundLevels
from monitor.records import CaptureStatus
from monitor.scoring.prompts import parse_classes
from monitor.storage.backgrounds import save
from monitor.storage.level_calibrations import LevelCalibration, keep_level
from monitor.storage.thresholds import thresholds_file
from tests.fakes import RATE, FakeEncoder

CAME = CaptureStatus("running", None, RATE, 0, 0, 0, None, source_id="alsa-attic")
"""What was asked for as `attic` is there now."""


class Run:
    """The beginning of a run in which `attic` was asked for and is not there."""

    def __init__(self) -> None:
        self.stages = make_stages(FakeEncoder(), parse_classes("low,high"), Config())
        self.levels = SoundLevels(RATE)
        stream = Stream("attic", "attic", RATE, FakeEncoder.identity, live=True, run_id="run")
        self.earlier = EarlierRuns(self.stages, self.levels, stream, "attic", Config())

    @property
    def threshold(self) -> float:
        return self.stages.detector.rules["low"].onset_threshold


@pytest.fixture
def taught() -> None:
    """Thresholds, a background and a calibration, as earlier runs kept them of the microphone itself."""
    calibration = Run().stages.calibration
    path = thresholds_file("alsa-attic", FakeEncoder.identity)
    assert calibration is not None
    assert path is not None
    write_private(path, encode_json(msgspec.structs.replace(calibration.evidence(), quiet=(3.0,) * 60)))
    keep_level(LevelCalibration("alsa-attic", "attic", 94.0, 94.0, 0.0, 1000.0, datetime.now(UTC)))
    run = Run()
    mean = np.eye(run.stages.encoder.dim, dtype=np.float32)[1]
    run.stages.background.remember(mean)
    state = run.stages.background.state(0)
    save(
        BackgroundProfile("alsa-attic", "attic", FakeEncoder.identity, state, mean.tolist(), [], []),
        datetime.now(UTC),
    )


@pytest.mark.usefixtures("taught")
def test_a_microphone_that_comes_later_finds_its_thresholds_background_and_calibration() -> None:
    run = Run()
    assert (run.threshold, run.stages.background.state(0).ready, run.levels.calibration) == (0.5, False, None)
    run.earlier.look(CAME)
    assert run.threshold > 0.9
    assert run.stages.background.state(0).ready
    assert run.levels.calibration is not None
    assert any("begins with its background as saved" in said for said in run.earlier.news())
    assert run.earlier.stream.source_id == "alsa-attic"


@pytest.mark.usefixtures("taught")
def test_what_it_has_found_it_does_not_look_for_again_when_it_comes_back() -> None:
    run = Run()
    run.earlier.look(CAME)
    run.earlier.news()
    run.stages.detector.set_threshold("low", 0.6)
    run.earlier.look(CAME)
    assert (run.threshold, run.earlier.news()) == (0.6, [])


def test_what_it_teaches_is_kept_under_its_own_identity() -> None:
    run = Run()
    run.earlier.look(CAME)
    calibration = run.stages.calibration
    assert calibration is not None
    calibration.remember(msgspec.structs.replace(calibration.evidence(), quiet=(3.0,) * 60))
    run.earlier.keep(0.0, last=True)
    own, asked = (thresholds_file(name, FakeEncoder.identity) for name in ("alsa-attic", "attic"))
    assert own is not None
    assert asked is not None
    assert (own.exists(), asked.exists()) == (True, False)


def test_before_it_comes_nothing_changes() -> None:
    run = Run()
    run.earlier.look(msgspec.structs.replace(CAME, state="lost", source_id=None))
    assert (run.threshold, run.earlier.stream.source_id) == (0.5, "attic")
