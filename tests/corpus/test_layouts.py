"""Data as it is published: every layout is read into the same clips, and heard."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from monitor.cli.main import main
from monitor.config.settings import Config
from monitor.corpus.clips import Clip, load
from monitor.corpus.layouts import Corpus, class_name, read_data
from monitor.errors import ConfigError
from monitor.evaluation.clip_task import ClipBench, ClipExperiment
from monitor.evaluation.eval_clips import run_clips
from monitor.evaluation.synthesis.mixtures import CLEAN_DB, plan_mixtures, windows_at
from monitor.evaluation.synthesis.negatives import build_negatives
from monitor.evaluation.synthesis.plans import write_plans
from monitor.evaluation.synthesis.streams import StreamSpec, build_streams
from tests.evaluation.corpus import RATE, write_corpus
from tests.evaluation.layouts import (
    TONES_HZ,
    write_esc50,
    write_folder,
    write_fsd50k,
    write_table,
    write_tau,
    write_urbansound8k,
)
from tests.fakes import FakeEncoder

SPEC = StreamSpec(classes=("dog",), folds=(3,), n_streams=4, snr_db=6.0, length_s=40.0)


def named(corpus: Corpus, path: str) -> Clip:
    return next(clip for clip in corpus.clips if clip.path == path)


def test_an_index_is_read_by_its_name_and_by_its_folder(tmp_path: Path) -> None:
    by_folder = write_corpus(tmp_path)

    assert read_data(tmp_path / "index.csv") == by_folder
    assert by_folder.root == tmp_path
    assert by_folder.folds == (3, 4)
    assert not by_folder.multi_label


def test_fold_4_of_an_index_is_heard_unless_told_and_the_last_of_other_data(tmp_path: Path) -> None:
    assert write_corpus(tmp_path).usual_folds == (4,)
    assert read_data(write_esc50(tmp_path / "esc50")).usual_folds == (5,)
    assert read_data(write_urbansound8k(tmp_path / "us8k")).usual_folds == (10,)
    assert read_data(write_fsd50k(tmp_path / "fsd50k")).usual_folds == (3,)


def test_esc50_is_events_in_five_folds(tmp_path: Path) -> None:
    corpus = read_data(write_esc50(tmp_path))

    assert named(corpus, "audio/5-500-A-0.wav") == Clip("audio/5-500-A-0.wav", "siren", "event", 5, "500")
    assert len(corpus.clips) == 12
    assert not corpus.multi_label


def test_urbansound8k_is_events_of_known_length_and_sounds_in_the_background_stay(tmp_path: Path) -> None:
    corpus = read_data(write_urbansound8k(tmp_path))

    path = "audio/fold10/102-8-0-0.wav"
    assert named(corpus, path) == Clip(path, "siren", "event", 10, "102", 2.0)
    assert len(corpus.clips) == 4
    assert corpus.folds == (1, 10)


def test_fsd50k_is_clips_of_several_classes_in_three_parts(tmp_path: Path) -> None:
    corpus = read_data(write_fsd50k(tmp_path))

    held = ("bark", "dog", "domestic_animals_and_pets")
    path = "FSD50K.eval_audio/33.wav"
    assert named(corpus, path) == Clip(path, "bark", "event", 3, "33", labels=held)
    assert named(corpus, path).held == held
    folds = {clip.path: clip.fold for clip in corpus.clips}
    assert (folds["FSD50K.dev_audio/11.wav"], folds["FSD50K.dev_audio/22.wav"]) == (1, 2)
    assert corpus.multi_label


def test_one_part_of_fsd50k_is_enough(tmp_path: Path) -> None:
    write_fsd50k(tmp_path)
    truth = tmp_path / "FSD50K.ground_truth"

    (truth / "dev.csv").rename(tmp_path / "dev.csv")
    assert read_data(tmp_path).folds == (3,)
    (truth / "eval.csv").unlink()
    with pytest.raises(ConfigError, match=r"Cannot read the index .*eval\.csv"):
        read_data(tmp_path)
    (tmp_path / "dev.csv").rename(truth / "dev.csv")
    assert read_data(tmp_path).folds == (1, 2)


def test_tau_urban_acoustic_scenes_is_backgrounds_of_places(tmp_path: Path) -> None:
    corpus = read_data(write_tau(tmp_path))

    path = "audio/park-2-a.wav"
    assert named(corpus, path) == Clip(path, "park", "background", 1, "paris-1")
    assert len(corpus.clips) == 3


def test_tut_acoustic_scenes_is_backgrounds_of_places_in_a_table_without_a_head(tmp_path: Path) -> None:
    lines = ["audio/b020_90_100.wav\tbeach\tb020", "audio/b021_0_10.wav\tcafe/restaurant"]
    corpus = read_data(write_table(tmp_path, "meta.txt", lines))

    first, second = corpus.clips
    assert first == Clip("audio/b020_90_100.wav", "beach", "background", 1, "b020")
    assert second == Clip("audio/b021_0_10.wav", "cafe_restaurant", "background", 1, "b021")
    assert corpus.layout == "TUT"


def test_any_other_folder_is_backgrounds_named_after_their_folders(tmp_path: Path) -> None:
    corpus = read_data(write_folder(tmp_path / "My Sounds"))

    assert {clip.path: (clip.label, clip.group) for clip in corpus.clips} == {
        "hum.wav": ("my_sounds", "hum"),
        "Shopping Mall/1.flac": ("shopping_mall", "Shopping Mall/1"),
        "park/1.ogg": ("park", "park/1"),
        "park/2.WAV": ("park", "park/2"),
    }
    assert {(clip.kind, clip.fold) for clip in corpus.clips} == {("background", 1)}
    (tmp_path / "My Sounds").rename(tmp_path / "звуки")
    assert named(read_data(tmp_path / "звуки"), "hum.wav").label == "background"


def test_labels_become_class_names() -> None:
    labels = ("Crying_baby", "Motor_vehicle_(road)", "Chirp, tweet", "Tick-tock")

    assert [class_name(label) for label in labels] == [
        "crying_baby", "motor_vehicle_road", "chirp_tweet", "tick-tock",
    ]  # fmt: skip


Table = tuple[Callable[[Path], Path], str]
ESC50: Table = (write_esc50, "meta/esc50.csv")
US8K: Table = (write_urbansound8k, "metadata/UrbanSound8K.csv")
DEV: Table = (write_fsd50k, "FSD50K.ground_truth/dev.csv")
EVAL: Table = (write_fsd50k, "FSD50K.ground_truth/eval.csv")
TAU: Table = (write_tau, "meta.csv")


@pytest.mark.parametrize(
    ("table", "old", "new", "says"),
    [
        (ESC50, "category", "kind", r"esc50\.csv lacks the columns category; needed: filename"),
        (ESC50, "wav,1,", "wav,one,", r"esc50\.csv, line 2: .*'one'; fold is a number\."),
        (ESC50, ",siren,", ",?,", r"line 2: the label '\?' has no letter a-z and no digit; fold"),
        (ESC50, ",siren,False,100,A", "", r"esc50\.csv, line 2: it ends before category; fold"),
        (US8K, "7.5", "late", r"UrbanSound8K\.csv, line 2: .*'late'; fold, start and end are numbers\."),
        (US8K, "fsID", "id", r"UrbanSound8K\.csv lacks the columns fsID; needed"),
        (DEV, "val", "test", r"dev\.csv, line 3: the split is 'test'; split is train or val"),
        (DEV, ",split", "", r"dev\.csv lacks the columns split; needed"),
        (EVAL, '"', "", r"eval\.csv, line 2: there are more values than columns; labels are in quotes"),
        (EVAL, "Rain", "", r"eval\.csv, line 4: the label '' has no letter"),
        (TAU, "\t", ",", r"meta\.csv lacks .* identifier \(separated by tabs\)\."),
        (TAU, "park\t", "\t", r"meta\.csv, line 4: the label '' has no letter"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_file_and_line(
    tmp_path: Path, table: Table, old: str, new: str, says: str
) -> None:
    write, name = table
    path = write(tmp_path) / name
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")

    with pytest.raises(ConfigError, match=says):
        read_data(tmp_path)


def test_a_folder_of_nothing_known_is_refused_with_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")

    with pytest.raises(
        ConfigError, match=r"mp3 file in .*, and no table of clips: index\.csv, meta/esc50\.csv, "
    ):
        read_data(tmp_path)
    with pytest.raises(ConfigError, match=r"Cannot read the index .*none"):
        read_data(tmp_path / "none")


def test_a_file_that_is_listed_and_not_there_is_an_error_when_it_is_heard(tmp_path: Path) -> None:
    write_esc50(tmp_path)
    (tmp_path / "audio/5-500-A-0.wav").unlink()

    corpus = read_data(tmp_path)

    with pytest.raises(ConfigError, match=r"Cannot read the sound file .*5-500-A-0\.wav"):
        load(corpus.find("audio/5-500-A-0.wav"), RATE)


def test_other_backgrounds_replace_those_of_the_data_and_are_heard_with_every_fold(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    write_corpus(tmp_path / "index")
    write_folder(tmp_path / "noise")

    corpus = read_data(tmp_path / "index", tmp_path / "noise")

    backgrounds = [clip for clip in corpus.clips if clip.kind == "background"]
    assert len(backgrounds) == 4
    assert all(clip.path.startswith("backgrounds:") and clip.is_in((3,)) for clip in backgrounds)
    assert corpus.find("backgrounds:park/1.ogg") == tmp_path / "noise/park/1.ogg"
    assert corpus.folds == (3, 4)


def test_events_are_no_backgrounds_and_backgrounds_no_events(tmp_path: Path) -> None:
    esc50, tau = write_esc50(tmp_path / "esc50"), write_tau(tmp_path / "tau")

    with pytest.raises(ConfigError, match=r"There is no background in .*; give an index with some, TAU"):
        read_data(esc50, esc50)
    with pytest.raises(ConfigError, match=r"There is no event in the data; give --data with some, and this"):
        plan_mixtures(read_data(tau, tau).clips, (1,), 2, 0)


def test_a_list_that_names_other_backgrounds_needs_them(tmp_path: Path) -> None:
    write_esc50(tmp_path / "esc50")
    write_tau(tmp_path / "tau")
    corpus = read_data(tmp_path / "esc50", tmp_path / "tau")
    mixture = plan_mixtures(corpus.clips, (5,), 2, 0)[0]

    assert windows_at(mixture, corpus, (0.0,), RATE, RATE).any()
    with pytest.raises(ConfigError, match="is not of the data; give --backgrounds"):
        windows_at(mixture, read_data(tmp_path / "esc50"), (0.0,), RATE, RATE)


def test_a_mixture_says_every_class_its_event_holds_and_a_list_only_where_there_are_several(
    tmp_path: Path,
) -> None:
    write_fsd50k(tmp_path / "fsd50k")
    write_esc50(tmp_path / "esc50")
    write_tau(tmp_path / "tau")
    several = plan_mixtures(read_data(tmp_path / "fsd50k", tmp_path / "tau").clips, (3,), 2, 0)
    single = plan_mixtures(read_data(tmp_path / "esc50", tmp_path / "tau").clips, (5,), 2, 0)

    assert [one.held for one in several] == [("bark", "dog", "domestic_animals_and_pets")] * 2
    write_plans(tmp_path / "single.jsonl", single)
    assert "labels" not in (tmp_path / "single.jsonl").read_text()
    assert single[0].held == (single[0].label,)


def test_a_clip_of_several_classes_is_heard_if_one_of_them_has_clips_enough(tmp_path: Path) -> None:
    corpus = read_data(write_fsd50k(tmp_path / "fsd50k"), write_tau(tmp_path / "tau"))
    clips = [
        replace(clip, label="yip", labels=("yip", "dog")) if clip.group == "33" else clip
        for clip in corpus.clips
    ]

    assert [one.label for one in plan_mixtures(clips, (3,), 2, 0)] == ["yip", "bark"]


def test_a_stream_names_the_listed_class_of_a_clip_that_holds_several(tmp_path: Path) -> None:
    corpus = read_data(write_fsd50k(tmp_path / "fsd50k"), write_tau(tmp_path / "tau"))
    spec = replace(SPEC, related=("domestic_animals_and_pets",))

    for stream in build_streams(corpus, spec):
        labels = {piece.role: piece.label for piece in stream.plan.pieces}
        assert (labels["event"], labels["distractor"]) == ("dog", "rain")
    with pytest.raises(ConfigError, match="no usable clip of 'dog'"):
        next(build_streams(corpus, replace(spec, unused=("bark",))))
    with pytest.raises(ConfigError, match="no usable clip of 'bark'"):  # it cannot be told which is meant
        next(build_streams(corpus, replace(spec, classes=("bark", "dog"))))
    with pytest.raises(ConfigError, match="no clip of another class"):
        next(build_streams(corpus, replace(spec, related=("rain",))))


def test_backgrounds_of_unknown_length_are_measured(tmp_path: Path) -> None:
    short, long = write_folder(tmp_path / "short", 2.0), write_tau(tmp_path / "tau")
    esc50 = write_esc50(tmp_path / "esc50")
    spec = replace(SPEC, folds=(5,))

    for stream in build_streams(read_data(esc50, long), spec):
        assert stream.plan.background == "paris-0"  # two of 6 s; the other place has one
    with pytest.raises(ConfigError, match=r"no background of 10 s or more .*; --backgrounds takes others"):
        next(build_streams(read_data(esc50, short), spec))
    with pytest.raises(ConfigError, match=r"no background of 10 s or more .*; --backgrounds takes others"):
        next(build_negatives(read_data(esc50, short), spec, 0.01))


@pytest.mark.parametrize("write", [write_esc50, write_urbansound8k])
def test_the_last_fold_is_heard_in_other_backgrounds(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    data, tau = write(tmp_path / "data"), write_tau(tmp_path / "tau")
    experiment = ClipExperiment(data=data, backgrounds=tau, snrs_db=(CLEAN_DB, 10.0), min_clips=2)

    report = run_clips(experiment, ClipBench([FakeEncoder(TONES_HZ)], Config()))

    last = {clip.path for clip in read_data(data).clips if clip.fold == read_data(data).folds[-1]}
    assert {one.event for one in report.mixtures} == last
    assert [row.value for row in report.rows if row.metric == "top1"] == [1.0, 1.0]


def test_the_commands_hear_a_data_set_in_a_folder_of_noise_and_its_lists_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(write_esc50(tmp_path / "esc50"))]
    noise = ["--backgrounds", str(write_folder(tmp_path / "noise"))]
    some = {
        "clips": ["--snr", "0", "--min-clips", "2", "--model", "embedded"],
        "streams": ["--snr", "10", "--streams", "1", "--classes", "dog,siren", "--methods", "zero-shot"],
    }
    lists = {"clips": "mixtures.jsonl", "streams": "streams_10dB.jsonl"}
    for kind, argv in some.items():
        whole, listed = ["eval", kind, *data, *argv, "--json"], tmp_path / kind / lists[kind]

        assert main([*whole, *noise, "--out", str(tmp_path / kind)]) == 0
        first = json.loads(capsys.readouterr().out)["rows"]
        assert "backgrounds:" in listed.read_text()
        assert str(tmp_path) not in listed.read_text()
        assert main([*whole, *noise, "--plans", str(listed)]) == 0
        assert json.loads(capsys.readouterr().out)["rows"] == first
        assert main([*whole, "--plans", str(listed)]) == 2
        assert "give --backgrounds as the run did that wrote the list" in capsys.readouterr().err
        assert main(whole) == 2
        assert "--backgrounds takes others" in capsys.readouterr().err


def test_the_table_of_a_known_layout_counts_before_the_files_beside_it(tmp_path: Path) -> None:
    write_folder(tmp_path)
    write_esc50(tmp_path)

    assert {clip.kind for clip in read_data(tmp_path).clips} == {"event"}
    write_table(tmp_path, "index.csv", ["path"])
    with pytest.raises(ConfigError, match=r"index\.csv lacks the columns canonical"):
        read_data(tmp_path)
