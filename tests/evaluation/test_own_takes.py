"""Other takes of a recording teach what its own words and other recordings do not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from monitor.config.settings import load_config
from monitor.corpus.layouts import Corpus
from monitor.evaluation.clip_task import ClipTask
from monitor.evaluation.own_takes import ALL, TakesBench, compare_takes
from monitor.evaluation.synthesis.mixtures import Mixture
from monitor.evaluation.taught import WORDS_ONLY, ExamplePlan
from monitor.records import ClassPrompt, OwnSound
from monitor.units import unit_norm
from tests.fakes import FakeEncoder

CLASSES = (ClassPrompt("low", "low"), ClassPrompt("high", "high"))
DIM = FakeEncoder().dim


def mixture(label: str, group: str, take: int) -> Mixture:
    return Mixture(label, f"{group}_{take}.wav", group, "", "", "", 0.0)


MIXTURES = (
    *(mixture("low", "mine", take) for take in range(4)),
    mixture("low", "alone", 0),
    *(mixture("high", "theirs", take) for take in range(4)),
)
SOUNDS = np.zeros((len(MIXTURES), DIM), np.float32)
SOUNDS[:4, 1] = 1.0  # mine is like nothing that has a name
SOUNDS[4, 0] = 1.0
SOUNDS[5:, 2] = 1.0
SOUNDS += 0.01 * np.random.default_rng(0).standard_normal(SOUNDS.shape).astype(np.float32)


@pytest.fixture
def task(tmp_path: Path) -> ClipTask:
    for one in MIXTURES:
        (tmp_path / one.event).touch()
    return ClipTask(Corpus(tmp_path, []), MIXTURES, CLASSES, [])


def test_takes_of_a_recording_find_the_others_of_it_and_none_is_tested_that_taught(task: ClipTask) -> None:
    taught: list[set[str]] = []

    def teach(prompt: ClassPrompt, paths: Sequence[Path]) -> OwnSound:
        taught.append({path.name for path in paths})
        at = [next(n for n, one in enumerate(MIXTURES) if one.event == path.name) for path in paths]
        return OwnSound(prompt.name, prompt.wording, SOUNDS[at], np.arange(len(at)))

    config = load_config(flags={"prompts": {"distractors": ["else"]}})
    bench = TakesBench(FakeEncoder(), config, unit_norm(SOUNDS)[np.newaxis], teach, 0.01, 2)
    rows = compare_takes(task, ExamplePlan(counts=(2, 9)), (math.inf,), bench)
    found = {(row.method, row.class_name): row for row in rows}
    assert found["2 examples", "low"].value == 1.0
    assert found[f"{WORDS_ONLY}, 2 examples", "low"].value == 0.0
    assert found[f"2 examples - {WORDS_ONLY}", "low"].value == 1.0
    assert found["2 examples", ALL].n == found["2 examples", "low"].n + found["2 examples", "high"].n
    assert found["2 examples", "low"].n <= 4  # the one that is alone has no other take
    assert all(len(names) == 2 and len({name.split("_")[0] for name in names}) == 1 for names in taught)
    assert not any(row.method.startswith("9") for row in rows)  # no recording has so many
