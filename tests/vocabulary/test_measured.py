from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config.settings import ModelConfig
from monitor.encoders import find
from monitor.errors import ModelError
from monitor.vocabulary.measured import MEASURED_FILE, of_word, read_measurements

FILE = """
[[table]]
audio = "aa"
recordings = "fold 4"
conditions = ["clean", "0 dB"]
words = { dog_bark = { clips = 52, percent = [87.0, 77.0] }, siren = { clips = 91, percent = [67.0, 53.0] } }

[[table]]
audio = "bb"
recordings = "fold 6"
conditions = ["clean"]
words = { siren = { clips = 5, percent = [60.0] } }
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "measured.toml"
    path.write_text(text)
    return path


def test_figures_are_found_by_name_with_what_they_rest_on(tmp_path: Path) -> None:
    found = of_word(read_measurements(written(tmp_path, FILE), "aa"), "Dog Bark")
    assert [(one.word, one.recordings, one.among, one.clips, one.percent) for one in found] == [
        ("dog bark", "fold 4", 2, 52, {"clean": 87.0, "0 dB": 77.0})
    ]


def test_figures_of_other_weights_do_not_count(tmp_path: Path) -> None:
    path = written(tmp_path, FILE)
    assert [one.recordings for one in of_word(read_measurements(path, "bb"), "siren")] == ["fold 6"]
    assert read_measurements(path, "cc") == []


def test_the_figures_of_the_model_in_the_box_are_of_the_weights_in_the_box() -> None:
    model = find(ModelConfig())
    audio = model.entry.audio
    found = read_measurements(model.path(audio).with_name(MEASURED_FILE), audio.sha256)
    assert of_word(found, "siren"), "measure the new weights, and run tools/train/measured_words.py"


def test_without_the_file_nothing_was_measured(tmp_path: Path) -> None:
    assert read_measurements(tmp_path / "measured.toml", "aa") == []


@pytest.mark.parametrize("text", ["[[table]]\naudio = 3\n", "not toml"])
def test_a_file_that_is_not_valid_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(ModelError, match=r"The measurements .* are not valid"):
        read_measurements(written(tmp_path, text), "aa")


def test_a_word_without_a_name_has_no_figures(tmp_path: Path) -> None:
    assert of_word(read_measurements(written(tmp_path, FILE), "aa"), "", "whale") == ()
