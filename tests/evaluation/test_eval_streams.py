"""The whole experiment: streams built, heard by every method, measured and written."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.cli.main import main
from monitor.config.settings import Config, load_config
from monitor.errors import ConfigError
from monitor.evaluation.eval_streams import Report, run_streams, write_report
from monitor.evaluation.methods.stream_runner import METHODS, change
from monitor.evaluation.metrics.figures import Row
from monitor.evaluation.metrics.operating_points import with_thresholds
from monitor.evaluation.metrics.sed_figures import ANY
from monitor.evaluation.synthesis.parts import Bench, StreamExperiment
from monitor.evaluation.synthesis.plans import StreamPlan, read_plans
from monitor.scoring.prompts import parse_classes
from tests.evaluation.corpus import TONES_HZ, write_corpus
from tests.fakes import FakeEncoder

CONFIG = load_config(
    flags={
        "prompts": {"distractors": ["crow", "street"]},
        "detector": {"confirm_s": 0.5, "onset_threshold": 0.6},
    }
)


class Counting(FakeEncoder):
    """Counts the windows it hears."""

    windows = 0

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        self.windows += len(windows)
        return super().embed_audio(windows)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corpus")
    write_corpus(root, overlays=True)
    return root


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(FakeEncoder(TONES_HZ), parse_classes("siren,dog_bark"), CONFIG)


def experiment(root: Path, out: Path | None = None) -> StreamExperiment:
    return StreamExperiment(
        data=root / "index.csv",
        folds=(4,),
        n_streams=4,
        snrs_db=(10.0,),
        methods=("monitor",),
        seed=0,
        distractors=1,
        negative_hours=0.05,
        out=out,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def report(root: Path, bench: Bench, folder: Path) -> Report:
    return run_streams(replace(experiment(root, folder), methods=("monitor", "zero-shot")), bench)


def figure(report: Report, metric: str, thresholds: str = "configured", class_name: str = "all") -> Row:
    wanted = (metric, "monitor", class_name, thresholds)
    return next(
        row for row in report.rows if (row.metric, row.method, row.class_name, row.thresholds) == wanted
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
    assert {row.method for row in report.rows} == {"monitor", "zero-shot", "monitor - zero-shot"}
    assert {row.thresholds for row in report.rows} - {ANY} == {"configured", "1/h", "1/h, per class"}


def test_false_alarms_are_counted_over_streams_and_negatives(report: Report) -> None:
    events, negatives_s = 4 * 60, 3 * 60

    assert figure(report, "false_alarms_per_hour").n == events + negatives_s
    assert figure(report, "negative_false_alarms_per_hour").n == negatives_s


def test_the_operating_point_keeps_to_the_allowed_false_alarms(root: Path, bench: Bench) -> None:
    hasty = replace(bench, config=change(CONFIG, {"scorer": {"temperature": 1.0}}))
    found = run_streams(replace(experiment(root), false_alarms=(10.0, 100.0)), hasty)

    assert figure(found, "false_alarms_per_hour", "10/h").value <= 10.0
    within = [point.recall for point in found.points if point.false_alarms_per_hour <= 10.0]
    assert figure(found, "recall", "10/h").value == max(within)
    assert figure(found, "false_alarms_per_hour", "10/h, per class").value <= 10.0
    assert figure(found, "recall", "10/h, per class").value >= max(within)


def test_every_allowance_has_its_operating_points(root: Path, bench: Bench) -> None:
    found = run_streams(replace(experiment(root), false_alarms=(0.5, 20.0)), bench)

    assert {row.thresholds for row in found.rows} - {ANY} == {
        "configured", "0.5/h", "0.5/h, per class", "20/h", "20/h, per class",
    }  # fmt: skip


def test_thresholds_learnt_from_half_of_the_negatives_are_held_on_the_rest(root: Path, bench: Bench) -> None:
    asked = replace(experiment(root), learn=True, false_alarms=(1.0, 100.0), methods=("zero-shot", "monitor"))

    found = run_streams(replace(asked, negative_hours=0.1), bench)

    few, many = (figure(found, "recall", f"{rate}/h, from the stream", "siren") for rate in (1, 100))
    configured = figure(found, "recall", class_name="siren").threshold
    assert many.threshold < few.threshold == configured, "three minutes are worth nothing at one an hour"
    assert figure(found, "recall", "100/h, from the stream").value > 0.8
    assert figure(found, "negative_false_alarms_per_hour", "1/h, from the stream").n == 3 * 60
    assert figure(found, "negative_false_alarms_per_hour").n == 6 * 60
    differing = {row.thresholds for row in found.rows if row.method == "monitor - zero-shot"}
    assert {"1/h", "1/h, per class", "1/h, from the stream"} <= differing
    assert "configured" not in differing


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"negative_hours": 0.0}, "fewer than two; set --negative-hours"),
        ({"false_alarms": (1.0, 0.0)}, "No thresholds of a stream give 0 false alarms an hour"),
    ],
)
def test_nothing_to_learn_thresholds_from_is_refused(
    root: Path, bench: Bench, changed: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        run_streams(replace(experiment(root), learn=True, **changed), bench)


@pytest.mark.usefixtures("report")
def test_lists_without_negatives_have_nothing_to_learn_thresholds_from(
    root: Path, bench: Bench, folder: Path
) -> None:
    lists = (folder / "streams_10dB.jsonl",)
    with pytest.raises(ConfigError, match="fewer than two; set --negative-hours, or give the list"):
        run_streams(replace(experiment(root), learn=True, plans=lists), bench)


def test_streams_once_heard_are_not_heard_again(root: Path, bench: Bench, tmp_path: Path) -> None:
    asked = replace(experiment(root), keep=tmp_path / "kept.sqlite3", n_streams=1, negative_hours=0.0)
    first, again = (Counting(TONES_HZ), Counting(TONES_HZ))

    reports = [run_streams(asked, replace(bench, encoder=encoder)) for encoder in (first, again)]

    assert repr(reports[0]) == repr(reports[1])
    assert first.windows > 200
    assert again.windows == 0


def test_the_latency_has_an_interval(report: Report) -> None:
    latency = figure(report, "latency_median_s")

    assert latency.low <= latency.value <= latency.high
    assert latency.n == figure(report, "recall").n * figure(report, "recall").value


def test_lists_of_another_run_give_the_same_figures(
    root: Path, bench: Bench, report: Report, folder: Path
) -> None:
    lists = (folder / "streams_10dB.jsonl", folder / "negatives.jsonl")

    again = run_streams(replace(experiment(root), plans=lists, seed=9, n_streams=1), bench)

    assert repr(again.rows) == repr([row for row in report.rows if row.method == "monitor"])


@pytest.mark.usefixtures("report")
def test_a_list_with_events_of_another_class_is_refused(root: Path, bench: Bench, folder: Path) -> None:
    siren = replace(bench, classes=parse_classes("siren"))

    with pytest.raises(ConfigError, match="holds events of dog_bark; add them to --classes"):
        run_streams(replace(experiment(root), plans=(folder / "streams_10dB.jsonl",)), siren)


@pytest.mark.usefixtures("report")
def test_a_list_without_events_is_refused(root: Path, bench: Bench, folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"No stream in .*negatives\.jsonl has events"):
        run_streams(replace(experiment(root), plans=(folder / "negatives.jsonl",)), bench)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--write-thresholds", "no/such/file.toml"], "no folder for no/such/file.toml"),
        (["--thresholds", "none.toml"], "Cannot read the configuration none.toml"),
        (["--plans", "none.jsonl"], "Cannot read plans from none.jsonl"),
        (["--methods", "magic"], "no method 'magic'"),
        (["--learn-thresholds"], "fewer than two; set --negative-hours"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    root: Path, capsys: pytest.CaptureFixture[str], argv: list[str], says: str
) -> None:
    assert main(["eval", "streams", "--data", str(root / "index.csv"), *argv]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.count("\n") == 1


def test_a_class_that_never_sounds_is_listened_for_all_the_same(root: Path, bench: Bench) -> None:
    siren = replace(experiment(root), events=("siren",), n_streams=2, negative_hours=0.0)

    found = run_streams(siren, bench)

    assert figure(found, "recall", class_name="siren").n > 0
    assert figure(found, "recall", class_name="dog_bark").n == 0
    with pytest.raises(ConfigError, match="'crow' is to sound but is not listened for"):
        run_streams(replace(siren, events=("crow",)), bench)


def test_chosen_thresholds_are_written_and_can_be_reported(root: Path, bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "thresholds.toml"
    run_streams(replace(experiment(root), thresholds=path, negative_hours=0.02), bench)

    chosen = replace(bench, config=with_thresholds(CONFIG, path))
    report = run_streams(replace(experiment(root), negative_hours=0.0), chosen)

    assert figure(report, "recall").value > 0.8
    assert figure(report, "recall", class_name="siren").threshold >= 0.5


def test_a_higher_threshold_never_finds_more(report: Report) -> None:
    recalls = [point.recall for point in report.points if point.method == "monitor"]
    assert len(recalls) > 10
    assert recalls[-1] <= recalls[0]


def test_an_encoder_that_hears_nothing_finds_nothing(root: Path, bench: Bench) -> None:
    deaf = replace(bench, encoder=FakeEncoder({"siren": 3900.0, "dog_bark": 3800.0}))
    assert figure(run_streams(experiment(root), deaf), "recall").value == 0.0


def test_tables_curve_and_the_list_of_mixtures_are_written(report: Report, folder: Path) -> None:
    write_report(folder, report)
    with (folder / "results.csv").open() as file:
        assert {"method", "snr_db", "metric", "value", "low", "high", "n"} <= set(next(csv.reader(file)))
    markdown = (folder / "results.md").read_text()
    assert "| 10 | configured | all | monitor |" in markdown
    assert "| recall over zero-shot | times |" in markdown.splitlines()[0]
    assert len(read_plans(folder / "streams_10dB.jsonl", StreamPlan)) == 4
    assert len(read_plans(folder / "negatives.jsonl", StreamPlan)) == 3


def test_an_unknown_method_is_refused(root: Path, bench: Bench) -> None:
    with pytest.raises(ConfigError, match="no method 'magic'; known: monitor, zero-shot"):
        run_streams(replace(experiment(root), methods=("magic",)), bench)


def test_the_command_prints_figures_as_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["eval", "streams", "--data", str(root / "index.csv"), "--streams", "1", "--snr", "10", "--json"]
    assert main([*argv, "--methods", "monitor"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["rows"][0]["method"] == "monitor"


def test_a_class_without_clips_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "streams", "--data", str(root / "index.csv"), "--classes", "whale"]) == 2
    assert "no usable clip of 'whale'" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(METHODS))
def test_what_a_method_changes_is_a_key_of_the_configuration(name: str) -> None:
    assert (change(Config(), METHODS[name]) == Config()) == (name in {"monitor", "auto"})
