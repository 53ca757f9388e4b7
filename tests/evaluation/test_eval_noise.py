"""The experiment of methods: every one on the same mixtures, and told what it gains."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.cli.main import main
from monitor.config.settings import Config
from monitor.errors import ConfigError
from monitor.evaluation.clip_task import ClipBench, ClipExperiment
from monitor.evaluation.eval_noise import GridRow, NoiseExperiment, NoiseReport, run_noise
from monitor.evaluation.methods.method_runner import PROMPTS, Grid, MethodRunner
from monitor.evaluation.methods.methods import Settings, parse_method
from monitor.evaluation.metrics.clip_figures import ClipRow
from monitor.evaluation.reports.model_tables import models_side_by_side
from monitor.evaluation.reports.noise_tables import markdown, write_report
from monitor.evaluation.synthesis.mixtures import CLEAN_DB
from monitor.scoring.prompts import parse_classes
from tests.evaluation.corpus import TONES_HZ, write_corpus
from tests.evaluation.layouts import write_esc50, write_folder, write_fsd50k
from tests.fakes import FakeEncoder

METHODS = (
    "zero-shot",
    "text-background",
    "audio-background",
    "drift",
    "tgap",
    "auto",
    "tgap+auto",
    "few-shot",
)
SNRS_DB = (CLEAN_DB, 10.0, -10.0)


class Swayed(FakeEncoder):
    """Takes noise for a siren, the more the louder."""

    name = "swayed"
    identity = "swayed-0"

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        heard = super().embed_audio(windows)
        heard[:, 0] += 1.5 * heard[:, -1]
        return np.asarray(heard / np.linalg.norm(heard, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corpus")
    write_corpus(root)
    return root


def experiment(root: Path, *methods: str) -> NoiseExperiment:
    clips = ClipExperiment(data=root, folds=(4,), snrs_db=SNRS_DB, min_clips=2)
    return NoiseExperiment(clips=clips, methods=tuple(map(parse_method, methods)))


@pytest.fixture(scope="module")
def bench() -> ClipBench:
    return ClipBench([FakeEncoder(TONES_HZ), Swayed(TONES_HZ)], Config())


@pytest.fixture(scope="module")
def report(root: Path, bench: ClipBench) -> NoiseReport:
    grids = Grid("tau", (0.0, 0.7)), Grid("beta", (0.0,)), Grid("k", (1.0, 2.0))
    return run_noise(replace(experiment(root, *METHODS), prompts=(1, 5), grids=grids), bench)


def values(report: NoiseReport, model: str, method: str, metric: str = "top1") -> list[float]:
    return [
        row.value for row in report.rows if (row.model, row.method, row.metric) == (model, method, metric)
    ]


def test_taking_the_background_off_undoes_what_the_background_does(report: NoiseReport) -> None:
    assert values(report, "fake", "zero-shot") == [1.0, 1.0, 1.0]
    plain = values(report, "swayed", "zero-shot")
    assert plain[0] == 1.0
    assert plain[2] == pytest.approx(1 / 3)  # all are sirens
    assert values(report, "swayed", "auto") == [1.0, 1.0, 1.0]


def test_what_a_method_gains_is_the_difference_of_two_figures(report: NoiseReport) -> None:
    for model in ("fake", "swayed"):
        for method in (*METHODS[1:], "prompt-1", "prompt-5"):
            for metric in ("top1", "top1_macro", "average_precision_macro"):
                gained = np.subtract(
                    values(report, model, method, metric), values(report, model, "zero-shot", metric)
                )
                assert values(report, model, f"{method} - zero-shot", metric) == pytest.approx(gained)


def test_two_models_are_compared_by_every_method(report: NoiseReport) -> None:
    for method in (*METHODS, "prompt-5"):
        gained = np.subtract(values(report, "fake", method), values(report, "swayed", method))
        assert values(report, "fake - swayed", method) == pytest.approx(gained)
    assert not values(report, "fake - swayed", "auto - zero-shot")


def test_every_figure_has_its_interval_and_count(report: NoiseReport) -> None:
    rows: list[ClipRow | GridRow] = [*report.rows, *report.grid]
    for row in rows:
        assert row.n == 6
        assert math.isnan(row.low) or row.low <= row.value <= row.high


def test_a_grid_tries_every_method_that_has_the_number(report: NoiseReport) -> None:
    tried = {(row.method, row.parameter, row.at) for row in report.grid}

    assert tried == {
        *(("text-background", "tau", at) for at in (0.0, 0.7)),
        *(("audio-background", "tau", at) for at in (0.0, 0.7)),
        ("drift", "beta", 0.0),
        *((method, "k", at) for method in ("tgap", "tgap+auto") for at in (1.0, 2.0)),
    }
    without = [row.value for row in report.grid if row.model == "swayed" and row.method == "drift"]
    assert without == values(report, "swayed", "zero-shot")
    as_set = [
        r.value for r in report.grid if (r.model, r.method, r.at) == ("swayed", "audio-background", 0.7)
    ]
    assert as_set == values(report, "swayed", "audio-background")


def test_the_same_trial_gives_the_same_figures_kept_or_not(
    root: Path, bench: ClipBench, report: NoiseReport, tmp_path: Path
) -> None:
    asked = replace(experiment(root, *METHODS), keep=tmp_path / "kept.sqlite3")
    for _ in range(2):
        found = run_noise(asked, bench)
        assert found.rows == [row for row in report.rows if "prompt" not in row.method]


def test_zero_shot_is_the_base_whether_listed_or_not(root: Path, bench: ClipBench) -> None:
    found = run_noise(experiment(root, "auto", "auto"), replace(bench, encoders=bench.encoders[:1]))

    assert list(dict.fromkeys(row.method for row in found.rows)) == ["zero-shot", "auto", "auto - zero-shot"]
    assert found.heard[0].pool == 0  # nothing is learnt, and nothing embedded to learn from


def test_models_made_of_a_model_are_measured_by_zero_shot_and_methods_over_others(
    root: Path, bench: ClipBench
) -> None:
    def variants(runner: MethodRunner) -> Iterator[tuple[str, MethodRunner]]:
        given = replace(runner.given, windows=np.roll(runner.given.windows, 1, axis=-1))
        yield "turned", replace(runner, given=given)

    asked = experiment(root, "drift", "text-background")
    over = ((parse_method("drift"), parse_method("text-background")),)
    found = run_noise(replace(asked, over=over), replace(bench, encoders=bench.encoders[:1]), variants)
    turned = values(found, "fake", "turned")
    assert values(found, "fake", "turned - zero-shot") == pytest.approx(np.subtract(turned, 1.0))
    less = np.subtract(values(found, "fake", "drift"), values(found, "fake", "text-background"))
    assert values(found, "fake", "drift - text-background") == pytest.approx(less)


def test_only_the_classes_asked_for_compete(root: Path, bench: ClipBench) -> None:
    asked = experiment(root, "zero-shot")
    two = replace(asked, clips=replace(asked.clips, classes=tuple(parse_classes("siren,crow"))))

    assert len(run_noise(two, bench).mixtures) == 4
    with pytest.raises(ConfigError, match="no class 'whale' with 2 usable clips in folds 4; there are: crow"):
        run_noise(replace(asked, clips=replace(asked.clips, classes=tuple(parse_classes("whale")))), bench)


def test_a_list_of_another_run_is_heard_instead(
    root: Path, bench: ClipBench, report: NoiseReport, tmp_path: Path
) -> None:
    write_report(tmp_path, report)
    asked = experiment(root, "auto")
    listed = replace(asked.clips, mixtures=tmp_path / "mixtures.jsonl", folds=(3,), seed=9)
    found = run_noise(replace(asked, clips=listed), bench)

    assert values(found, "swayed", "zero-shot") == values(report, "swayed", "zero-shot")
    with pytest.raises(ConfigError, match="hold fold 4, which is tested on"):
        run_noise(replace(experiment(root, "tgap"), clips=listed, pool_folds=(3, 4)), bench)


def test_of_data_of_several_classes_precision_is_measured(tmp_path: Path) -> None:
    clips = ClipExperiment(
        data=write_fsd50k(tmp_path / "fsd"),
        backgrounds=write_folder(tmp_path / "backgrounds"),
        snrs_db=(CLEAN_DB, 0.0),
        min_clips=1,
    )
    encoder = FakeEncoder({"dog": 400.0, "rain": 1500.0})
    asked = NoiseExperiment(clips=clips, methods=(parse_method("auto"), parse_method("class-means")))

    found = run_noise(asked, ClipBench([encoder], Config()))

    assert {row.metric for row in found.rows} == {"average_precision_macro", "average_precision_micro"}
    assert len(found.mixtures) == 3
    assert found.heard[0].pool == 2  # of training and validation, none of the backgrounds
    assert "Average precision, mean over classes" in markdown(found)


@pytest.mark.parametrize("name", ["tau", "beta", "k"])
def test_a_grid_of_a_number_that_no_method_has_is_refused(root: Path, bench: ClipBench, name: str) -> None:
    grid = Grid(name, (1.0,))  # type: ignore[arg-type]
    with pytest.raises(
        ConfigError, match=f"--{name}-grid tries nothing: no method has a {name}; add one with"
    ):
        run_noise(replace(experiment(root, "auto"), grids=(grid,)), bench)


def test_tables_pictures_and_the_list_are_written(report: NoiseReport, tmp_path: Path) -> None:
    drawn = find_spec("matplotlib") is not None
    assert write_report(tmp_path / "new", report) == drawn

    with (tmp_path / "new" / "results.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == ["model", "method", "snr_db", "metric", "value", "low", "high", "n"]
    with (tmp_path / "new" / "grid.csv").open() as file:
        assert next(csv.DictReader(file))["parameter"] == "tau"
    pictures = {path.name for path in (tmp_path / "new").glob("*.png")}
    assert pictures == ({"noise.png", "grid-tau.png", "grid-beta.png", "grid-k.png"} if drawn else set())
    assert (tmp_path / "new" / "mixtures.jsonl").read_text().count("\n") == 6


def test_the_tables_say_what_they_rest_on_and_what_is_gained(report: NoiseReport) -> None:
    text = markdown(report)

    assert "3 classes, 6 clips of 6 recordings in backgrounds of 2 recordings" in text
    assert "fake (`fake-0`): 0 of 6 backgrounds overlap what is in the mixture" in text
    assert "9 clips to learn from" in text
    assert f"prompt-5: `{PROMPTS[4]}`" in text
    gained = text[text.index("gained over zero-shot") : text.index("one model less another")]
    assert "| swayed | auto | +0.0 [0.0, 0.0] |" in gained
    assert "| fake - swayed | zero-shot |" in text
    assert "| swayed | audio-background | tau | 100.0 at 0 |" in text


def test_several_models_are_laid_side_by_side(report: NoiseReport) -> None:
    text = markdown(report)
    beside = text[text.index("## Models side by side: top-1") :].splitlines()

    assert beside[2].startswith("|  | model | zero-shot | text-background |")
    assert [line.split("|")[1:3] for line in beside[4:6]] == [[" clean ", " fake "], [" clean ", " swayed "]]
    assert "swayed (`swayed-0`): 0 of 6 backgrounds" in text
    shown = models_side_by_side(report)
    assert shown is not None
    assert shown.row_count == 2 * len(SNRS_DB)


def test_how_drift_directions_lie_is_told_where_a_method_uses_them(
    root: Path, bench: ClipBench, report: NoiseReport
) -> None:
    for heard in report.heard:
        assert heard.drift is not None
        assert -1.0 <= heard.drift.own_cosine <= 1.0
        assert 0.0 <= heard.drift.common_share <= 1.0
    assert markdown(report).count("## Drift directions") == 1

    without = run_noise(experiment(root, "auto"), replace(bench, encoders=bench.encoders[:1]))
    assert without.heard[0].drift is None
    assert "Drift directions" not in markdown(without)


def test_the_best_tau_in_hindsight_stands_beside_the_methods_that_choose(report: NoiseReport) -> None:
    hindsight = markdown(report).split("## Best of each grid, in hindsight")[1].split("\n\n")[-1]

    fixed = "| swayed | audio-background, best tau | 100.0 at 0 | 100.0 at 0 | 33.3 at 0 |"
    assert hindsight.splitlines()[4:] == [fixed, "| swayed | auto less that | +0.0 | +0.0 | +66.7 |"]


def test_clean_sounds_need_no_backgrounds_unless_a_method_does(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bench = ClipBench([FakeEncoder({"siren": 700.0, "dog": 400.0, "rain": 1500.0})], Config())
    esc50 = write_esc50(tmp_path / "esc50")
    clips = ClipExperiment(data=esc50, snrs_db=(CLEAN_DB,), min_clips=2)
    methods = tuple(map(parse_method, ("zero-shot", "text-background", "drift", "tgap")))
    found = run_noise(NoiseExperiment(clips=clips, methods=methods), bench)
    assert values(found, "fake", "zero-shot") == [1.0]
    assert "6 clips of 6 recordings without backgrounds" in markdown(found)
    assert "backgrounds overlap" not in markdown(found)
    assert "fake (`fake-0`): 6 clips to learn from." in markdown(found)

    argv = ["eval", "noise", "--data", str(esc50), "--min-clips", "2", "--snr", "clean"]
    assert main([*argv, "--methods", "zero-shot,audio-background"]) == 2
    says = "and the method 'audio-background' needs one; --backgrounds takes others.\n"
    assert capsys.readouterr().err.endswith(says)
    assert main([*argv, "--methods", "zero-shot,drift", "--out", str(tmp_path / "out"), "--no-cache"]) == 0
    assert "without backgrounds" in " ".join(capsys.readouterr().out.split())


def test_the_help_names_every_method_and_the_numbers_they_start_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    with pytest.raises(SystemExit):
        main(["eval", "noise", "--help"])
    said = capsys.readouterr().out

    with pytest.raises(ConfigError) as refused:
        parse_method("")
    parts = re.findall(r"[a-z]+(?:-[a-z]+)+|tgap|mlp|auto|drift", str(refused.value))
    assert len(set(parts)) == 9
    methods = re.split(r"[ ,\n]+", said[said.index("\nmethods:") : said.index("\nexample:")])
    assert set(parts) <= set(methods)
    for name in ("tau_text", "tau_audio", "beta", "k", "shots"):
        line = next(line for line in said.splitlines() if line.startswith(f"  --{name.replace('_', '-')} "))
        assert line.endswith(f"(default {getattr(Settings(), name):g})")


ARGV = ["--min-clips", "2", "--classes", "siren,dog_bark", "--snr", "-5:5:5,clean"]


def test_the_command_writes_and_prints_the_same_figures_twice(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_NO_CACHE", "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    argv = ["eval", "noise", "--data", str(root), *ARGV, "--prompts", "1,4-5", "--tau-grid", "0:1:.5"]
    assert main([*argv, "--out", str(tmp_path / "a"), "--k", "2"]) == 0
    assert "tgap" in capsys.readouterr().out
    assert (tmp_path / "cache/monitor/eval/embeddings.sqlite3").exists()

    assert main([*argv, "--out", str(tmp_path / "b"), "--k", "2", "--no-cache", "--json"]) == 0

    for name in ("results.csv", "grid.csv", "results.md", "mixtures.jsonl"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    figures = json.loads(capsys.readouterr().out)
    assert figures["settings"]["k"] == 2
    assert {row["snr_db"] for row in figures["rows"]} == {None, -5.0, 0.0, 5.0}
    assert {row["method"] for row in figures["rows"]} >= {"auto", "prompt-1", "prompt-4", "prompt-5"}
    assert {row["at"] for row in figures["grid"]} == {0.0, 0.5, 1.0}
    assert set(figures["heard"][0]["drift"]) == {"pairwise_cosine", "common_share", "own_cosine"}


def test_a_model_that_is_not_here_is_told_and_the_others_are_measured(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    argv = ["eval", "noise", "--data", str(root), *ARGV, "--methods", "zero-shot", "--out", str(tmp_path)]
    assert main([*argv, "--model", "audioclip,embedded,clap"]) == 1
    out, err = capsys.readouterr()
    told = [line for line in err.splitlines() if "left out" in line]
    assert [line.count("'audioclip' lacks AudioCLIP-Full-Training.pt") for line in told] == [1, 0]
    assert "`monitor models install clap` fetches it." in told[1]
    assert "embedded" in out

    assert main([*argv, "--model", "audioclip,clap"]) == 2
    assert "There is no model 'clap'; `monitor models install clap` fetches it." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--data", "none.csv"], "Cannot read the index none.csv"),
        (["--methods", "zero-shot,magic"], "no method 'magic'"),
        (["--methods", "tgap", "--pool-folds", "3,4"], "which is tested on"),
        (["--methods", "tgap", "--pool-folds", "8"], "no usable clip for the pool in folds 8"),
        (["--methods", "tgap", "--tau-grid"], "--tau-grid tries nothing"),
        (["--model", "embedded,nope"], "no model 'nope'"),
        (["--plans", "none.jsonl"], "Cannot read plans from none.jsonl"),
        (["--out", "README.md/there"], "Cannot write to the folder README.md/there"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    root: Path, capsys: pytest.CaptureFixture[str], argv: list[str], says: str
) -> None:
    assert main(["eval", "noise", "--data", str(root), *ARGV, *argv]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "argv",
    [
        ["--snr", "loud"], ["--snr", "-5:20"], ["--snr", "20:-5:1"], ["--snr", "0:1:0"],
        ["--snr", "0:9000:1"], ["--prompts", "0-5"], ["--prompts", "6"], ["--k-grid", "0,1"],
        ["--tau-grid", "much"], ["--k", "0"], ["--tau-text", "-1"],
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(capsys: pytest.CaptureFixture[str], argv: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["eval", "noise", "--data", "index.csv", *argv])

    assert stopped.value.code == 2
    assert argv[1].split(",")[0] in capsys.readouterr().err
