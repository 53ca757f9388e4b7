"""Which windows of which events are kept, when, and what of everything else."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.settings import load_config
from monitor.pipeline.moment_keeper import MOST_EVENTS, PER_EVENT, MomentKeeper, best_windows
from monitor.pipeline.reporter import Stream
from monitor.records import LOUD_SOUND
from monitor.storage.moments import OfEvent
from tests.examples import event
from tests.fakes import RATE, noise, tone
from tests.pipeline.test_pipeline import CONFIG, Bench, scene

LOW, HIGH = 0, 2
STREAM = Stream("bench", "the bench", RATE, "fake-0", True, "run")


def kept(bench: Bench, written: list[OfEvent]) -> dict[str, OfEvent]:
    """Return what is written of each event in the end."""
    return {one.event_id: one for one in written}


def test_of_each_event_some_windows_that_are_surely_of_it_are_kept() -> None:
    written: list[OfEvent] = []
    bench = Bench(live=True, keep=written.append)
    bench.play(scene())
    bench.finish()
    ids = [one.id for one in bench.events if one.type == "offset"]
    entries = kept(bench, written)
    assert list(entries) == ids
    for id_, axis in zip(ids, (LOW, HIGH), strict=True):
        moments = entries[id_].moments
        assert 1 <= len(moments) <= PER_EVENT
        assert {one.event_id for one in moments} == {id_}
        assert all(float(one.vector[axis]) > 0.7 and one.vector.dtype == np.float16 for one in moments)
        assert all(one.scores[one.class_] >= 0.7 for one in moments)
        times = [one.time for one in moments]
        assert times == sorted(times)
        assert moments[0].level_dbfs > moments[0].floor_dbfs


class Heard(NamedTuple):
    start: int
    stop: int


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 200)), max_size=30))
def test_no_two_windows_that_are_kept_are_mostly_the_same_sound(rated: list[tuple[float, int]]) -> None:
    best = best_windows([(value, Heard(start, start + 20)) for value, start in rated])
    starts = sorted(one.start for one in best)
    assert len(best) <= PER_EVENT
    assert all(late - early >= 10 for early, late in itertools.pairwise(starts))
    if rated:
        top = max(value for value, _ in rated)
        assert (top, best[0].start) in rated


def test_an_event_is_known_while_it_lasts() -> None:
    written: list[OfEvent] = []
    bench = Bench(live=True, keep=written.append)
    bench.play(scene()[: RATE * 11 // 2])
    (onset,) = [one for one in bench.events if one.type == "onset"]
    assert not [one for one in bench.events if one.type == "offset"]
    assert [one.event_id for one in written] == [onset.id]
    last = bench.moments.event(None)
    assert last is not None
    assert last.id == onset.id
    assert bench.moments.moments(onset.id)


def test_of_a_loud_sound_that_nothing_recognises_the_loudest_windows_are_kept() -> None:
    config = load_config(
        flags={**msgspec.to_builtins(CONFIG), "detector": {"loud_sound_db": 10.0, "onset_threshold": 0.9}}
    )
    written: list[OfEvent] = []
    bench = Bench(live=True, config=config, keep=written.append)
    samples = noise(14.0)
    samples[RATE * 6 : RATE * 8] += noise(2.0, 0.5, seed=1)
    bench.play(samples, (800,))
    bench.finish()
    (entry,) = kept(bench, written).values()
    assert {one.class_ for one in entry.moments} == {LOUD_SOUND}
    levels = [one.level_dbfs for one in entry.moments]
    assert min(levels) >= max(levels) - 6.0
    assert min(levels) > -15.0


def test_of_a_source_that_is_not_remembered_events_are_known_while_the_run_lasts() -> None:
    bench = Bench()
    bench.play(scene())
    bench.finish()
    assert not bench.moments.lasting
    assert all(bench.moments.moments(one.id) for one in bench.events)
    assert bench.moments.event("no such id") is None


def test_if_all_is_remembered_what_is_like_the_window_before_is_left_out() -> None:
    written: list[OfEvent] = []
    bench = Bench(live=True, keep=written.append, every=True)
    bench.play(noise(20.0))
    steady = len(written)
    assert 1 <= steady <= 3
    for word in ("low", "high", "low", "high"):
        bench.play(tone(word, 1.0))
    assert len([one for one in written if not one.event_id]) >= steady + 4
    bench.finish()


def test_of_many_events_only_the_last_are_known() -> None:
    keeper = MomentKeeper(STREAM)
    for number in range(MOST_EVENTS + 10):
        keeper.follow(event("onset", id_=str(number)))
        keeper.follow(event("offset", id_=str(number)))
    assert keeper.event("9") is None
    assert keeper.event("10") is not None
