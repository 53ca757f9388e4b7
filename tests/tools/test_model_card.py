"""What the card says is what the tables say."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.records import Cohort
from tests.tools.load import load_tool

model_card = load_tool("tools.train.model_card")
card_text = load_tool("tools.train.card_text")


def row(clips: int, learnt: int, own: tuple[int, int], teacher: tuple[int, int]) -> dict[str, Any]:
    heard = {
        name: {"clean": shares[0], "6 dB": 1, "0 dB": shares[1]}
        for name, shares in {"embedded": own, "teacher": teacher, "embedded - teacher": (0, 0)}.items()
    }
    return {"clips": clips, "learnt": learnt, **heard}


FOUND = {
    "folds": {
        "6": {
            "table": "ALL CLASSES",
            "overall": {"embedded": {"clean": 61.5, "0 dB": 44.2}},
            "classes": {
                "dog_bark": row(20, 30, (90, 60), (80, 50)),
                "hen": row(12, 5, (40, 20), (44, 10)),
                "cow": row(11, 5, (70, 20), (76, 10)),
                "saw": row(4, 0, (0, 0), (50, 50)),
            },
        }
    },
}
ROWS = [
    {"stage": "apart", "step": "1500", "minutes": "26", "windows": "48000"},
    {"stage": "chained", "step": "900", "minutes": "50", "windows": "80000"},
    {"stage": "view", "step": "0", "minutes": "50", "windows": "80000"},
    {"stage": "noise", "step": "400", "minutes": "61.6", "windows": "96000"},
]


def test_the_card_names_weak_classes_those_behind_the_teacher_and_those_without_a_label() -> None:
    assert model_card.faults(FOUND).splitlines() == [
        "- Noise: on fold 6 it names 61.5 % of the clips when clean, 44.2 % at 0 dB.",
        "- Fold 6, classes of at most 40 % when clean: hen (40 %).",
        "- Fold 6, classes 5 points or more below the teacher when clean: cow (70 against 76 %).",
        "- Fold 6, classes that no label taught: saw (0 %).",
    ]


def test_each_fold_has_its_tables_and_a_difference_of_models_is_no_column_of_classes() -> None:
    shown = model_card.results(FOUND).splitlines()
    assert shown[0] == "### Fold 6: sources it never met"
    assert "ALL CLASSES" in shown
    head = (
        "| class | clips | trained on | embedded, clean | embedded, 0 dB | teacher, clean | teacher, 0 dB |"
    )
    assert head in shown
    assert "| hen | 12 | 5 | 40 | 20 | 44 | 10 |" in shown


def test_the_history_of_a_student_is_the_length_of_each_stage_and_what_it_knows_at_the_end() -> None:
    known = {"validation_hidden": "0.8123", "fold4_hidden": "0.79", "fold6_hidden": "0.751"}
    said = model_card.history([*ROWS[:-1], {**ROWS[-1], **known}])
    assert said.startswith(
        "Stages: apart 1,500 steps, chained 900 steps, noise 400 steps; 62 minutes, 96,000 "
    )
    assert said.endswith("0.81 on validation, 0.79 on fold 4, 0.75 on fold 6.")


def test_a_network_that_took_no_step_has_the_history_of_the_one_in_the_box(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Card\n\nStages: apart 9 steps.\n", "utf-8")
    (tmp_path / "curve.csv").write_text("stage,step,windows\nnoise,0,0\n", "utf-8")
    assert model_card.history_of(tmp_path, tmp_path / "made", tmp_path) == "Stages: apart 9 steps."
    (tmp_path / "README.md").write_text("# Card\n", "utf-8")
    with pytest.raises(SystemExit, match="has no line"):
        model_card.history_of(tmp_path, tmp_path / "made", tmp_path)


def test_a_cohort_is_told_by_what_is_in_it() -> None:
    cohort = Cohort(np.zeros((2500, 4), np.float32), ("rain", "wind"), np.zeros(2500, np.intp), 300.0)
    assert model_card.about_cohort(cohort) == (
        "2,500 windows of 2 kinds of sound, of which 300 are as hard as an ordinary hour"
    )


def test_no_figure_of_the_results_stands_in_the_words_of_the_card() -> None:
    """Percentages and points come from tables."""
    words = "".join(part for part, *_ in string.Formatter().parse(card_text.CARD))
    assert "%" not in words
    assert "points" not in words.replace("embeddings", "")
