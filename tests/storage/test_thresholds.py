"""What a stream has taught is kept from run to run, and only what is about the same thing counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.settings import CalibrationConfig
from monitor.detection.calibration import Calibration, Condition
from monitor.records import WindowScores
from monitor.storage.thresholds import KEEP_EVERY_S, ThresholdStore, remembered, thresholds_file

RATE = 1000
BLOCKS = 60


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def calibration(threshold: float = 0.5, **classes: float) -> Calibration:
    conditions = {
        "siren": Condition(threshold, 0, 0),
        **{one: Condition(at, 0, 0) for one, at in classes.items()},
    }
    return Calibration(conditions, CalibrationConfig(false_alarms_per_hour=20.0), RATE, calibrated=True)


def taught(score: float = 0.8) -> Calibration:
    """One that has heard ten minutes of a place that often sounds like a siren."""
    found = calibration()
    for at in range(BLOCKS):
        found.learn(WindowScores(at, at + 1, {"siren": score + 0.001 * (at % 50)}, "", 0.0), 10 * RATE, False)
    return found


def test_another_run_goes_on_with_the_thresholds_of_the_one_before() -> None:
    before = taught()
    assert before.thresholds()["siren"] > 0.8
    assert ThresholdStore(before, "mic", "model-1").keep(0.0, last=True) is None
    evidence = remembered("mic", "model-1").evidence
    assert evidence is not None
    after = calibration()
    assert after.remember(evidence) == before.thresholds() == after.thresholds()
    assert after.state().heard_s == before.state().heard_s == 10.0 * BLOCKS


@pytest.mark.parametrize("other", [calibration(0.6), calibration(0.5, rain=0.5)])
def test_evidence_about_other_thresholds_or_classes_changes_nothing(other: Calibration) -> None:
    untouched = other.thresholds()
    assert other.remember(taught().evidence()) == untouched


def test_another_source_or_model_has_taught_nothing() -> None:
    ThresholdStore(taught(), "mic", "model-1").keep(0.0, last=True)
    assert remembered("mic-2", "model-1") == (None, "")
    assert remembered("mic", "model-2") == (None, "")


def test_it_is_written_every_ten_minutes_and_at_the_end_for_its_owner_only() -> None:
    keeper, path = ThresholdStore(taught(), "mic", "m"), thresholds_file("mic", "m")
    assert path is not None
    keeper.keep(100.0)
    keeper.keep(100.0 + KEEP_EVERY_S - 1.0)
    assert not path.exists()
    keeper.keep(100.0 + KEEP_EVERY_S)
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    keeper.keep(101.0 + KEEP_EVERY_S)
    assert not path.exists()
    keeper.keep(102.0 + KEEP_EVERY_S, last=True)
    assert path.exists()


def test_one_that_has_heard_nothing_writes_nothing() -> None:
    path = thresholds_file("mic", "m")
    assert path is not None
    ThresholdStore(calibration(), "mic", "m").keep(0.0, last=True)
    assert not path.exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"key": {}, "block_s": 1, "quiet": ["a"], "passed": []}']
)
def test_a_damaged_file_is_told_of_and_does_not_count(content: bytes) -> None:
    path = thresholds_file("mic", "m")
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    found = remembered("mic", "m")
    assert found.evidence is None
    assert "cannot be used: it is damaged; this run learns them again." in found.note


def test_what_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "monitor").write_text("in the way")
    keeper = ThresholdStore(taught(), "mic", "m")
    assert "Cannot keep the thresholds" in (keeper.keep(0.0, last=True) or "")
    assert keeper.keep(1.0, last=True) is None


@given(st.lists(st.floats(-20, 20), max_size=40), st.lists(st.floats(0, 5), max_size=10))
def test_whatever_was_taught_thresholds_stay_possible(quiet: list[float], passed: list[float]) -> None:
    from msgspec.structs import replace

    found = calibration()
    evidence = replace(found.evidence(), quiet=tuple(quiet), passed=tuple(passed))
    assert 0.0 < found.remember(evidence)["siren"] < 1.0
