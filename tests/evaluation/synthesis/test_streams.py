"""Streams: reproducible, their sounds where and as loud as stated, built again from their plan."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from monitor.corpus.layouts import Corpus
from monitor.errors import ConfigError
from monitor.evaluation.synthesis.plans import Piece, StreamPlan, at_rate, read_plans, render, write_plans
from monitor.evaluation.synthesis.streams import BACKGROUND_DBFS, TAIL_S, Stream, StreamSpec, build_streams
from monitor.units import mean_power, power_to_dbfs
from tests.evaluation.corpus import LEAD_S, RATE, TONE_S, write_corpus

SPEC = StreamSpec(classes=("siren", "dog_bark"), folds=(4,), n_streams=8, snr_db=6.0, seed=5, length_s=40.0)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def streams(corpus: Corpus) -> list[Stream]:
    return list(build_streams(corpus, SPEC))


def pieces(stream: Stream, *roles: str) -> list[Piece]:
    return [piece for piece in stream.plan.pieces if piece.role in roles]


def only(plan: StreamPlan, role: str) -> StreamPlan:
    return replace(plan, pieces=tuple(piece for piece in plan.pieces if piece.role == role))


def level_dbfs(samples: np.ndarray) -> float:
    return power_to_dbfs(mean_power(samples))


def test_the_same_seed_gives_the_same_samples_and_another_seed_others(
    corpus: Corpus, streams: list[Stream]
) -> None:
    again = list(build_streams(corpus, SPEC))
    other = list(build_streams(corpus, replace(SPEC, seed=6)))

    assert [one.plan for one in again] == [one.plan for one in streams]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(again, streams, strict=True))
    assert [one.plan for one in other] != [one.plan for one in streams]


def test_a_longer_list_begins_with_the_shorter_one(corpus: Corpus, streams: list[Stream]) -> None:
    short = list(build_streams(corpus, replace(SPEC, n_streams=3)))

    assert [one.plan for one in short] == [one.plan for one in streams[:3]]


def test_another_snr_changes_gains_only(corpus: Corpus, streams: list[Stream]) -> None:
    louder = build_streams(corpus, replace(SPEC, snr_db=9.0))

    for quiet, loud in zip(streams, louder, strict=True):
        assert loud.plan.references == quiet.plan.references
        for a, b in zip(quiet.plan.pieces, loud.plan.pieces, strict=True):
            assert replace(b, gain=a.gain) == a
            assert 20 * np.log10(b.gain / a.gain) == pytest.approx(0.0 if a.role == "background" else 3.0)


def test_a_stream_is_rendered_again_from_its_written_plan(
    corpus: Corpus, tmp_path: Path, streams: list[Stream]
) -> None:
    write_plans(tmp_path / "plans.jsonl", [one.plan for one in streams])

    plans = read_plans(tmp_path / "plans.jsonl", StreamPlan)

    assert [plan.references for plan in plans] == [one.plan.references for one in streams]
    assert all(np.array_equal(render(p, corpus), s.samples) for p, s in zip(plans, streams, strict=True))


def test_sounds_keep_off_the_beginning_the_end_and_each_other(streams: list[Stream]) -> None:
    for stream in streams:
        sounds = sorted(pieces(stream, "event", "distractor"), key=lambda piece: piece.at)
        assert 2 <= len(sounds) <= 3
        assert len(pieces(stream, "distractor")) == 1
        assert sounds[0].at >= SPEC.quiet_s * RATE
        assert sounds[-1].at + sounds[-1].length <= (SPEC.length_s - TAIL_S) * RATE
        assert all(b.at - (a.at + a.length) >= SPEC.apart_s * RATE for a, b in pairwise(sounds))


def test_references_are_the_audible_part_of_the_events(streams: list[Stream]) -> None:
    for stream in streams:
        assert [one.class_name for one in stream.plan.references] == [
            piece.label for piece in sorted(pieces(stream, "event"), key=lambda piece: piece.at)
        ]
        assert all(
            one.offset_s - one.onset_s == pytest.approx(TONE_S, abs=0.02) for one in stream.plan.references
        )
        assert all(
            piece.start == pytest.approx(LEAD_S * RATE, abs=0.02 * RATE) for piece in pieces(stream, "event")
        )


def test_snr_is_the_active_level_over_the_background_level(corpus: Corpus, streams: list[Stream]) -> None:
    for stream in streams:
        background_dbfs = level_dbfs(render(only(stream.plan, "background"), corpus))
        events = render(only(stream.plan, "event"), corpus)
        assert background_dbfs == pytest.approx(BACKGROUND_DBFS, abs=0.1)
        for one in stream.plan.references:
            active = events[round((one.onset_s + 0.05) * RATE) : round((one.offset_s - 0.05) * RATE)]
            assert level_dbfs(active) - background_dbfs == pytest.approx(SPEC.snr_db, abs=0.3)


def test_the_background_fills_the_stream_without_holes_or_bumps(
    corpus: Corpus, streams: list[Stream]
) -> None:
    for stream in streams:
        background = render(only(stream.plan, "background"), corpus)
        tenths = background.reshape(-1, RATE // 10)
        assert min(map(level_dbfs, tenths)) > BACKGROUND_DBFS - 8.0
        assert max(map(level_dbfs, tenths)) < BACKGROUND_DBFS + 8.0
        assert len({piece.path.split("_")[0] for piece in pieces(stream, "background")}) == 1


def test_a_mixture_that_would_clip_is_scaled_as_a_whole(corpus: Corpus) -> None:
    loud = replace(SPEC, snr_db=45.0, n_streams=2)

    for stream in build_streams(corpus, loud):
        assert 0.9 < np.abs(stream.samples).max() <= 0.99
        background = level_dbfs(render(only(stream.plan, "background"), corpus))
        one = stream.plan.references[0]
        active = stream.samples[round((one.onset_s + 0.05) * RATE) : round((one.offset_s - 0.05) * RATE)]
        assert background < BACKGROUND_DBFS - 1.0
        assert level_dbfs(active) - background == pytest.approx(45.0, abs=0.3)


def test_only_the_folds_and_groups_asked_for_are_used_and_nothing_near_silent(corpus: Corpus) -> None:
    built = build_streams(corpus, SPEC, subset=lambda group: "1_" not in group or "street" in group)

    paths = {piece.path for stream in built for piece in stream.plan.pieces if piece.role != "background"}

    assert paths == {"siren0_fold4.wav", "dog_bark0_fold4.wav", "crow0_fold4.wav"}


def test_distractors_are_of_no_listed_class_and_unused_labels_are_never_taken(
    corpus: Corpus, streams: list[Stream]
) -> None:
    assert {piece.label for stream in streams for piece in pieces(stream, "distractor")} == {"crow"}
    with pytest.raises(ConfigError, match="no clip of another class in folds 4; set distractors to 0"):
        list(build_streams(corpus, replace(SPEC, unused=("crow",))))


def test_clips_are_resampled_to_the_rate_asked_for(corpus: Corpus) -> None:
    (stream,) = build_streams(corpus, replace(SPEC, n_streams=1, sample_rate=8000))

    assert stream.plan.sample_rate == 8000
    assert len(stream.samples) == 40 * 8000
    assert all(
        one.offset_s - one.onset_s == pytest.approx(TONE_S, abs=0.03) for one in stream.plan.references
    )


def test_a_class_without_clips_is_refused_with_the_classes_there_are(corpus: Corpus) -> None:
    with pytest.raises(
        ConfigError, match="no usable clip of 'siern' in folds 4; there are: crow, dog_bark, siren"
    ):
        list(build_streams(corpus, replace(SPEC, classes=("siern",))))


def test_sounds_that_cannot_fit_are_refused(corpus: Corpus) -> None:
    with pytest.raises(ConfigError, match=r"3 sounds of up to 6 s, 6 s apart, need 40 s; a stream has 30 s"):
        list(build_streams(corpus, replace(SPEC, length_s=30.0)))


def test_a_missing_or_broken_file_of_plans_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "plans.jsonl"
    broken.write_text('{"name": 3}\n')

    for path in (broken, tmp_path / "none.jsonl"):
        with pytest.raises(ConfigError, match="Cannot read plans"):
            read_plans(path, StreamPlan)


def test_a_plan_is_the_same_scene_at_another_rate(corpus: Corpus, streams: list[Stream]) -> None:
    for stream in streams:
        slow = at_rate(stream.plan, 8000)

        assert len(render(slow, corpus)) == 40 * 8000
        for here, there in zip(slow.references, stream.plan.references, strict=True):
            assert here.class_name == there.class_name
            assert here.onset_s == pytest.approx(there.onset_s, abs=0.001)
            assert here.offset_s == pytest.approx(there.offset_s, abs=0.001)


def test_a_plan_says_which_recordings_it_is_made_of(corpus: Corpus, streams: list[Stream]) -> None:
    groups = {clip.path: clip.group for clip in corpus.clips}

    for stream in streams:
        assert all(piece.group == groups[piece.path] for piece in stream.plan.pieces)
        assert stream.plan.background == pieces(stream, "background")[0].group
        assert [one.recording for one in stream.plan.references] == [
            piece.group for piece in sorted(pieces(stream, "event"), key=lambda piece: piece.at)
        ]


def test_a_plan_that_does_not_fit_its_clips_is_refused(corpus: Corpus, streams: list[Stream]) -> None:
    plan = streams[0].plan
    beyond = replace(plan.pieces[0], start=10**9)

    with pytest.raises(ConfigError, match="does not fit the clip"):
        render(replace(plan, pieces=(beyond,)), corpus)
