"""Folds: each is heard by itself, unless they are joined."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from monitor.cli.main import main
from monitor.corpus.layouts import read_data
from monitor.evaluation.synthesis.mixtures import Mixture
from monitor.evaluation.synthesis.plans import read_plans
from tests.evaluation.corpus import write_corpus


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an index with the folds 3, 4 and 6, each with recordings of two sources."""
    root = tmp_path_factory.mktemp("corpus")
    write_corpus(root)
    path = root / "index.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rows += [{**row, "fold5": "6", "group": f"other {row['group']}"} for row in rows if row["fold5"] == "3"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=[*rows[0], "source"])
        writer.writeheader()
        writer.writerows({**row, "source": f"source {at % 2}"} for at, row in enumerate(rows))
    return path


def clips(index: Path, *more: str) -> list[str]:
    return ["eval", "clips", "--data", str(index), "--snr", "clean", "--min-clips", "2", *more]


def test_folds_4_and_6_of_an_index_are_heard_unless_told(index: Path) -> None:
    assert read_data(index).usual_folds == (4, 6)


def test_the_source_of_a_recording_is_read(index: Path) -> None:
    assert set(read_data(index).sources.values()) == {"source 0", "source 1"}


def test_each_fold_has_tables_of_its_own(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(clips(index, "--out", str(tmp_path), "--json")) == 0

    reports = json.loads(capsys.readouterr().out)
    assert list(reports) == ["4", "6"]
    heard = {
        name: {one.event_group for one in read_plans(tmp_path / f"fold_{name}/mixtures.jsonl", Mixture)}
        for name in reports
    }
    assert all(group.startswith("other") for group in heard["6"])
    assert not any(group.startswith("other") for group in heard["4"])
    both = (tmp_path / "results.md").read_text("utf-8")
    for name in reports:
        own = (tmp_path / f"fold_{name}/results.md").read_text("utf-8")
        assert f"## Fold {name}\n\n{own}" in both


def test_joined_folds_are_heard_together(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(clips(index, "--folds", "3+4", "--out", str(tmp_path), "--json")) == 0

    assert json.loads(capsys.readouterr().out)["rows"][0]["n"] == 12
    assert len(read_plans(tmp_path / "mixtures.jsonl", Mixture)) == 12


def test_a_table_says_of_which_fold_it_is(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(clips(index, "--folds", "4,6")) == 0

    out = capsys.readouterr().out
    assert out.index("fold 4") < out.index("fold 6")


def test_thresholds_are_chosen_on_one_set_of_folds(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["eval", "streams", "--data", str(index), "--write-thresholds", str(tmp_path / "thresholds.toml")]

    assert main(argv) == 2

    assert "join them, as --folds 1+2+3" in capsys.readouterr().err
