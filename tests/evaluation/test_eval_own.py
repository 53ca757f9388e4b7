"""The whole experiment: tones as sounds whose words say nothing, taught by tones of other recordings."""

from __future__ import annotations

import csv
import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from monitor.cli.eval_own import teacher_from_files
from monitor.config.settings import load_config
from monitor.evaluation.clip_task import ClipBench, ClipExperiment
from monitor.evaluation.eval_own import OwnExperiment, OwnReport, Streams, run_own
from monitor.evaluation.metrics.figures import ALL
from monitor.evaluation.reports.own_tables import terminal_table, write_report
from monitor.evaluation.synthesis.mixtures import CLEAN_DB
from monitor.evaluation.synthesis.parts import Bench, StreamExperiment
from monitor.evaluation.taught import WORDS_ONLY, ExamplePlan
from monitor.scoring.prompts import parse_classes
from tests.evaluation.corpus import TONES_HZ, write_corpus
from tests.fakes import FakeEncoder

CONFIG = load_config(flags={"prompts": {"distractors": ["street"]}, "detector": {"confirm_s": 0.5}})
PITCHES_HZ = {"siren": 3000.0, "dog_bark": 3500.0, "crow": 4000.0} | {
    f"sound {at}": pitch_hz for at, pitch_hz in enumerate(TONES_HZ.values())
}
"""The words of each class name a pitch that nothing has."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corpus")
    write_corpus(root)
    return root


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def report(root: Path, out: Path) -> OwnReport:
    encoder = FakeEncoder(PITCHES_HZ)
    streams = StreamExperiment(
        data=root,
        folds=(4,),
        n_streams=1,
        snrs_db=(20.0,),
        methods=(),
        seed=0,
        distractors=0,
        out=out / "streams",
    )
    experiment = OwnExperiment(
        clips=ClipExperiment(data=root, folds=(4,), snrs_db=(CLEAN_DB,), min_clips=1),
        example_plan=ExamplePlan(counts=(1, 2)),
        repetitions=1,
        false_alarm_rate=0.1,
    )
    bench = Bench(encoder, parse_classes("siren,dog_bark"), CONFIG)
    found = run_own(
        experiment, ClipBench([encoder], CONFIG), Streams(streams, bench), teacher_from_files(encoder)
    )
    write_report(out, found)
    return found


def test_sounds_that_words_do_not_find_are_found_by_examples(report: OwnReport) -> None:
    recall = {
        row.method: row.value for row in report.rows if (row.metric, row.snr_db) == ("recall_macro", CLEAN_DB)
    }
    assert recall[WORDS_ONLY] < 0.5
    assert recall["2 examples"] == 1.0
    assert recall[f"2 examples - {WORDS_ONLY}"] > 0.5


def test_in_streams_too(report: OwnReport) -> None:
    assert report.streams is not None
    recall = {
        row.method: row.value
        for row in report.streams.rows
        if (row.class_name, row.metric, row.thresholds) == (ALL, "recall", "1/h")
    }
    assert recall["2 examples"] > recall[WORDS_ONLY]


def test_what_was_taught_is_told_and_is_of_another_fold(report: OwnReport) -> None:
    assert set(report.examples) == {"siren", "dog_bark", "crow"}
    assert all("fold3" in path for paths in report.examples.values() for path in paths)


def test_the_tables_hold_every_method_and_class_with_what_examples_have_over_words(
    report: OwnReport, out: Path
) -> None:
    text = (out / "results.md").read_text("utf-8")
    assert f"| 1 example - {WORDS_ONLY} |" in text
    assert "| siren | 2 | 2 | clean |" in text
    assert "| 1/h | 20 | siren | 2 examples |" in text
    with (out / "classes.csv").open(encoding="utf-8", newline="") as file:
        assert {row["metric"] for row in csv.DictReader(file)} == {"average_precision", "recall"}
    assert len(terminal_table(report).rows) == 5
    drawn = find_spec("matplotlib") is not None
    assert (out / "own_sounds.png").exists() == drawn
    assert all(json.loads(line)["label"] for line in (out / "mixtures.jsonl").read_text("utf-8").splitlines())
