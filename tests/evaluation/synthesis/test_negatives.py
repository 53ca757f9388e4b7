"""Streams without events: nothing of a listed class, varied, and always the same."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from monitor.corpus.layouts import Corpus
from monitor.errors import ConfigError
from monitor.evaluation.synthesis.negatives import LEVELS_DBFS, OVER_DB, build_negatives, count_negatives
from monitor.evaluation.synthesis.plans import Piece, StreamPlan, render
from monitor.evaluation.synthesis.streams import Stream, StreamSpec
from monitor.units import mean_power, power_to_dbfs
from tests.evaluation.corpus import RATE, write_corpus

SPEC = StreamSpec(
    classes=("siren", "dog_bark"), folds=(4,), n_streams=0, snr_db=0.0, seed=3, length_s=20.0,
    min_background_s=5.0,
)  # fmt: skip
HOURS = 12 * 20.0 / 3600.0


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return write_corpus(tmp_path_factory.mktemp("corpus"), overlays=True)


@pytest.fixture(scope="module")
def streams(corpus: Corpus) -> list[Stream]:
    return list(build_negatives(corpus, SPEC, HOURS))


def level_dbfs(plan: StreamPlan, corpus: Corpus, pieces: tuple[Piece, ...]) -> float:
    return power_to_dbfs(mean_power(render(replace(plan, pieces=pieces), corpus)))


def test_there_is_nothing_to_find_in_as_many_hours_as_asked_for(streams: list[Stream]) -> None:
    assert len(streams) == 12
    assert all(len(one.samples) == 20 * RATE for one in streams)
    for one in streams:
        assert one.plan.references == ()
        assert one.plan.snr_db is None
        assert {piece.label for piece in one.plan.pieces} <= {"street", "speech", "music"}


def test_the_number_of_streams_is_rounded_up() -> None:
    assert count_negatives(2.0) == 120
    assert count_negatives(0.01) == 1
    assert count_negatives(0.0) == 0


def test_the_same_arguments_give_the_same_streams(corpus: Corpus, streams: list[Stream]) -> None:
    again = list(build_negatives(corpus, SPEC, HOURS))
    other = list(build_negatives(corpus, replace(SPEC, seed=4), HOURS))

    assert [one.plan for one in again] == [one.plan for one in streams]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(again, streams, strict=True))
    assert [one.plan for one in other] != [one.plan for one in streams]


def test_no_two_streams_are_alike(streams: list[Stream]) -> None:
    assert len({one.samples.tobytes() for one in streams}) == len(streams)


def test_levels_vary_within_their_range(corpus: Corpus, streams: list[Stream]) -> None:
    levels = []
    for one in streams:
        backgrounds = tuple(piece for piece in one.plan.pieces if piece.role == "background")
        levels.append(level_dbfs(one.plan, corpus, backgrounds))

    assert LEVELS_DBFS[0] - 0.1 <= min(levels) < max(levels) <= LEVELS_DBFS[1] + 0.1
    assert max(levels) - min(levels) > 10.0


def test_speech_and_music_lie_over_the_background_at_their_level(
    corpus: Corpus, streams: list[Stream]
) -> None:
    overlays = 0
    for one in streams:
        backgrounds = tuple(piece for piece in one.plan.pieces if piece.role == "background")
        background_dbfs = level_dbfs(one.plan, corpus, backgrounds)
        for piece in one.plan.pieces:
            if piece.role == "overlay":
                overlays += 1
                steady = replace(piece, fade_in=0, fade_out=0)
                stretch = render(replace(one.plan, pieces=(steady,)), corpus)[
                    piece.at : piece.at + piece.length
                ]
                over_db = power_to_dbfs(mean_power(stretch)) - background_dbfs
                assert OVER_DB[0] - 0.5 <= over_db <= OVER_DB[1] + 0.5
    assert overlays >= 8


def test_speech_that_may_hold_a_listed_sound_is_left_out(corpus: Corpus) -> None:
    for one in build_negatives(corpus, replace(SPEC, unused=("speech",)), HOURS):
        assert all(piece.label != "speech" for piece in one.plan.pieces)
    for one in build_negatives(corpus, replace(SPEC, classes=("music",)), HOURS):
        assert all(piece.label != "music" for piece in one.plan.pieces)


def test_without_a_background_there_is_nothing_to_build(corpus: Corpus) -> None:
    with pytest.raises(ConfigError, match="no background of 5 s or more in folds 4"):
        next(build_negatives(corpus, replace(SPEC, unused=("street",)), 1.0))
