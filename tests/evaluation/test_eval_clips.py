"""The experiment of single sounds: every model hears the same, and is told what it is worth."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.cli.main import main
from monitor.config.settings import Config, load_config
from monitor.errors import ConfigError
from monitor.evaluation.clip_task import ClipBench, ClipExperiment
from monitor.evaluation.eval_clips import ClipReport, run_clips
from monitor.evaluation.reports.clip_tables import markdown, write_report
from monitor.evaluation.synthesis.mixtures import CLEAN_DB
from monitor.records import ClassPrompt
from monitor.scoring.prompts import parse_classes
from tests.evaluation.corpus import TONES_HZ, write_corpus
from tests.evaluation.layouts import write_esc50
from tests.fakes import FakeEncoder


class Guesser(FakeEncoder):
    """Hears nothing, at another rate and in longer windows."""

    name = "guesser"
    sample_rate = 16_000
    window_len = 24_000

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.embed_text(["siren"] * len(windows))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corpus")
    write_corpus(root)
    return root


@pytest.fixture(scope="module")
def bench() -> ClipBench:
    return ClipBench([FakeEncoder(TONES_HZ), Guesser(TONES_HZ)], Config())


def experiment(root: Path) -> ClipExperiment:
    return ClipExperiment(data=root / "index.csv", folds=(4,), snrs_db=(CLEAN_DB, 10.0), min_clips=2)


@pytest.fixture(scope="module")
def report(root: Path, bench: ClipBench) -> ClipReport:
    return run_clips(experiment(root), bench)


def values(report: ClipReport, model: str, metric: str) -> list[float]:
    return [row.value for row in report.rows if (row.model, row.metric) == (model, metric)]


def test_an_encoder_that_hears_is_right_and_one_that_guesses_is_right_by_chance(report: ClipReport) -> None:
    for metric in ("top1", "top1_macro", "average_precision_macro", "recall_macro"):
        assert values(report, "fake", metric) == [1.0, 1.0]
    assert values(report, "guesser", "top1") == [pytest.approx(1 / 3)] * 2
    assert values(report, "guesser", "average_precision_macro") == [pytest.approx(1 / 3)] * 2
    assert values(report, "guesser", "recall_macro") == [0.0, 0.0]


def test_two_models_are_compared_on_the_same_mixtures(report: ClipReport) -> None:
    for row in report.rows:
        assert row.low <= row.value <= row.high or math.isnan(row.low)
        assert row.n == 6
    assert values(report, "fake - guesser", "top1") == [pytest.approx(2 / 3)] * 2


def test_each_class_has_its_figures(report: ClipReport) -> None:
    recalls = {
        row.class_name: row.value
        for row in report.classes
        if (row.model, row.metric, row.snr_db) == ("guesser", "top1", CLEAN_DB)
    }
    assert recalls == {"siren": 1.0, "dog_bark": 0.0, "crow": 0.0}
    assert all(row.n == 2 for row in report.classes)


def test_the_same_trial_gives_the_same_figures(root: Path, bench: ClipBench, report: ClipReport) -> None:
    assert run_clips(experiment(root), bench).rows == report.rows


def test_a_list_of_another_run_is_heard_instead(
    root: Path, bench: ClipBench, report: ClipReport, tmp_path: Path
) -> None:
    write_report(tmp_path, report)
    listed = replace(experiment(root), mixtures=tmp_path / "mixtures.jsonl", folds=(3,), seed=9)

    assert run_clips(listed, bench).rows == report.rows


def test_only_the_classes_asked_for_compete(root: Path, bench: ClipBench) -> None:
    two = replace(experiment(root), classes=tuple(parse_classes("siren,crow")))

    found = run_clips(two, bench)

    assert {row.class_name for row in found.classes} == {"siren", "crow"}
    assert values(found, "guesser", "top1") == [0.5, 0.5]


def test_a_class_that_is_not_there_is_refused_with_those_that_are(root: Path, bench: ClipBench) -> None:
    with pytest.raises(ConfigError, match="no class 'whale' with 2 usable clips in folds 4; there are: crow"):
        run_clips(replace(experiment(root), classes=(ClassPrompt("whale", "whale"),)), bench)


def test_a_background_of_a_listed_class_counts_neither_for_nor_against_it(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    index = tmp_path / "index.csv"
    text = index.read_text(encoding="utf-8")
    text = text.replace("street0_0_fold4.wav,street,", "crow0_fold3.wav,crow,")  # one of two recordings
    index.write_text(text, encoding="utf-8")

    loud = replace(experiment(tmp_path), snrs_db=(-10.0,))
    found = run_clips(loud, ClipBench([FakeEncoder(TONES_HZ)], Config()))

    assert any(one.background_label == "crow" for one in found.mixtures)
    crow = {row.metric: row.value for row in found.classes if row.class_name == "crow"}
    assert crow["average_precision"] == 1.0


def test_tables_pictures_and_the_list_are_written(report: ClipReport, tmp_path: Path) -> None:
    write_report(tmp_path / "new", report)

    with (tmp_path / "new" / "results.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert {"model", "method", "snr_db", "metric", "value", "low", "high", "n"} == set(lines[0])
    assert float(lines[0]["snr_db"]) == math.inf
    assert "| fake | top-1 | 100.0 [100.0, 100.0] |" in (tmp_path / "new" / "results.md").read_text()
    assert (tmp_path / "new" / "classes.csv").read_text().count("\n") == 1 + len(report.classes)


def test_the_table_says_what_it_rests_on(report: ClipReport) -> None:
    text = markdown(report)

    assert "3 classes, 6 clips of 6 recordings in backgrounds of" in text
    assert "| siren | 2 | 100 | 100 | 100 | 100 |" in text
    assert "recall at 1 % false alarms" in text


def test_the_prompt_is_each_models_own_unless_one_is_given(root: Path, bench: ClipBench) -> None:
    said = load_config(flags={"prompts": {"template": "not a word"}})

    with pytest.raises(ConfigError, match=r"must hold \{\} once"):
        run_clips(experiment(root), replace(bench, config=said))


ARGV = ["--snr", "clean,0", "--min-clips", "2", "--classes", "siren,dog_bark"]


def test_the_command_prints_figures_as_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "clips", "--data", str(root / "index.csv"), *ARGV, "--json"]) == 0

    figures = json.loads(capsys.readouterr().out)
    assert [row["snr_db"] for row in figures["rows"] if row["metric"] == "top1"] == [None, 0.0]
    assert len(figures["mixtures"]) == 4


def test_the_command_prints_a_table(root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    argv = ["eval", "clips", "--data", str(root / "index.csv"), *ARGV, "--out", str(tmp_path)]
    assert main(argv) == 0

    assert "top-1, mean over classes" in capsys.readouterr().out
    assert main([*argv, "--plans", str(tmp_path / "mixtures.jsonl")]) == 0


def test_clean_sounds_need_no_backgrounds(
    capsys: pytest.CaptureFixture[str], bench: ClipBench, tmp_path: Path
) -> None:
    clean = ClipExperiment(data=write_esc50(tmp_path / "esc50"), snrs_db=(CLEAN_DB,), min_clips=2)
    found = run_clips(clean, bench)
    write_report(tmp_path / "out", found)

    rests_on = "6 clips of 6 recordings without backgrounds; 95 % bootstrap intervals over sources"
    assert rests_on in markdown(found)
    listed = replace(clean, mixtures=tmp_path / "out/mixtures.jsonl")
    assert run_clips(listed, bench).rows == found.rows
    with pytest.raises(ConfigError, match="--snr 0 needs one; --backgrounds takes others"):
        run_clips(replace(listed, snrs_db=(CLEAN_DB, 0.0)), bench)
    assert main(["eval", "clips", "--data", str(clean.data), "--min-clips", "2"]) == 2
    assert "no usable background in what is heard, and --snr 20 needs one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--data", "none.csv"], "Cannot read the index none.csv"),
        (["--folds", "9"], "No class of events has 4 usable clips in folds 9"),
        (["--classes", "whale", "--min-clips", "2"], "no class 'whale'"),
        (["--model", "embedded,nope"], "no model 'nope'"),
        (["--model", "embedded,embedded"], "'embedded' is listed twice"),
        (["--plans", "none.jsonl"], "Cannot read plans from none.jsonl"),
        (["--out", "README.md/there"], "Cannot write to the folder README.md/there"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    root: Path, capsys: pytest.CaptureFixture[str], argv: list[str], says: str
) -> None:
    assert main(["eval", "clips", "--data", str(root / "index.csv"), "--min-clips", "4", *argv]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "argv",
    [
        ["--snr", "loud"], ["--snr", "inf"], ["--folds", "1.5"], ["--min-clips", "0"],
        ["--false-alarm-rate", "1"],
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(capsys: pytest.CaptureFixture[str], argv: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["eval", "clips", "--data", "index.csv", *argv])

    assert stopped.value.code == 2
    assert argv[1] in capsys.readouterr().err
