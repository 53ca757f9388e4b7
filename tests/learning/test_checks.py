"""Is an example any use? Every answer says what to do."""

from __future__ import annotations

import re

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.learning.checks import Surroundings, check_example, check_take, oddness
from monitor.learning.examples import Example, hear_take, own_sound, windows_of, without
from monitor.learning.takes import Take
from monitor.records import ClassPrompt, Cohort, OwnSound
from monitor.storage.own_sound_file import ExampleNote
from monitor.units import unit_norm
from tests.fakes import RATE, FakeEncoder, noise, tone

GOOD = Take(np.zeros(3 * RATE, np.float32), RATE, RATE, 2 * RATE, "test", -20.0, 30.0)


def example(*direction: float) -> Example:
    vector = unit_norm(np.array([direction], np.float32))
    return Example(ExampleNote("test", 1.0), vector)


def cohort(dim: int = 4, count: int = 400) -> Cohort:
    vectors = np.random.default_rng(0).standard_normal((count, dim)).astype(np.float32)
    return Cohort(unit_norm(vectors), (), np.full(count, -1), 60.0)


@pytest.mark.parametrize(
    ("change", "kind", "grave", "said"),
    [
        ({"snr_db": 3.0}, "too_quiet", True, "3 dB over the background and 6 are needed; come nearer"),
        ({"snr_db": 8.0}, "too_quiet", False, "rather quiet"),
        ({"clipped": 0.3}, "clipped", True, "lower the gain"),
        ({"clipped": 0.1}, "clipped", False, "teaches better"),
        ({"stop": RATE + 100}, "too_short", True, "give the whole sound"),
        ({"level_dbfs": -96.0, "snr_db": None}, "silent", True, "nothing is heard in it"),
        ({"level_dbfs": -90.0, "snr_db": 30.0}, "silent", True, "nothing is heard in it"),
        ({"snr_db": None}, "steady", False, "nothing in it stands out"),
        ({"cut": True}, "cut", False, "loudest 10 s are taken"),
    ],
)
def test_what_is_wrong_with_the_sound_is_said_with_what_to_do(
    change: dict[str, object], kind: str, grave: bool, said: str
) -> None:
    (doubt,) = check_take(msgspec.structs.replace(GOOD, **change))
    assert (doubt.kind, doubt.grave) == (kind, grave)
    assert said in doubt.with_advice


@pytest.mark.parametrize("snr_db", [5.4, 5.6, 5.99, 11.5, 11.9])
def test_a_level_that_is_below_a_limit_is_not_said_to_be_that_limit(snr_db: float) -> None:
    (doubt,) = check_take(msgspec.structs.replace(GOOD, snr_db=snr_db))
    said, limit = map(int, re.findall(r"\d+", doubt.sentence))
    assert said < limit


def test_an_example_that_is_too_short_is_not_said_to_be_long_enough() -> None:
    short = msgspec.structs.replace(GOOD, sample_rate=48_000, start=0, stop=2399)  # 49.98 ms
    (doubt,) = check_take(short)
    assert "only 49 ms long; give the whole sound, 50 ms or more" in doubt.sentence


@pytest.mark.parametrize("change", [{"snr_db": 3.0}, {"clipped": 0.3}, {"clipped": 0.1}])
def test_what_only_a_microphone_can_do_again_is_no_part_of_the_cause(change: dict[str, object]) -> None:
    (doubt,) = check_take(msgspec.structs.replace(GOOD, **change))
    assert "; " not in doubt.sentence
    assert doubt.live


def test_a_good_take_has_nothing_wrong() -> None:
    assert check_take(GOOD) == []


def test_the_same_example_counts_once() -> None:
    (doubt,) = check_example(example(1, 0, 0, 0), [example(1, 0, 0, 0)], Surroundings())
    assert (doubt.kind, doubt.grave) == ("same", True)


@pytest.mark.parametrize("known", [True, False])
def test_an_example_unlike_several_others_is_doubted_and_one_like_them_is_not(known: bool) -> None:
    others = [example(1, 0.1 * at, 0, 0) for at in range(4)]
    around = Surroundings(cohort=cohort() if known else None)
    assert [one.kind for one in check_example(example(0, 0, 1, 0), others, around)] == ["unlike_others"]
    assert check_example(example(1, 0.25, 0, 0), others, around) == []
    assert check_example(example(0, 0, 1, 0), others[:2], around) == []
    assert oddness(example(0, 0, 1, 0), others, around.cohort) > 1.0


def test_an_example_like_the_background_is_doubted_unless_the_others_are_nearer() -> None:
    place = np.array([0, 0, 1, 0], np.float32)
    around = Surroundings(cohort=cohort(), backgrounds=[place])
    assert [one.kind for one in check_example(example(0, 0, 1, 0.02), [], around)] == ["like_background"]
    assert check_example(example(1, 0, 0.2, 0), [], around) == []


def test_an_example_nearer_to_another_taught_sound_than_to_its_own_names_that_sound() -> None:
    kettle = OwnSound("kettle", "kettle", example(0, 1, 0, 0).vectors, np.zeros(1, np.intp))
    around = Surroundings(taught=[kettle], labels={"kettle": "my_kettle"})
    (doubt,) = check_example(example(0.2, 1, 0, 0), [example(1, 0, 0, 0)], around)
    assert "more like your my kettle" in doubt.sentence
    assert doubt.grave
    assert doubt.grave
    assert check_example(example(1, 0.2, 0, 0), [example(1, 0, 0, 0)], around) == []


def test_an_example_between_another_taught_sound_and_its_own_counts_and_that_is_said() -> None:
    kettle = OwnSound("kettle", "kettle", example(1, 0.2, 0, 0).vectors, np.zeros(1, np.intp))
    around = Surroundings(taught=[kettle], cohort=cohort())
    (doubt,) = check_example(example(1, 0.15, 0, 0), [example(1, 0, 0, 0)], around)
    assert not doubt.grave
    assert "more like your kettle than like the others here, but near enough" in doubt.sentence


def sounding(length_s: float, before_s: float = 2.0, after_s: float = 2.0) -> Take:
    samples: NDArray[np.float32] = np.concatenate(
        [noise(before_s, 0.002), tone("middle", length_s), noise(after_s, 0.002)]
    )
    start = round(before_s * RATE)
    return Take(samples, RATE, start, start + round(length_s * RATE), "test", -13.0, 30.0)


@pytest.mark.parametrize("length_s", [0.05, 0.5, 1.0, 4.0, 10.0])
@pytest.mark.parametrize("around_s", [0.0, 0.3, 2.0])
def test_every_window_of_an_example_holds_much_of_its_sound(length_s: float, around_s: float) -> None:
    take = sounding(length_s, around_s, around_s)
    windows = windows_of(take, RATE)
    assert windows.shape[1] == RATE
    assert 1 <= len(windows) <= 16
    held_s = (np.abs(windows) > 0.05).mean(axis=1)  # this sine is 0 in one sample of four
    assert held_s.min() >= 0.36 * min(length_s, 1.0)


def test_an_own_sound_knows_which_windows_are_of_which_example_and_does_without_one() -> None:
    examples = [hear_take(sounding(length_s), FakeEncoder()) for length_s in (0.3, 1.0, 2.0)]
    sound = own_sound(ClassPrompt("kettle", "whistling kettle", "my kettle"), examples)
    assert (sound.name, sound.words, sound.examples) == ("kettle", "whistling kettle", 3)
    for number, one in enumerate(examples):
        own = sound.vectors[sound.example_of == number]
        assert np.array_equal(own, one.vectors)
    fewer = without(sound, 1)
    assert fewer.examples == 2
    assert np.array_equal(fewer.vectors[fewer.example_of == 1], examples[2].vectors)
