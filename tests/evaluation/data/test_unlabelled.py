"""Sounds nobody labelled: read and refused, placed in streams, and neither hits nor false alarms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.cli.main import main
from monitor.corpus.layouts import Corpus
from monitor.errors import ConfigError
from monitor.evaluation.data.unlabelled import (
    KNOWN,
    Unlabelled,
    annotate,
    clip_hash,
    read_unlabelled,
    write_unlabelled,
)
from monitor.evaluation.eval_streams import Report, run_streams
from monitor.evaluation.metrics.event_metrics import Detection, Reference, excuse, match
from monitor.evaluation.metrics.figures import ANNOTATED, LABELS
from monitor.evaluation.synthesis.parts import Bench, StreamExperiment
from monitor.evaluation.synthesis.plans import Piece, StreamPlan
from monitor.scoring.prompts import parse_classes
from tests.evaluation.corpus import TONES_HZ, write_corpus
from tests.evaluation.test_eval_streams import CONFIG
from tests.fakes import FakeEncoder

HEAD = "sha256,start_s,stop_s,class,reason\n"
HASH = "0" * 64


def span(start_s: float, stop_s: float, sha256: str = HASH, name: str = "siren") -> Unlabelled:
    return Unlabelled(sha256, start_s, stop_s, name, "a tone")


def test_what_is_known_of_the_development_data_can_be_read() -> None:
    known = read_unlabelled(KNOWN)

    assert len(known) >= 7
    assert len({one.sha256 for one in known}) >= 5


def test_spans_are_written_once_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "spans.csv"
    spans = [span(1.0, 2.5), span(0.25, 0.5), replace(span(1.0, 2.5), reason='it says "tone", twice')]

    write_unlabelled(path, spans)

    assert read_unlabelled(path) == [spans[1], spans[2]]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"{HASH},x,2,siren,a tone", "line 2: start_s and stop_s are numbers"),
        (f"{HASH},2,1,siren,a tone", "line 2: a span has the SHA-256 of a file, a class, and ends after"),
        (f"{HASH},nan,1,siren,a tone", "line 2: a span has"),
        ("12ab,0,1,siren,a tone", "line 2: a span has the SHA-256"),
        (f"{HASH},0,1,siren,", "line 2: the span has no reason"),
        (f"{HASH},0,1", "line 2: "),
    ],
)
def test_a_line_that_does_not_fit_is_refused(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "spans.csv"
    path.write_text(HEAD + line + "\n")

    with pytest.raises(ConfigError, match=re.escape(says)):
        read_unlabelled(path)


def test_no_file_or_another_file_is_one_sentence_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_corpus(tmp_path)
    argv = ["eval", "streams", "--data", str(tmp_path / "index.csv"), "--unlabelled"]

    assert main([*argv, str(tmp_path / "none.csv")]) == 2
    assert "Cannot read" in capsys.readouterr().err
    assert main([*argv, str(tmp_path / "index.csv")]) == 2
    assert "lacks the columns sha256, start_s" in capsys.readouterr().err


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.wav"
    path.write_bytes(b"any bytes")
    return path


def plan(*pieces: tuple[int, int, int]) -> StreamPlan:
    """Return a plan at 10 Hz, of pieces of the clip: first sample, length, place."""
    made = (Piece("background", "street", "clip.wav", *where, 1.0, 0, 0, "street") for where in pieces)
    return StreamPlan("stream", 10, 600, None, tuple(made))


def test_a_span_lies_where_the_pieces_of_its_clip_put_it(clip: Path) -> None:
    corpus = Corpus(clip.parent, [])
    spans = [span(2.0, 4.0, clip_hash(clip)), span(2.0, 4.0, "1" * 64)]

    heard = annotate(plan((0, 100, 0), (30, 50, 300), (50, 20, 500)), corpus, spans).unlabelled

    assert heard == (Reference("siren", 2.0, 4.0, "street"), Reference("siren", 30.0, 31.0, "street"))


def test_without_spans_no_clip_is_opened() -> None:
    assert annotate(plan((0, 10, 0)), Corpus(Path("nowhere"), []), []).unlabelled == ()


sounds = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 40)), max_size=6)


@given(sounds, sounds, sounds)
def test_only_false_alarms_are_excused_and_nothing_is_lost(
    events: list[tuple[str, int]], detected: list[tuple[str, int]], others: list[tuple[str, int]]
) -> None:
    references = [Reference(name, at, at + 2.0) for name, at in events]
    plain = match(references, [Detection(name, at, at + 1.0, at + 1.0) for name, at in detected], 60.0)

    found = excuse(plain, [Reference(name, at, at + 2.0) for name, at in others])

    assert (found.hits, found.missed, found.fragments) == (plain.hits, plain.missed, plain.fragments)
    for one in plain.false_alarms:
        inside = any(one.class_name == name and at - 0.5 <= one.onset_s <= at + 3.0 for name, at in others)
        assert (one in found.excused) == inside
        assert (one in found.false_alarms) != inside
    labelled = found.as_labelled()
    assert sorted(map(repr, labelled.false_alarms)) == sorted(map(repr, plain.false_alarms))
    assert labelled.excused == ()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Return figures of negatives in which crows call, which are listened for, and one is known to."""
    root = tmp_path_factory.mktemp("corpus")
    write_corpus(root, overlays=True)
    music = clip_hash(root / "music_fold4.wav")
    write_unlabelled(root / "spans.csv", [span(0.0, 20.0, music, "whistle")])
    experiment = StreamExperiment(
        data=root / "index.csv", folds=(4,), n_streams=2, snrs_db=(10.0,), methods=("monitor",), seed=0,
        distractors=0, events=("siren",), negative_hours=0.1, unlabelled=root / "spans.csv", out=None,
    )  # fmt: skip
    encoder = FakeEncoder({**TONES_HZ, "whistle": 3000.0})
    return run_streams(experiment, Bench(encoder, parse_classes("siren,whistle"), CONFIG))


def figures(report: Report, truth: str, metric: str) -> list[float]:
    return [
        row.value
        for row in report.rows
        if (row.truth, row.metric, row.class_name, row.thresholds) == (truth, metric, "whistle", "configured")
    ]


def test_figures_are_given_with_and_without_what_is_known(report: Report) -> None:
    with_them, without = (
        figures(report, truth, "negative_false_alarms_per_hour") for truth in (ANNOTATED, LABELS)
    )

    assert with_them == [0.0]
    assert without[0] > 0.0


def test_the_basis_says_how_much_is_known(report: Report) -> None:
    whistle = next(one for one in report.provenance if one.name == "whistle" and one.role == "event")
    music = next(one for one in report.provenance if one.name == "music")

    assert whistle.pieces == 0
    assert whistle.unlabelled == music.pieces > 0
    assert whistle.unlabelled_minutes == pytest.approx(music.minutes)
