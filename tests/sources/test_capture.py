from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.config.settings import CaptureConfig
from monitor.errors import SourceAbsent, SourceDamaged, SourceError, SourceLost
from monitor.records import Block
from monitor.sources.capture import Capture
from monitor.stream.ring import Ring
from tests.sources.fakes import FullRing, RecordingRing, ScriptSource, Step, blocks, heard, noise

RATE = 16_000
QUICK = CaptureConfig(reopen_every_s=0.01, lost_after_s=0.15)


def sound(seconds: float, start_s: float = 100.0) -> list[Block]:
    samples = noise(round(seconds * RATE))
    return blocks(samples, itertools.repeat(320, len(samples) // 320 + 1), RATE, start_s)


def eventually(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.002)


def run_to_end(source: ScriptSource, ring: RecordingRing) -> Capture:
    capture = Capture(source, ring, RATE, QUICK, wait=False)
    capture.start()
    ring.wait_closed()
    capture.stop()
    return capture


def test_a_source_that_ends_is_heard_to_its_last_sample_and_closes_the_ring() -> None:
    ring = RecordingRing()
    capture = run_to_end(ScriptSource(sound(0.5)), ring)
    assert ring.position == RATE // 2
    assert (capture.status.state, capture.status.device_sample_rate) == ("ended", RATE)
    assert capture.error is None


def test_a_source_that_cannot_be_opened_is_refused_at_once() -> None:
    source = ScriptSource([], openings=[SourceError("nope")])
    ring = RecordingRing()
    capture = Capture(source, ring, RATE, QUICK, wait=False)
    with pytest.raises(SourceError, match="nope"):
        capture.start()
    assert ring.closed
    capture.stop()


@pytest.mark.parametrize("sample_rate", [-1, 999, 1_000_000])
def test_an_impossible_sample_rate_is_refused(sample_rate: int) -> None:
    capture = Capture(ScriptSource([], sample_rate), RecordingRing(), RATE, QUICK, wait=False)
    with pytest.raises(SourceError, match=f"{sample_rate} Hz; valid: 1000 to 768000"):
        capture.start()


def test_a_lost_source_comes_back_behind_a_gap_of_the_time_away() -> None:
    released = threading.Event()
    steps: list[Step] = [*sound(0.5), SourceLost("unplugged"), *sound(0.5, start_s=102.5), released.wait]
    source = ScriptSource(steps)
    ring = RecordingRing()
    capture = Capture(source, ring, RATE, QUICK, wait=False)
    capture.start()
    ring.wait_position(3 * RATE)
    eventually(lambda: capture.status.reopened == 1)
    assert capture.status.state == "running"
    assert ring.gaps == [(RATE // 2, 2 * RATE)]
    released.set()
    capture.stop()


def test_the_reason_of_a_loss_is_told_at_once_and_attempts_go_on() -> None:
    told: list[tuple[str, str | None]] = []
    ring = RecordingRing()

    def note() -> None:
        told.append((capture.status.state, capture.status.reason))

    away = [SourceError(f"away {attempt}") for attempt in range(3)]
    source = ScriptSource([*sound(0.1), SourceLost("unplugged"), note], openings=[None, *away])
    capture = Capture(source, ring, RATE, QUICK, wait=False)
    capture.start()
    ring.wait_closed()
    capture.stop()
    assert told == [("lost", "away 2")]
    assert source.opened == 5


def test_a_loss_that_never_ends_is_a_gap_as_it_grows() -> None:
    now_s = time.monotonic()
    source = ScriptSource(
        [*sound(0.1, now_s), SourceLost("gone")], openings=[None, *[SourceError("away")] * 999]
    )
    ring = RecordingRing()
    capture = Capture(source, ring, RATE, CaptureConfig(reopen_every_s=0.05), wait=False)
    capture.start()
    eventually(lambda: len(ring.gaps) >= 3)
    assert capture.status.state == "lost"
    capture.stop()
    assert ring.position <= (time.monotonic() - now_s + 0.1) * RATE


def test_a_source_that_comes_back_late_lies_where_it_belongs_behind_a_gap_that_grew() -> None:
    ring = RecordingRing()
    steps: list[Step] = [*sound(0.1), SourceLost("gone"), *sound(0.1, start_s=102.0)]
    source = ScriptSource(steps, openings=[None, *[SourceError("away")] * 3])
    capture = Capture(source, ring, RATE, CaptureConfig(reopen_every_s=0.3), wait=False)
    capture.start()
    ring.wait_closed()
    capture.stop()
    assert len(ring.gaps) > 1
    assert ring.position == round(2.1 * RATE)


def test_a_pipe_that_never_goes_on_is_a_gap_once_it_cannot_have_kept_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monitor.sources.capture.KEPT_S", 0.2)
    released = threading.Event()
    ring = RecordingRing()
    source = ScriptSource([*sound(0.1), *[None] * 9, released.wait])
    capture = Capture(source, ring, RATE, QUICK, wait=False)
    capture.start()
    eventually(lambda: len(ring.gaps) >= 2)
    released.set()
    capture.stop()
    assert source.opened == 1


def test_a_source_that_is_not_there_at_the_start_is_waited_for_and_says_what_to_do() -> None:
    told: list[tuple[str, str | None]] = []
    released = threading.Event()

    def note() -> None:
        told.append((capture.status.state, capture.status.reason))
        released.wait()

    ring = RecordingRing()
    source = ScriptSource([*sound(0.1), note], openings=[SourceAbsent("no microphone")] * 3)
    capture = Capture(source, ring, RATE, QUICK, wait=False)
    capture.start()
    assert (capture.status.state, capture.status.reason) == ("lost", "no microphone It is waited for.")
    eventually(lambda: bool(told))
    assert told == [("running", None)]
    assert (capture.status.reopened, ring.gaps) == (0, [])
    released.set()
    capture.stop()


def test_a_source_that_is_required_is_refused_at_once_if_it_is_not_there() -> None:
    source = ScriptSource([], openings=[SourceAbsent("no microphone")])
    capture = Capture(source, RecordingRing(), RATE, CaptureConfig(require=True), wait=False)
    with pytest.raises(SourceAbsent, match="no microphone"):
        capture.start()


def test_a_file_that_is_not_there_is_refused_at_once() -> None:
    source = ScriptSource([], live=False, openings=[SourceAbsent("no file")])
    with pytest.raises(SourceAbsent):
        Capture(source, RecordingRing(), RATE, QUICK, wait=False).start()


def test_an_opening_without_a_block_is_not_a_return() -> None:
    source = ScriptSource(
        [*sound(0.1), SourceLost("a"), SourceLost("b"), SourceLost("c"), *sound(0.1, 101.0)]
    )
    ring = RecordingRing()
    capture = run_to_end(source, ring)
    assert source.opened == 4
    assert capture.status.reopened == 1


def test_openings_that_come_to_nothing_are_not_hurried() -> None:
    source = ScriptSource([*sound(0.1), *(SourceLost(f"loss {number}") for number in range(9))])
    slow = CaptureConfig(reopen_every_s=60.0)
    capture = Capture(source, RecordingRing(), RATE, slow, wait=False)
    capture.start()
    eventually(lambda: capture.status.reason == "loss 1")
    capture.stop()
    assert source.opened == 2


def test_a_live_source_that_delivers_nothing_is_lost_until_it_does() -> None:
    states: list[str] = []

    def note() -> None:
        states.append(f"{capture.status.state}: {capture.status.reason}")

    source = ScriptSource([*sound(0.1), None, None, None, note, *sound(0.1, 101.0)])
    ring = RecordingRing()
    capture = Capture(source, ring, RATE, QUICK, wait=False)
    capture.start()
    ring.wait_closed()
    capture.stop()
    assert states == ["lost: No sound arrives from script."]
    assert source.opened == 1
    assert capture.status.reopened == 1
    assert ring.gaps == [(RATE // 10, RATE * 9 // 10)]
    assert ring.position == RATE * 11 // 10


def test_a_file_that_delivers_nothing_for_a_while_is_not_lost() -> None:
    states: list[str] = []
    source = ScriptSource(
        [*sound(0.1), None, None, None, lambda: states.append(capture.status.state)], live=False
    )
    ring = RecordingRing()
    capture = Capture(source, ring, RATE, QUICK, wait=False)
    capture.start()
    ring.wait_closed()
    capture.stop()
    assert states == ["running"]


def test_samples_that_are_not_numbers_are_silence_and_are_reported_at_the_end() -> None:
    samples = noise(RATE)
    samples[4000:4010] = np.nan
    samples[9000] = np.inf
    ring = RecordingRing()
    capture = run_to_end(ScriptSource(blocks(samples, [700] * 30, RATE), live=False), ring)
    expected = np.where(np.isfinite(samples[:, 0]), samples[:, 0], 0.0)
    np.testing.assert_array_equal(ring.samples, heard(expected[:, np.newaxis], RATE))
    assert capture.status.invalid == 11
    assert isinstance(capture.error, SourceDamaged)
    assert "11 samples" in str(capture.error)
    assert "0.250 s" in str(capture.error)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("absurd", [1e30, -3e38, 101.0])
def test_samples_far_beyond_full_scale_are_not_heard_and_are_reported(absurd: float) -> None:
    samples = noise(RATE, 2)
    samples[4000:4010, 1] = absurd
    ring = RecordingRing()
    capture = run_to_end(ScriptSource(blocks(samples, [700] * 30, RATE), live=False), ring)
    assert np.abs(ring.samples).max() <= 0.6
    assert capture.status.invalid == 10
    assert "10 samples of script are not numbers or far beyond full scale" in str(capture.error)


@pytest.mark.parametrize("error", [MemoryError("no room"), ZeroDivisionError("0/0")])
def test_an_error_nobody_foresaw_ends_a_file_with_a_sentence(error: Exception) -> None:
    ring = RecordingRing()
    capture = run_to_end(ScriptSource([*sound(0.1), error], live=False), ring)
    assert type(capture.error) is SourceError
    assert f"{type(error).__name__}: {error}" in str(capture.error)
    assert capture.status.state == "ended"
    assert capture.status.reason == str(capture.error)
    assert ring.closed


def test_an_error_nobody_foresaw_while_flushing_is_told_as_well() -> None:
    class BrokenRing(RecordingRing):
        def write(self, samples: NDArray[np.float32], captured_s: float, wait: bool = False) -> None:
            raise RuntimeError("broken")

    ring = BrokenRing()
    capture = run_to_end(ScriptSource(sound(0.1), live=False), ring)
    assert "RuntimeError: broken" in str(capture.error)


def test_an_error_nobody_foresaw_in_a_live_source_opens_it_again() -> None:
    ring = RecordingRing()
    source = ScriptSource([*sound(0.1), RuntimeError("odd"), *sound(0.1, 101.0)])
    capture = run_to_end(source, ring)
    assert source.opened == 2
    assert capture.error is None
    assert capture.status.reopened == 1
    assert ring.gaps == [(RATE // 10, RATE * 9 // 10)]


def test_damage_keeps_its_sentence_and_what_was_sound_is_heard() -> None:
    ring = RecordingRing()
    capture = run_to_end(ScriptSource([*sound(0.5), SourceDamaged("cut short")], live=False), ring)
    assert ring.position == RATE // 2
    assert (type(capture.error), str(capture.error)) == (SourceDamaged, "cut short")
    assert capture.status.reason == "cut short"


def test_overflows_are_counted() -> None:
    flagged = [Block(noise(320), 100.0, overflow=True) for _ in range(3)]
    assert run_to_end(ScriptSource(flagged), RecordingRing()).status.overflow == 3


def stop_takes(capture: Capture) -> float:
    begin_s = time.monotonic()
    capture.stop()
    return time.monotonic() - begin_s


def test_stopping_does_not_wait_for_a_driver_that_hangs() -> None:
    never = threading.Event()
    ring = RecordingRing()
    capture = Capture(ScriptSource([*sound(0.1), never.wait]), ring, RATE, QUICK, wait=False)
    capture.start()
    ring.wait_position(RATE // 10)
    assert stop_takes(capture) < 1.5
    assert ring.closed
    never.set()


def test_a_driver_that_hangs_is_taken_away_by_closing_the_source() -> None:
    def wait_closed() -> None:
        source.closed.wait()

    source = ScriptSource([*sound(0.1), wait_closed])
    ring = RecordingRing()
    capture = Capture(source, ring, RATE, QUICK, wait=False)
    capture.start()
    ring.wait_position(RATE // 10)
    assert stop_takes(capture) < 1.0
    assert capture.status.state == "ended"


def test_stopping_frees_a_writer_that_waits_for_a_full_ring() -> None:
    capture = Capture(ScriptSource(sound(1.0), live=False), FullRing(), RATE, QUICK, wait=True)
    capture.start()
    assert stop_takes(capture) < 0.5


def test_stopping_ends_the_wait_between_two_attempts() -> None:
    source = ScriptSource([*sound(0.1), SourceLost("gone")], openings=[None, SourceError("away")])
    slow = CaptureConfig(reopen_every_s=60.0)
    capture = Capture(source, RecordingRing(), RATE, slow, wait=False)
    capture.start()
    eventually(lambda: capture.status.reason == "away")
    assert stop_takes(capture) < 0.5


def test_stopping_twice_or_before_the_start_does_no_harm() -> None:
    capture = Capture(ScriptSource([]), RecordingRing(), RATE, QUICK, wait=False)
    capture.stop()
    capture.stop()


def test_a_file_read_at_once_waits_for_the_real_ring_and_loses_nothing() -> None:
    samples = noise(3 * RATE)
    ring = Ring(RATE // 2)
    source = ScriptSource(blocks(samples, itertools.repeat(777, 100), RATE), live=False)
    capture = Capture(source, ring, RATE, QUICK, wait=True)
    capture.start()
    parts = []
    while not ring.ended:
        if (span := ring.read(1000, 1.0)) is not None:
            parts.append(span.samples)
    capture.stop()
    np.testing.assert_array_equal(np.concatenate(parts), heard(samples, RATE))
    assert ring.counters().overwritten == 0


def test_a_source_that_changes_its_form_is_followed_without_a_reopening() -> None:
    mono, stereo = sound(0.5), blocks(noise(RATE // 4, 2), itertools.repeat(160, 25), RATE // 2, 100.5)
    ring = RecordingRing()
    source = ScriptSource([])

    def change() -> None:
        source.sample_rate = RATE // 2

    source._steps = iter([*mono, change, *stereo])
    capture = run_to_end(source, ring)
    assert (source.opened, capture.status.reopened, capture.error) == (1, 0, None)
    assert capture.status.device_sample_rate == RATE // 2
    assert ring.position == pytest.approx(RATE, abs=2)
    assert sum(length for _, length in ring.gaps) <= 1


class PatientSource(ScriptSource):
    """A source that keeps what it hears, and tells when it is read."""

    rest_s = 0.2
    block_s = 0.1


def test_a_source_that_keeps_what_it_hears_is_left_alone_until_somebody_wants_it() -> None:
    ring = RecordingRing()
    ring.missing_len = RATE // 5
    read_s: list[float] = []

    def note() -> None:
        read_s.append(time.monotonic())

    now_s = time.monotonic()
    steps: list[Step] = [*sound(0.1, now_s), note, *sound(0.1, now_s + 0.4)]
    capture = Capture(PatientSource(steps), ring, RATE, QUICK, wait=False)
    capture.start()
    ring.wait_closed()
    capture.stop()
    assert read_s[0] - now_s >= 0.2
    assert ring.position >= RATE // 5


def test_a_source_at_rest_is_stopped_at_once() -> None:
    ring = RecordingRing()
    ring.missing_len = RATE
    source = PatientSource([*sound(0.1, time.monotonic() + 60.0), *[None] * 99])
    capture = Capture(source, ring, RATE, QUICK, wait=False)
    capture.start()
    ring.wait_position(RATE // 10)
    assert stop_takes(capture) < 0.5


def test_the_reader_is_woken_when_the_source_is_lost_and_may_have_it_back_before_sound_comes() -> None:
    arrived = threading.Event()
    source = ScriptSource([*sound(0.1), SourceLost("gone")], openings=[None, SourceError("away")])
    ring = Ring(60 * RATE, arrived)
    ring.want(60 * RATE)
    capture = Capture(source, ring, RATE, CaptureConfig(reopen_every_s=60.0), wait=False)
    capture.start()
    assert arrived.wait(10.0)
    assert capture.status.state == "lost"
    capture.stop()
