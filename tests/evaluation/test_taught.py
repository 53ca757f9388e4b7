"""Examples are of recordings that are not tested, and the longer list begins with the shorter one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from monitor.corpus.clips import Clip
from monitor.corpus.layouts import Corpus
from monitor.errors import ConfigError
from monitor.evaluation.taught import ExamplePlan, example_clips, name_of, teach_classes
from monitor.records import ClassPrompt, OwnSound

CLASSES = [ClassPrompt("kettle", "kettle"), ClassPrompt("door", "door")]
PLAN = ExamplePlan(counts=(1, 3))


def clip(label: str, fold: int, recording: int, take: int = 0) -> Clip:
    return Clip(f"{label}_{fold}_{recording}_{take}.wav", label, "event", fold, f"{label}{fold}{recording}")


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    clips = [
        clip("kettle", fold, recording, take)
        for fold in (1, 2, 4, 6)
        for recording in range(3)
        for take in range(2)
    ]
    for one in clips:
        (tmp_path / one.path).touch()
    return Corpus(clips=clips, root=tmp_path, reported=(4, 6))


def taught(prompt: ClassPrompt, paths: Sequence[Path]) -> OwnSound:
    count = len(paths)
    return OwnSound(
        prompt.name,
        prompt.wording,
        np.eye(count, 8, dtype=np.float32),
        np.arange(count),
    )


def test_examples_are_of_folds_that_are_neither_tested_nor_kept_to_report_on(corpus: Corpus) -> None:
    assert {one.fold for one in example_clips(corpus, CLASSES, (4,), PLAN)["kettle"]} == {1, 2}
    assert {one.fold for one in example_clips(corpus, CLASSES, (1,), PLAN)["kettle"]} == {2}


def test_of_each_recording_there_is_one_example(corpus: Corpus) -> None:
    groups = [one.group for one in example_clips(corpus, CLASSES, (4,), PLAN)["kettle"]]
    assert len(set(groups)) == len(groups) == 6


def test_a_fold_that_is_tested_teaches_nothing(corpus: Corpus) -> None:
    with pytest.raises(ConfigError, match="Fold 1 is tested"):
        example_clips(corpus, CLASSES, (1,), ExamplePlan(counts=(1,), folds=(1, 2)))


def test_where_no_class_has_an_example_that_is_told(corpus: Corpus) -> None:
    with pytest.raises(ConfigError, match="no example of a class in folds 1, 2"):
        example_clips(corpus, CLASSES[1:], (4,), PLAN)


def test_another_draw_takes_others_and_the_same_draw_the_same(corpus: Corpus) -> None:
    repetitions = [
        [one.path for one in example_clips(corpus, CLASSES, (4,), PLAN, at)["kettle"]] for at in (0, 0, 1)
    ]
    assert repetitions[0] == repetitions[1] != repetitions[2]


def test_fewer_examples_are_the_first_of_more_and_a_class_without_any_is_not_taught(corpus: Corpus) -> None:
    clips = example_clips(corpus, CLASSES, (4,), PLAN)
    asked: list[list[Path]] = []

    def teach(prompt: ClassPrompt, paths: Sequence[Path]) -> OwnSound:
        asked.append(list(paths))
        return taught(prompt, paths)

    own = teach_classes(corpus, CLASSES, clips, (1, 3, 10), teach)
    assert [sorted(own[name_of(count)]) for count in (1, 3, 10)] == [["kettle"]] * 3
    assert [len(paths) for paths in asked] == [1, 3, 6]
    assert asked[2][:3] == asked[1]
