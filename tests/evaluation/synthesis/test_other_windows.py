"""Backgrounds: the same background, but not the part that is in the mixture."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.corpus.clips import Clip
from monitor.corpus.layouts import Corpus
from monitor.evaluation.synthesis.mixtures import Mixture
from monitor.evaluation.synthesis.other_windows import BACKGROUND_WINDOWS, Backgrounds

WINDOW_S = 2.0


def corpus(*durations_s: float) -> Corpus:
    """Return clips of one recording, of those lengths; there are no files."""
    clips = [Clip(f"{at}.wav", "park", "background", 4, "here", s, -20.0) for at, s in enumerate(durations_s)]
    other = Clip("other.wav", "street", "background", 4, "elsewhere", 30.0, -20.0)
    return Corpus(Path("none"), [*clips, other])


def mixture(place: float, event: str = "dog.wav") -> Mixture:
    return Mixture("dog", event, "dog", "0.wav", "park", "here", place)


@given(st.floats(0.0, 1.0), st.floats(1.0, 60.0), st.lists(st.floats(0.5, 10.0), max_size=3))
def test_a_background_is_apart_from_what_is_in_the_mixture_or_says_that_it_is_not(
    place: float, own_s: float, others_s: list[float]
) -> None:
    background = Backgrounds(corpus(own_s, *others_s), 0, WINDOW_S).of(mixture(place))

    assert len(background.parts) == BACKGROUND_WINDOWS
    lengths_s = dict(zip(("0.wav", "1.wav", "2.wav", "3.wav"), (own_s, *others_s), strict=False))
    heard_s = place * max(0.0, own_s - WINDOW_S)
    for part in background.parts:
        assert 0.0 <= part.start_s <= max(0.0, lengths_s[part.path] - WINDOW_S) + 1e-5
        clear = part.path != "0.wav" or abs(part.start_s - heard_s) >= WINDOW_S - 0.01
        assert clear == background.apart


def test_a_long_clip_is_its_own_background() -> None:
    background = Backgrounds(corpus(30.0, 30.0), 0, WINDOW_S).of(mixture(0.5))

    assert {part.path for part in background.parts} == {"0.wav"}
    assert len(set(background.parts)) == BACKGROUND_WINDOWS


def test_of_a_short_clip_other_clips_of_the_recording_are_the_background() -> None:
    background = Backgrounds(corpus(4.0, 4.0, 4.0), 0, WINDOW_S).of(mixture(0.5))

    assert background.apart
    assert {part.path for part in background.parts} == {"1.wav", "2.wav"}


@pytest.mark.parametrize(("place", "start_s"), [(0.2, 2.0), (0.9, 0.0)])
def test_where_there_is_nothing_else_the_window_furthest_away_stands_in(place: float, start_s: float) -> None:
    background = Backgrounds(corpus(4.0), 0, WINDOW_S).of(mixture(place))

    assert not background.apart
    assert {part.start_s for part in background.parts} == {start_s}


def test_a_background_depends_on_its_mixture_and_the_seed_alone() -> None:
    clips = corpus(30.0, 30.0)
    backgrounds = Backgrounds(clips, 0, WINDOW_S)
    first = backgrounds.of(mixture(0.5))

    assert backgrounds.of(mixture(0.5, "cat.wav")) != first
    assert backgrounds.of(mixture(0.5)) == first
    assert Backgrounds(Corpus(clips.root, clips.clips[::-1]), 0, WINDOW_S).of(mixture(0.5)) == first
    assert Backgrounds(clips, 1, WINDOW_S).of(mixture(0.5)) != first
