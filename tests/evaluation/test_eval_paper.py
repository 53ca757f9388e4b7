"""The trial of a paper on small data: our figures, the published beside them, and what could not be run."""

from __future__ import annotations

import csv
import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from monitor.cli.main import main
from monitor.config.settings import Config
from monitor.evaluation.clip_task import ClipBench, ClipExperiment
from monitor.evaluation.eval_paper import MEAN, PaperExperiment, PaperReport, run_paper
from monitor.evaluation.papers.protocols import PROTOCOLS
from monitor.evaluation.reports.paper_tables import figure_lines, markdown, write_report
from tests.evaluation.corpus import TONES_HZ, write_corpus
from tests.evaluation.layouts import write_esc50
from tests.fakes import FakeEncoder


class NamedLikeClap(FakeEncoder):
    """Stands where LAION-CLAP's published figures are."""

    name = "clap"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corpus")
    write_corpus(root)
    return root


def trial(number: str, data: Path, encoder: FakeEncoder) -> PaperReport:
    clips = ClipExperiment(data=data, snrs_db=PROTOCOLS[number].snrs_db, min_clips=2)
    return run_paper(PaperExperiment(paper=number, clips=clips, keeps=False), ClipBench([encoder], Config()))


@pytest.fixture(scope="module")
def esc50(tmp_path_factory: pytest.TempPathFactory) -> PaperReport:
    encoder = NamedLikeClap({"siren": 700.0, "dog": 400.0, "rain": 1500.0})
    return trial("2306.12300", write_esc50(tmp_path_factory.mktemp("esc50")), encoder)


def test_the_mean_of_all_folds_of_esc50_stands_beside_the_published_figures(esc50: PaperReport) -> None:
    report = esc50
    assert list(report.reports) == ["1", "5"]
    folds = [one.value for one in report.figures if (one.method, one.fold) in {("tgap", "1"), ("tgap", "5")}]
    (mean,) = (one for one in report.figures if (one.method, one.fold) == ("tgap", MEAN))
    assert mean.value == pytest.approx(np.mean(folds))
    assert (mean.low, mean.high, mean.n) == (min(folds), max(folds), 12)
    head, lines = figure_lines(report)
    assert head[2:] == ["mean of folds, clean", *(f"published, {one}" for one in report.paper.data)]
    by_name = {(line[0], line[1]): line[2:] for line in lines}
    assert by_name["clap", "tgap"][1:] == ["96", "73", "52"]
    assert by_name["clap", "tgap"][0] == "33.3 [33.3, 33.3]"  # 35 of 6 clips are all of them
    assert by_name["clap", "zero-shot"][0] == "100.0 [100.0, 100.0]"
    assert by_name["msclap", "zero-shot"] == ["", "83", "73", "30"]  # published, and not here
    assert any("UrbanSound8K, FSD50K as --data" in sentence for sentence in report.left_out)


def test_prompts_and_the_numbers_of_clips_are_tried(esc50: PaperReport) -> None:
    report = esc50
    tried = {one.method for one in report.figures}
    assert {f"prompt-{number}" for number in range(1, 6)} <= tried
    ks = {row.at for row in report.reports["1"].grid}
    assert (min(ks), max(ks)) == (1.0, 100.0)
    assert {"best k", "best prompt", "gain of tgap"} <= {one.what for one in report.findings}


def test_pairs_of_methods_are_compared_on_the_very_same_mixtures(root: Path) -> None:
    report = trial("2606.04844", root, FakeEncoder(TONES_HZ))
    rows = {(row.method, row.snr_db): row.value for row in report.reports["4"].rows if row.metric == "top1"}
    for snr_db in PROTOCOLS["2606.04844"].snrs_db:
        both = rows["tgap+audio-background+drift", snr_db] - rows["tgap+audio-background", snr_db]
        gained = rows["tgap+audio-background+drift - tgap+audio-background", snr_db]
        assert gained == pytest.approx(both)


def test_everything_is_written(esc50: PaperReport, tmp_path: Path) -> None:
    report = esc50
    drawn = find_spec("matplotlib") is not None
    assert write_report(tmp_path / "new", report) == drawn
    with (tmp_path / "new" / "figures.csv").open() as file:
        assert {line["fold"] for line in csv.DictReader(file)} == {MEAN, "1", "5"}
    text = (tmp_path / "new" / "results.md").read_text()
    assert text == markdown(report) + "\n"
    assert "| best prompt | 5, `This is a sound of {}`, for LAION-CLAP |" in text
    assert (tmp_path / "new" / "published.png").exists() == drawn
    assert (tmp_path / "new" / "fold_5" / "results.md").exists()


def test_the_command_prints_ours_beside_the_paper_and_says_what_is_not_here(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["eval", "paper", "--paper", "2606.04844", "--data", str(root), "--min-clips", "2", "--no-cache"]
    assert main([*argv, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {one["model"] for one in report["figures"]} == {"embedded"}
    assert any("`monitor models install clap` fetches it" in sentence for sentence in report["left_out"])
    assert {one["what"] for one in report["findings"]} >= {
        "gain of drift",
        "lost at 0 dB",
        "best beta of drift",
    }

    assert main([*argv, "--model", "embedded,msclap"]) == 1
    out, err = capsys.readouterr()
    assert "'msclap' lacks" in err
    assert "arXiv 2606.04844: top-1" in out
    assert "2.60 to 5.75 points" in " ".join(out.split())


def test_sound_in_noise_without_backgrounds_is_refused_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["eval", "paper", "--paper", "2506.04376", "--data", str(write_esc50(tmp_path))]
    assert main([*argv, "--min-clips", "2", "--no-cache"]) == 2
    assert "--backgrounds takes others." in capsys.readouterr().err
    with pytest.raises(SystemExit) as refused:
        main(["eval", "paper", "--paper", "1234.56789", "--data", "x"])
    assert refused.value.code == 2
