from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.assemble import make_stages
from monitor.bus.messages import Event, Health, Level, NearMissMessage, Request, ScoresMessage
from monitor.config.settings import Config, load_config
from monitor.pipeline.companions import Companions
from monitor.pipeline.moment_keeper import MomentKeeper
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Clock, Stream
from monitor.records import CaptureStatus
from monitor.scoring.corrections import Corrections
from monitor.scoring.prompts import parse_classes
from monitor.storage.moments import OfEvent
from monitor.stream.ring import Ring
from tests.fakes import RATE, Collector, FakeEncoder, FixedStatus, noise, tone

CONFIG = load_config(
    flags={
        "prompts": {"distractors": ["middle", *(f"noise {n}" for n in range(12))]},
        "detector": {"onset_threshold": 0.7, "offset_threshold": 0.6, "confirm_s": 0.5, "min_off_s": 0.5},
        "background": {"ready_s": 1.0},
    }
)


class Steady:
    """A clock that stands where the test put it."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.wall = datetime(2026, 1, 1, tzinfo=UTC)

    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.now_s, utc=lambda: self.wall)


class Bench:
    """A pipeline on a bench: write samples in, look at what comes out."""

    def __init__(
        self,
        live: bool = False,
        classes: str = "low,high",
        config: Config = CONFIG,
        paced: bool = False,
        keep: Callable[[OfEvent], None] | None = None,
        every: bool = False,
    ) -> None:
        self.ring = Ring(RATE * 60)
        self.status = FixedStatus()
        self.sink = Collector()
        self.time = Steady()
        stream = Stream("bench", "the bench", RATE, "fake-0", live, "run", paced=paced)
        stages = make_stages(FakeEncoder(), parse_classes(classes), config)
        self.corrections = stages.scorer.corrections = Corrections(tuple(stages.scorer.prompts))
        self.moments = MomentKeeper(stream, keep, every)
        self.pipeline = Pipeline(
            ring=self.ring,
            capture=self.status,
            stages=stages,
            sinks=[self.sink],
            stream=stream,
            companions=Companions(moments=self.moments),
            clock=self.time.clock(),
            max_lag_s=1.0,
        )

    def play(self, samples: NDArray[np.float32], block_lens: tuple[int, ...] = (8000,)) -> None:
        position = count = 0
        while position < len(samples):
            part = samples[position : position + block_lens[count % len(block_lens)]]
            self.ring.write(part, self.time.now_s)
            position += len(part)
            count += 1
            self.drain()

    def drain(self) -> None:
        while self.ring.counters().pending:
            self.pipeline.step(0.0)

    def finish(self) -> None:
        self.ring.close()
        while self.pipeline.step(0.0):
            pass

    def of(self, kind: type) -> list[object]:
        return [record for record in self.sink.records if isinstance(record, kind)]

    @property
    def events(self) -> list[Event]:
        return [record for record in self.sink.records if isinstance(record, Event)]

    @property
    def health(self) -> Health:
        return [record for record in self.sink.records if isinstance(record, Health)][-1]


def scene() -> NDArray[np.float32]:
    samples = noise(12.0)
    samples[RATE * 4 : RATE * 6] += tone("low", 2.0)
    samples[RATE * 9 : RATE * 10] += tone("high", 1.0)
    return samples


def test_what_sounds_is_reported_with_onset_and_offset_in_order() -> None:
    bench = Bench()
    bench.play(scene())
    bench.finish()
    changes = [event for event in bench.events if event.type != "update"]
    assert [(event.class_, event.type) for event in changes] == [
        ("low", "onset"),
        ("low", "offset"),
        ("high", "onset"),
        ("high", "offset"),
    ]
    onset, offset = changes[:2]
    assert onset.onset_sample / RATE == pytest.approx(4.0, abs=0.6)
    assert offset.offset_sample is not None
    assert offset.offset_sample / RATE == pytest.approx(6.0, abs=0.8)
    assert onset.snr_db > 15.0
    assert onset.candidates[0].class_ == "low"


def comparable(events: list[Event]) -> list[tuple[object, ...]]:
    return [
        (e.type, e.class_, e.onset_sample, e.offset_sample, e.score, e.peak_score, e.snr_db) for e in events
    ]


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1, 5000), min_size=1, max_size=5))
def test_the_same_samples_give_the_same_events_whatever_the_block_size(block_lens: list[int]) -> None:
    whole, cut = Bench(), Bench()
    whole.play(scene())
    whole.finish()
    cut.play(scene(), tuple(max(length, 50) for length in block_lens))
    cut.finish()
    assert comparable(cut.events) == comparable(whole.events)
    assert [s.scores for s in cut.of(ScoresMessage)] == [s.scores for s in whole.of(ScoresMessage)]  # type: ignore[attr-defined]


actions = st.lists(
    st.tuples(st.sampled_from(["sound", "gap", "burst", "step"]), st.integers(1, 9000)), max_size=25
)


@settings(max_examples=40, deadline=None)
@given(actions)
def test_every_sample_captured_is_accounted_for_at_every_moment(script: list[tuple[str, int]]) -> None:
    bench = Bench(live=True)
    for action, length in script:
        if action == "sound":
            bench.play(noise(length / RATE), (500,))
        elif action == "gap":
            bench.ring.write_gap(length)
        elif action == "burst":
            bench.ring.write(noise(length * 20 / RATE), bench.time.now_s)
        bench.time.now_s += 1.1
        bench.pipeline.step(0.0)
        health = bench.health
        accounted = health.analysed + health.pending + health.skipped + health.overwritten + health.gap
        assert health.captured == accounted


def test_a_late_live_pipeline_skips_to_the_newest_window_and_counts() -> None:
    bench = Bench(live=True)
    bench.ring.write(noise(10.0), bench.time.now_s)
    bench.drain()
    bench.time.now_s += 2.0
    bench.pipeline.step(0.0)
    assert bench.health.skipped > RATE * 5
    newest = bench.of(ScoresMessage)[-1]
    assert isinstance(newest, ScoresMessage)
    assert newest.stop >= RATE * 10 - RATE // 4


def test_a_file_in_real_time_that_is_late_says_by_how_much_and_passes_nothing_over() -> None:
    bench = Bench(live=False, paced=True)
    bench.play(noise(3.0))
    assert bench.health.behind_s == 0.0
    bench.ring.write(noise(1.0), bench.time.now_s)
    bench.time.now_s += 5.0
    bench.drain()
    bench.time.now_s += 1.1
    bench.pipeline.step(0.0)
    assert bench.health.behind_s == pytest.approx(5.0, abs=1.1)
    assert bench.health.skipped == 0


def test_a_file_played_fast_is_never_skipped() -> None:
    bench = Bench(live=False)
    bench.ring.write(noise(10.0), bench.time.now_s)
    bench.finish()
    bench.time.now_s += 2.0
    bench.pipeline.step(0.0)
    assert bench.health.skipped == 0
    assert bench.health.analysed == RATE * 10


def test_a_lost_source_ends_open_events_and_is_reported_at_once() -> None:
    bench = Bench(live=True)
    bench.play(np.concatenate([noise(3.0), noise(2.0) + tone("low", 2.0)]), (400,))
    assert bench.events[-1].type != "offset"
    bench.status.status = CaptureStatus("lost", "it was unplugged", RATE, 0, 0, 0, None)
    bench.pipeline.step(0.0)
    assert bench.events[-1].ended_by == "lost"
    assert (bench.health.state, bench.health.reason) == ("lost", "it was unplugged")


def test_digital_silence_is_reported_as_a_fault_and_not_as_quiet() -> None:
    bench = Bench(live=True)
    bench.play(np.concatenate([noise(3.0), np.zeros(RATE * 3, np.float32)]), (400,))
    assert bench.health.state == "silent"
    assert "muted" in (bench.health.reason or "")


def test_that_it_listens_is_told_before_anything_it_hears() -> None:
    bench = Bench(live=False)
    bench.ring.write(np.concatenate([noise(3.0), noise(2.0) + tone("low", 2.0)]), bench.time.now_s)
    bench.finish()
    assert bench.events
    assert isinstance(bench.sink.records[0], Health)


@pytest.mark.parametrize("length_s", [0.05, 1.0, 1.95, 2.5])
def test_a_file_without_sound_is_told_as_silent_however_short_it_is(length_s: float) -> None:
    bench = Bench(live=False)
    bench.play(np.zeros(round(RATE * length_s), np.float32))
    bench.finish()
    states = [one.state for one in bench.sink.records if isinstance(one, Health)]
    assert "silent" in states
    assert states[-1] == "ended"
    heard = Bench(live=False)
    heard.play(noise(length_s))
    heard.finish()
    assert "silent" not in [one.state for one in heard.sink.records if isinstance(one, Health)]


def test_a_file_that_ends_while_something_sounds_ends_the_event() -> None:
    bench = Bench()
    bench.play(np.concatenate([noise(3.0), noise(2.0) + tone("low", 2.0)]))
    bench.finish()
    assert [event.type for event in bench.events][-1] == "offset"
    assert bench.events[-1].ended_by == "ended"
    assert bench.health.state == "ended"


def test_levels_come_ten_times_a_second() -> None:
    bench = Bench()
    bench.play(noise(3.0))
    bench.finish()
    assert len(bench.of(Level)) == 30


def test_requests_change_what_the_detector_does() -> None:
    bench = Bench()
    assert bench.pipeline.handle(Request("mute", "low", True)).ok
    bench.play(scene())
    bench.finish()
    assert {event.class_ for event in bench.events} == {"high"}
    assert "muted" in [miss.reason for miss in bench.sink.records if isinstance(miss, NearMissMessage)]
    assert bench.health.classes[0].muted


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Request("mute", "cat", True), "No class 'cat' is listed; listed: low, high."),
        (Request("threshold", "low", 3.0), "A threshold of 3.0 is not possible; valid: 0.01 to 0.999."),
        (Request("mute", "low", 0.5), "mute does not take the value 0.5."),
    ],
)
def test_a_request_that_makes_no_sense_is_answered(request_: Request, says: str) -> None:
    reply = Bench().pipeline.handle(request_)
    assert (reply.ok, reply.error) == (False, says)


def test_a_siren_of_three_minutes_stays_detected() -> None:
    bench = Bench()
    bench.play(np.concatenate([noise(20.0), noise(180.0, seed=1) + tone("low", 180.0)]))
    bench.finish()
    assert [event.type for event in bench.events].count("onset") == 1
    last = bench.events[-1]
    assert last.offset_sample is not None
    assert last.offset_sample / RATE > 198.0


def test_a_long_event_keeps_its_level_over_the_background_and_does_not_become_the_background() -> None:
    bench = Bench()
    bench.play(np.concatenate([noise(20.0), noise(60.0, seed=1) + tone("low", 60.0), noise(5.0, seed=2)]))
    bench.finish()
    updates = [event for event in bench.events if event.type == "update"]
    assert min(event.snr_db for event in updates) > 20.0
    floors = [level.floor_dbfs for level in bench.of(Level)]  # type: ignore[attr-defined]
    assert floors[-1] < -35.0


def test_nothing_is_confirmed_across_a_loss() -> None:
    bench = Bench(live=True)
    bench.play(np.concatenate([noise(3.0), noise(0.4) + tone("low", 0.4)]), (400,))
    bench.status.status = CaptureStatus("lost", "unplugged", RATE, 0, 0, 0, None)
    bench.pipeline.step(0.0)
    bench.status.status = CaptureStatus("running", None, RATE, 0, 0, 1, None)
    bench.ring.write_gap(RATE * 10)
    begin = bench.ring.counters().captured
    bench.play(noise(2.0) + tone("low", 2.0), (400,))
    onsets = [event for event in bench.events if event.type == "onset"]
    assert [event.onset_sample >= begin for event in onsets if event.onset_sample > 4 * RATE] == [True]


def test_an_offset_tells_the_level_of_its_own_sound_and_not_of_the_next() -> None:
    samples = noise(14.0)
    samples[RATE * 4 : RATE * 6] += tone("low", 2.0, amplitude=0.1)
    samples[RATE * 7 : RATE * 9] += tone("high", 2.0, amplitude=0.8)
    bench = Bench()
    bench.play(samples)
    bench.finish()
    low = next(event for event in bench.events if (event.class_, event.type) == ("low", "offset"))
    assert low.level_dbfs < -20.0


def test_event_times_follow_a_wall_clock_that_was_set() -> None:
    bench = Bench(live=True)
    bench.play(noise(3.0), (400,))
    bench.time.wall += timedelta(hours=8)
    bench.play(noise(1.0), (400,))
    newest = bench.of(Level)[-1]
    assert isinstance(newest, Level)
    assert abs((newest.time - bench.time.wall).total_seconds()) < 1.0


def test_pausing_shows_in_the_health_whatever_the_state() -> None:
    bench = Bench(live=True)
    bench.pipeline.handle(Request("pause", None, True))
    bench.status.status = CaptureStatus("lost", "unplugged", RATE, 0, 0, 0, None)
    bench.pipeline.step(0.0)
    assert (bench.health.state, bench.health.paused) == ("lost", True)


def test_what_is_muted_for_a_while_is_heard_again_by_itself_and_says_until_when() -> None:
    bench = Bench(live=True)
    bench.pipeline.handle(Request("mute", "low", True, for_s=60.0))
    bench.pipeline.handle(Request("pause", None, True, for_s=30.0))
    bench.play(tone("low", 2.0), (400,))
    low = next(one for one in bench.health.classes if one.class_ == "low")
    assert low.muted_until == bench.time.wall + timedelta(seconds=60.0)
    assert bench.health.paused_until == bench.time.wall + timedelta(seconds=30.0)
    assert bench.events == []
    bench.time.wall += timedelta(seconds=60.0)
    bench.play(noise(2.0), (400,))
    bench.play(tone("low", 3.0), (400,))
    assert [event.type for event in bench.events][:1] == ["onset"]
    assert bench.health.paused_until is None
    assert [change.by for change in bench.health.changes][-2:] == ["the clock", "the clock"]


OVERLONG = load_config(
    flags={
        "prompts": {"distractors": ["middle", *(f"noise {n}" for n in range(12))]},
        "detector": {"onset_threshold": 0.7, "offset_threshold": 0.6, "confirm_s": 0.5, "min_off_s": 0.5}
        | {"max_event_s": 20.0},
        "background": {"ready_s": 1.0},
    }
)


def humming(seconds: float) -> NDArray[np.float32]:
    return noise(seconds, 0.003) + tone("low", seconds, 0.1)


def test_an_event_that_never_ends_is_closed_and_begins_again_only_after_it_has_stopped() -> None:
    bench = Bench(config=OVERLONG)
    bench.play(np.concatenate([noise(5.0, 0.003), humming(60.0), noise(3.0, 0.003), humming(4.0)]))
    bench.finish()
    changes = [(event.type, event.ended_by) for event in bench.events if event.type != "update"]
    assert changes == [("onset", None), ("offset", "overlong"), ("onset", None), ("offset", "ended")]
    first, second = (event for event in bench.events if event.type == "onset")
    assert second.onset_sample - first.onset_sample > 60 * RATE


def test_a_noise_that_never_ends_blocks_neither_the_floor_nor_another_class() -> None:
    bench = Bench(config=OVERLONG)
    sound = humming(60.0)
    sound[RATE * 50 : RATE * 53] += tone("high", 3.0, 0.5)
    bench.play(np.concatenate([noise(5.0, 0.003), sound]))
    bench.finish()
    high = [event for event in bench.events if event.class_ == "high" and event.type == "onset"]
    assert len(high) == 1
    assert high[0].floor_dbfs == pytest.approx(-23.0, abs=0.5)


@pytest.mark.parametrize("says_so", [False, True])
def test_what_lasts_too_long_becomes_background_only_if_the_user_says_so(says_so: bool) -> None:
    detector = msgspec.structs.replace(OVERLONG.detector, long_event_is_background=says_so)
    bench = Bench(config=msgspec.structs.replace(OVERLONG, detector=detector))
    bench.play(np.concatenate([noise(5.0, 0.003), humming(120.0)]))
    (background,) = bench.pipeline.handle(Request(request="background")).backgrounds
    cosines = {one.class_: one.cosine for one in background.classes}
    assert (cosines["low"] > 0.8) == says_so


@pytest.mark.parametrize("length_s", [0.4, 0.7, 1.1, 2.1])
@pytest.mark.parametrize("where", ["alone", "start", "middle", "end"])
def test_a_short_sound_is_an_event_wherever_in_a_file_it_is(length_s: float, where: str) -> None:
    sound = tone("low", length_s)
    before, behind = {"alone": (0, 0), "start": (0, 6), "middle": (5, 6), "end": (5, 0)}[where]
    bench = Bench()
    bench.play(np.concatenate([noise(before), sound, noise(behind)]))
    bench.finish()
    found = [event for event in bench.events if event.type != "update"]
    assert [(event.class_, event.type) for event in found] == [("low", "onset"), ("low", "offset")]
    offset = found[-1]
    assert offset.offset_sample is not None
    assert before - 0.3 <= offset.onset_sample / RATE <= before + length_s
    length = RATE * (before + behind) + len(sound)
    assert offset.offset_sample <= max(length, offset.onset_sample + RATE // 2)  # no shorter than min_on_s
    health = bench.health
    assert (health.analysed, health.captured, health.pending) == (length, length, 0)


def test_silence_and_noise_at_the_edges_of_a_file_are_no_event() -> None:
    for length_s in (0.1, 0.3, 1.0, 2.5):
        bench = Bench()
        bench.play(noise(length_s))
        bench.finish()
        assert bench.events == []


def test_what_nobody_takes_is_not_made_and_changes_no_event() -> None:
    for_all, for_few = Bench(), Bench()
    for_few.sink.measured = False
    for bench in (for_all, for_few):
        bench.play(scene())
        bench.finish()
    assert for_all.of(Level)
    assert not for_few.of(Level)
    assert not for_few.of(ScoresMessage)
    assert comparable(for_few.events) == comparable(for_all.events)


def test_a_reader_is_woken_for_a_level_that_somebody_looks_at_and_else_for_what_can_be_decided() -> None:
    bench = Bench()
    hop_len, tick_len = bench.pipeline.step(0.0) and RATE // 4, RATE // 10
    for measured, wanted_len in ((True, tick_len), (False, 2 * hop_len)):  # by two windows at the soonest
        bench.sink.measured = measured
        bench.pipeline.step(0.0)
        assert bench.ring.missing_len == wanted_len
    detector = msgspec.structs.replace(CONFIG.detector, urgent=("low",))
    urgent = Bench(config=msgspec.structs.replace(CONFIG, detector=detector))
    urgent.sink.measured = False
    urgent.pipeline.step(0.0)
    assert urgent.ring.missing_len == hop_len


def test_while_something_sounds_each_window_is_looked_at_by_itself() -> None:
    bench = Bench()
    bench.sink.measured = False
    bench.play(scene()[: RATE * 5])
    assert [event.type for event in bench.events] == ["onset"]
    assert bench.ring.missing_len == RATE // 4
