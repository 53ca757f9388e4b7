"""The whole trial: streams built, heard by every method, measured and written."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from monitor.cli import main
from monitor.config import load_config
from monitor.errors import ConfigError
from monitor.evaluation.command import Bench, Report, StreamTrial, run_streams
from monitor.evaluation.plans import read_plans
from monitor.evaluation.tables import Row
from monitor.prompts import parse_classes
from tests.evaluation.corpus import TONES_HZ, write_corpus
from tests.fakes import FakeEncoder

CONFIG = load_config(
    flags={"prompts": {"distractors": ["crow", "street"]}, "detector": {"confirm": 2, "onset_threshold": 0.6}}
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corpus")
    write_corpus(root)
    return root


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(FakeEncoder(TONES_HZ), parse_classes("siren,dog_bark"), CONFIG)


def trial(root: Path, out: Path | None = None) -> StreamTrial:
    return StreamTrial(
        index=root / "index.csv",
        folds=(4,),
        n_streams=4,
        snrs_db=(10.0,),
        methods=("monitor", "zero-shot"),
        seed=0,
        distractors=1,
        out=out,
    )


@pytest.fixture(scope="module")
def report(root: Path, bench: Bench) -> Report:
    return run_streams(trial(root), bench)


def figure(report: Report, metric: str, method: str = "monitor", class_name: str = "all") -> Row:
    return next(
        row for row in report.rows if (row.metric, row.method, row.class_name) == (metric, method, class_name)
    )


def test_an_encoder_that_hears_the_tones_finds_them_and_nothing_else(report: Report) -> None:
    recall = figure(report, "recall")
    assert recall.value > 0.8
    assert recall.low < recall.value <= recall.high
    assert recall.n >= 4
    assert figure(report, "false_alarms_per_hour").value == 0.0
    assert 0.0 < figure(report, "latency_median_s").value < 1.5


def test_every_class_and_method_has_its_figures(report: Report) -> None:
    assert {row.class_name for row in report.rows} == {"all", "siren", "dog_bark"}
    assert {"monitor", "zero-shot"} <= {row.method for row in report.rows}


def test_a_higher_threshold_never_finds_more(report: Report) -> None:
    recalls = [point.recall for point in report.points if point.method == "monitor"]
    assert len(recalls) > 10
    assert recalls[-1] <= recalls[0]


def test_an_encoder_that_hears_nothing_finds_nothing(root: Path, bench: Bench) -> None:
    deaf = replace(bench, encoder=FakeEncoder({"siren": 3900.0, "dog_bark": 3800.0}))
    assert figure(run_streams(trial(root), deaf), "recall").value == 0.0


def test_tables_curve_and_the_list_of_mixtures_are_written(root: Path, bench: Bench, tmp_path: Path) -> None:
    run_streams(trial(root, tmp_path), bench)
    with (tmp_path / "results.csv").open() as file:
        assert {"method", "snr_db", "metric", "value", "low", "high", "n"} <= set(next(csv.reader(file)))
    assert "| 10 | all | monitor |" in (tmp_path / "results.md").read_text()
    assert len(read_plans(tmp_path / "streams_10dB.jsonl")) == 4


def test_an_unknown_method_is_refused(root: Path, bench: Bench) -> None:
    with pytest.raises(ConfigError, match="no method 'magic'; known: monitor, zero-shot"):
        run_streams(replace(trial(root), methods=("magic",)), bench)


def test_the_command_prints_figures_as_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["eval", "streams", "--data", str(root / "index.csv"), "--streams", "1", "--snr", "10", "--json"]
    assert main([*argv, "--methods", "monitor"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["rows"][0]["method"] == "monitor"


def test_a_class_without_clips_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "streams", "--data", str(root / "index.csv"), "--classes", "whale"]) == 2
    assert "no usable clip of 'whale'" in capsys.readouterr().err
