"""Words that no label taught: who is asked for which class, and what is told of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from monitor.corpus.layouts import Corpus
from monitor.evaluation.synthesis.mixtures import Mixture
from tests.tools.load import load_tool

torch: Any = load_tool("torch")
leave_out, tables = map(load_tool, ("tools.train.leave_out", "tools.train.left_out_tables"))

CLASSES = ["cow", "saw", "siren"]


def heard(labels: list[str]) -> Any:
    """Clips of these classes, each heard as itself by the teacher, under every condition."""
    truth = torch.tensor([CLASSES.index(label) for label in labels])
    mixtures = [
        Mixture(label, f"{at}.wav", str(at), "bed.wav", "bed", "park", 0.0) for at, label in enumerate(labels)
    ]
    points = torch.eye(3)[truth].expand(len(tables.SNRS_DB), -1, -1)
    corpus = Corpus(root=Path(), clips=[])
    return leave_out.FoldEmbeddings("4", mixtures, corpus, points, points, points, torch.eye(3), CLASSES)


def always(name: str) -> Any:
    """A place that takes every sound for one class."""
    return lambda hidden, _logits: torch.eye(3)[CLASSES.index(name)].expand(len(hidden), -1)


def shares(lines: Any) -> dict[str, float]:
    return {line.who: round(line.cells[0][0]) for line in lines}


def test_each_class_is_left_out_once_and_the_ten_together() -> None:
    names = [f"class_{at}" for at in range(13)]
    groups = leave_out.deal([*names, *leave_out.TEN[:4]], 5)
    assert groups[0] == list(leave_out.TEN[:4])
    assert sorted(name for group in groups[1:] for name in group) == sorted(names)
    assert max(map(len, groups[1:])) - min(map(len, groups[1:])) <= 1
    assert all(leave_out.deal(names, 3))  # none is empty where the ten are not there


def test_a_clip_is_named_by_the_one_that_was_not_taught_its_class() -> None:
    clips = heard(["cow", "cow", "siren", "saw"])
    found = leave_out.tabulate(
        clips,
        clips.placed(always("cow")),
        always("saw"),
        {"cow": always("cow"), "siren": always("cow")},
        leave_out.TEN,
    )
    assert (found.clips, found.asked, found.among) == (3, 2, 3)  # no label has the saw
    assert all(len(line.cells) == len(tables.SNRS_DB) for line in (*found.lines, *found.ten))
    told = {tables.OUT: 67, tables.TAUGHT: 67, tables.NONE: 0, tables.TEACHER: 100, tables.BESIDE: -33}
    assert shares(found.lines) == told
    assert (found.ten_clips, shares(found.ten)[tables.OUT]) == (2, 100)  # the cow is one of the ten
    alike = leave_out.tabulate(clips, clips.placed(always("cow")), always("saw"), {"cow": always("cow")}, ())
    assert alike.ten == []  # a network that has learnt all labels says nothing of them
    assert found.classes == {"cow": (2, 100, 100, 100), "siren": (1, 0, 0, 100)}


def test_the_page_has_every_fold_and_the_card_a_line_of_its_own_tower_only(tmp_path: Path) -> None:
    clips = heard(["cow", "siren"])
    table = leave_out.tabulate(
        clips, clips.placed(always("cow")), always("saw"), {"siren": always("saw")}, ()
    )
    tables.write_page([table], 5, tmp_path / "docs" / "page.md")
    page = (tmp_path / "docs" / "page.md").read_text("utf-8")
    assert " ".join(tables.WITH_ALL.split()) in " ".join(page.split())  # the siren is none of the ten
    assert "1 clips of 1 classes, among all 3 of the fold" in page
    assert f"| {tables.OUT} | 0.0 [0.0, 0.0] |" in page
    assert tables.card_lines(tmp_path, "this") == []
    stored = {"audio": "this", "tables": [asdict(table)]}
    (tmp_path / tables.LEFT_OUT).write_text(json.dumps(stored))
    (line,) = tables.card_lines(tmp_path, "this")
    assert "fold 4, 1 classes" in line
    assert "it names 0 / 0 / 0 %" in line
    assert "its teacher 100 / 100 / 100 %" in line
    assert tables.card_lines(tmp_path, "another") == []
