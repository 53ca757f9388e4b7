"""Which clips are learnt from."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.tools.load import load_tool

corpus = load_tool("tools.train.corpus")
FIELDS = ("path", "source", "label", "canonical", "kind", "group", "fold5", "rms_db")


def test_folds_that_are_reported_on_are_neither_learnt_from_nor_tuned_on(tmp_path: Path) -> None:
    with (tmp_path / "index.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        for fold in (1, 2, 3, 4, 6):
            for at in range(40):
                writer.writerow(("a.wav", "ours", "dog", "dog_bark", "event", f"recording {at}", fold, -20))
    splits: dict[int, set[str]] = {fold: set() for fold in (1, 2, 3, 4, 6)}
    for clip in corpus.read_index(tmp_path):
        splits[clip.fold].add(clip.split)
    assert splits == {
        1: {"train", "validation"},
        2: {"train", "validation"},
        3: {"train", "validation"},
        4: {"report"},
        6: {"unseen"},
    }
