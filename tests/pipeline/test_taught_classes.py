"""Which classes of a run were taught, and how a running one takes more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.config.settings import Config, PromptConfig
from monitor.errors import OwnSoundError
from monitor.pipeline.scorers import Scorers
from monitor.pipeline.taught_classes import TaughtClasses, listened_for, unlistened_note
from monitor.records import ClassPrompt
from monitor.storage import own_sounds
from monitor.units import unit_norm
from tests.fakes import FakeEncoder
from tests.learning.sounds import taught

CLASSES = [ClassPrompt("low", "low", "low"), ClassPrompt("door_bell", "middle", "door bell")]


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def classes_of_a_run() -> TaughtClasses:
    encoder = FakeEncoder()
    return TaughtClasses(CLASSES, encoder.info, Scorers(encoder, CLASSES, Config()))


def odds(classes: TaughtClasses) -> list[float]:
    """Return the log-odds of what is taught in these tests."""
    middle = unit_norm(taught("door_bell").sound.vectors.mean(axis=0))
    return [float(value) for value in classes.scorer().log_odds(middle[np.newaxis])[0]]


def test_a_running_monitor_takes_what_is_taught_and_lets_go_of_what_is_forgotten() -> None:
    classes = classes_of_a_run()
    before = odds(classes)
    own_sounds.save(taught("door_bell"))
    classes.take("Door Bell")
    assert odds(classes)[1] > before[1]
    assert odds(classes)[0] == before[0], "no other class is changed by it"
    own_sounds.remove("door_bell")
    classes.take("door_bell")
    assert odds(classes) == pytest.approx(before)


def test_what_is_not_listened_for_or_known_to_another_model_only_is_refused_in_words() -> None:
    own_sounds.save(taught("door_bell", model="another-1"))
    classes = classes_of_a_run()
    (note,) = classes.notes
    assert note.startswith("door bell was taught to another model, so only its words count; teach it again")
    with pytest.raises(OwnSoundError, match="taught to another model"):
        classes.take("door_bell")
    with pytest.raises(OwnSoundError, match="'kettle' is not listened for"):
        classes.take("kettle")


def test_a_damaged_file_is_told_and_the_run_goes_by_words() -> None:
    own_sounds.save(taught("door_bell")).write_bytes(b"nothing")
    classes = classes_of_a_run()
    assert "cannot be used" in classes.notes[0]
    assert np.isfinite(odds(classes)).all()


def test_what_was_taught_is_heard_beside_the_usual_classes_and_not_beside_those_that_somebody_lists() -> None:
    known = [taught("kettle"), taught("doorbell")]
    usual = listened_for(None, Config(), known)
    assert [one.name for one in usual] == [*PromptConfig().classes, "kettle"]
    assert [one.name for one in listened_for("siren", Config(), known)] == ["siren"]
    listed = listened_for(None, Config(prompts=PromptConfig(classes=("siren",))), known)
    assert [one.name for one in listed] == ["siren"]
    assert unlistened_note(listed, known) == (
        "Taught, and not listened for: kettle, doorbell; add it to [prompts] classes.",
    )
