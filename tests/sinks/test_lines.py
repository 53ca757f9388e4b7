from __future__ import annotations

import io
import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from monitor.bus.codec import decode_json
from monitor.bus.messages import ClockStep, Event, Health, NearMissMessage, PublishedRecord
from monitor.records import BackgroundState, CalibrationState, HearingState
from monitor.sinks import Sink
from monitor.sinks.line_texts import event_line
from monitor.sinks.lines import LineSink, TroubleSink
from monitor.wording import HEARING
from tests.examples import NOON, event, health, level, near_miss

ONSET = "13:00:00  onset   may be a dog bark, score 0.81 (threshold 0.50), level -32.1 dBFS, SNR 18 dB"
OFFSET = "13:00:03  offset  dog bark ended after 3.0 s, peak 0.93, level -32.1 dBFS, SNR 18 dB"
DAY = "13:00:00  date    Saturday 2026-11-21, times are CET (UTC+01:00)"
T = TypeVar("T", bound=PublishedRecord)
LISTENING = "13:00:00  health  listening to USB microphone for dog bark, model embedded"


@pytest.fixture(autouse=True)
def zurich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


def printed(*records: PublishedRecord, as_json: bool = False, near_misses: bool = False) -> list[str]:
    """Return the lines, but those that tell the day."""
    lines = all_printed(*records, as_json=as_json, near_misses=near_misses)
    return [line for line in lines if "  date    " not in line]


def all_printed(*records: PublishedRecord, as_json: bool = False, near_misses: bool = False) -> list[str]:
    stream = io.StringIO()
    sink: Sink = LineSink(stream, as_json, near_misses)
    for record in records:
        sink.emit(record)
    sink.close()
    return stream.getvalue().splitlines()


def test_a_file_in_real_time_that_is_late_is_told_once() -> None:
    stream = io.StringIO()
    lines = LineSink(stream, as_json=False)
    for behind_s in (0.1, 3.4, 5.0):
        lines.emit(msgspec.structs.replace(health(), behind_s=behind_s))
    told = [line for line in stream.getvalue().splitlines() if "LATE" in line]
    assert [line.partition("LATE: ")[2] for line in told] == [
        "the program does not keep up; what it reports is 3.4 s late, and nothing is passed over"
    ]


def test_a_person_reads_one_line_when_a_sound_begins_and_one_when_it_ends() -> None:
    assert printed(event("onset"), event("update"), event("offset")) == [ONSET, OFFSET]


def test_an_urgent_event_says_so_first() -> None:
    (line,) = printed(msgspec.structs.replace(event(), urgent=True))
    assert "  onset   URGENT: may be a dog bark," in line


def test_an_onset_that_was_missed_is_told_at_the_first_update() -> None:
    assert printed(event("update"), event("update"), event("offset")) == [ONSET, OFFSET]


@pytest.mark.parametrize(
    ("ended_by", "words"),
    [
        ("lost", "(the source was lost)"),
        ("muted", "(the class was muted)"),
        ("failed", "(the monitor failed)"),
        ("later \x1b", "(later �)"),
    ],
)
def test_an_event_that_did_not_end_by_itself_says_why(ended_by: str, words: str) -> None:
    (line,) = printed(msgspec.structs.replace(event("offset"), ended_by=ended_by))
    assert f"ended after 3.0 s {words}, peak" in line


@pytest.mark.parametrize("like", ["", ", like crickets"])
def test_a_loud_sound_is_told_with_how_far_it_is_over_the_background(like: str) -> None:
    loud = msgspec.structs.replace(event("onset", "loud_sound"), label=f"loud sound{like}", snr_db=28.2)
    (line,) = printed(loud)[-1:]
    assert line == f"13:00:00  onset   loud sound, 28 dB over the background{like}, level -32.1 dBFS"


def test_a_low_battery_is_told_as_what_it_is() -> None:
    words = "low-battery chirp of a smoke alarm, one every 43 s"
    (line,) = printed(msgspec.structs.replace(event("onset", "alarm_low_battery"), label=words))[-1:]
    assert line.startswith(f"13:00:00  onset   {words}, level ")


def test_near_misses_are_told_with_their_reason_only_where_asked_for() -> None:
    assert printed(near_miss()) == []
    (line,) = printed(near_miss(), near_misses=True)
    why = "not reported: its score stayed below the threshold"
    assert line == f"13:00:00  nearly  dog bark, score 0.41 (threshold 0.50), {why}"


def test_changes_of_health_are_told_once() -> None:
    lines = printed(
        health("running"),
        health("running"),
        health("lost", "nothing arrives"),
        health("lost", "nothing arrives"),
        health("running"),
        health("silent", "muted?"),
        health("ended", "the file is over"),
    )
    assert lines == [
        LISTENING,
        "13:00:00  health  LOST: USB microphone, nothing arrives",
        "13:00:00  health  back: USB microphone is heard again",
        "13:00:00  health  SILENT: USB microphone, muted?",
        "13:00:00  health  ended: USB microphone, the file is over",
    ]


def test_being_late_is_told_when_it_begins() -> None:
    late = [health(skipped=passed) for passed in (0, 16000, 32000, 32000, 48000)]
    text = "13:00:00  health  LATE: the program does not keep up; {} s of sound passed over so far"
    assert printed(*late) == [LISTENING, text.format(0.5), text.format(1.5)]


def test_being_late_with_many_sources_is_told_once_and_not_for_each() -> None:
    told = [health(), health(skipped=16000)]
    sources = [
        msgspec.structs.replace(one, source_id=f"bed-{number}", source_name=f"Bed {number}")
        for one in told
        for number in range(20)
    ]
    deaf = [
        msgspec.structs.replace(one, hearing="deaf", hearing_reason="the program does not keep up")
        for one in sources[20:]
    ]
    lines = printed(*sources, *deaf)
    assert len([line for line in lines if "LATE" in line]) == 1
    assert not [line for line in lines if "DEAF" in line]
    assert "1 of 20 sources are not heard whole, of all the same share is passed over" in lines[-1]


def in_background(changes: int) -> Health:
    return msgspec.structs.replace(health(), background=BackgroundState(True, 1.0, 40, changes=changes))


def test_a_change_of_background_is_told_once_and_one_from_before_not_at_all() -> None:
    lines = printed(in_background(1), in_background(1), in_background(2), in_background(2), in_background(0))
    assert lines == [LISTENING, "13:00:00  health  another background noticed; learning it"]


def allowing(per_hour: float, heard_s: float, ready: bool) -> Health:
    return msgspec.structs.replace(health(), calibration=CalibrationState(per_hour, heard_s, ready))


def test_thresholds_from_the_stream_are_told_at_the_start_and_when_they_are_learnt() -> None:
    lines = printed(allowing(0.5, 0.0, False), allowing(0.5, 290.0, False), allowing(0.5, 300.0, True))
    assert lines == [
        f"{LISTENING}, false alarms allowed: 0.5/h",
        "13:00:00  health  thresholds learnt from 5 min, for 0.5/h false alarms",
    ]
    assert printed(allowing(1 / 24, 0.0, True)) == [f"{LISTENING}, false alarms allowed: 1/day"]


def test_a_program_reads_the_payload_of_each_message_of_an_event() -> None:
    records = [event("onset"), event("update"), event("offset")]
    lines = printed(health(), *records, level(), near_miss(), as_json=True)
    assert [decode_json(line.encode(), Event) for line in lines] == records
    assert len(printed(near_miss(), as_json=True, near_misses=True)) == 1


@pytest.mark.parametrize("as_json", [True, False])
def test_no_line_can_steer_the_terminal(as_json: bool) -> None:
    evil = "\x1b[2J\x9b\u202e\u2028"
    record = msgspec.structs.replace(event(class_=evil), source_name=evil, prompt=evil)
    (line,) = printed(record, as_json=as_json)
    assert line.isprintable()
    if as_json:
        assert json.loads(line)["source_name"].endswith("���")


def test_the_sink_is_closed_once_its_reader_has_gone() -> None:
    read_fd, write_fd = os.pipe()
    with os.fdopen(write_fd, "w") as stream:
        sink = LineSink(stream, as_json=False)
        sink.emit(event())
        assert not sink.closed
        os.close(read_fd)
        assert sink.closed  # though there was nothing to print
        sink.emit(event("offset"))
        sink.close()


def test_local_time_is_that_of_the_reader() -> None:
    assert event().onset_time.astimezone() == datetime.fromisoformat("2026-11-21T13:00:00+01:00")


def test_the_day_and_the_zone_are_told_at_the_start_and_when_they_change() -> None:
    night = NOON.replace(hour=22, minute=59, second=59)
    ended = msgspec.structs.replace(
        event("offset"), onset_time=night, offset_time=night + timedelta(seconds=3)
    )
    summer = msgspec.structs.replace(health("lost"), time=datetime(2027, 3, 28, 1, 0, tzinfo=UTC))
    lines = all_printed(event(), msgspec.structs.replace(ended, type="onset"), ended, summer)
    assert [line for line in lines if "  date    " in line] == [
        DAY,
        "00:00:02  date    Sunday 2026-11-22, times are CET (UTC+01:00)",
        "03:00:00  date    Sunday 2027-03-28, times are CEST (UTC+02:00)",
    ]
    assert lines[0] == DAY
    assert "  date    " not in "".join(all_printed(health(), event(), as_json=True))


def test_a_file_has_positions_and_no_times_of_day() -> None:
    def at(record: Health | NearMissMessage, position_s: float) -> Health | NearMissMessage:
        return msgspec.structs.replace(record, position_s=position_s)

    begun = msgspec.structs.replace(event(), onset_position_s=83.46)
    ended = msgspec.structs.replace(event("offset"), onset_position_s=83.46, offset_position_s=86.4)
    lines = all_printed(
        at(health(), 0.0), begun, ended, at(near_miss(), 3600.0), at(health("ended", "over"), 3725.05),
        near_misses=True,
    )  # fmt: skip
    times, kinds = zip(*(line.split()[:2] for line in lines), strict=True)
    assert times == ("00:00:00.0", "00:01:23.4", "00:01:26.4", "01:00:00.0", "01:02:05.0")
    assert kinds == ("health", "onset", "offset", "nearly", "health")


@pytest.mark.parametrize(
    ("step_s", "slept_s", "words"),
    [
        (-3600.0, 0.0, "the computer's clock was set back by 3600 s"),
        (0.25, 0.0, "the computer's clock was set forward by 0.25 s"),
        (28800.2, 28800.2, "the computer slept for 28800 s and heard nothing"),
        (
            7200.0,
            3600.0,
            "the computer slept for 3600 s and heard nothing; the computer's clock was set forward by 3600 s",
        ),
    ],
)
def test_a_clock_that_was_set_is_told_once_though_every_source_says_so(
    step_s: float, slept_s: float, words: str
) -> None:
    def stepped(source_id: str, number: int) -> Health:
        step = ClockStep(number, NOON, step_s, slept_s) if number else None
        return msgspec.structs.replace(health(), source_id=source_id, clock_step=step)

    lines = printed(*(stepped(id_, number) for number in (0, 1, 1) for id_ in ("attic", "cellar")))
    assert lines[2:] == [f"13:00:00  clock   {words}; times before and after do not fit together"]
    assert len(printed(*(stepped("attic", number) for number in (0, 1, 2, 0, 1)))) == 4
    stream = io.StringIO()
    sink = TroubleSink(stream)
    for number in (0, 1, 1):
        sink.emit(stepped("attic", number))
    sink.close()
    assert stream.getvalue().splitlines() == lines[2:]


def test_trouble_is_told_beside_json_and_nothing_else() -> None:
    stream = io.StringIO()
    sink: Sink = TroubleSink(stream)
    for record in (
        health(),
        event(),
        health("lost", "unplugged"),
        health("running"),
        health("ended", "over"),
    ):
        sink.emit(record)
    sink.close()
    day, lost, back = stream.getvalue().splitlines()
    assert day == DAY
    assert "LOST" in lost
    assert "back" in back


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_in_one_sentence() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        sink = LineSink(full, as_json=True)
        troubles = [sink.trouble]
        sink.emit(event())
        troubles.append(sink.trouble)
        assert troubles == [None, "Lines cannot be written: No space left on device."]
        assert sink.dropped == 1


def test_a_sink_that_may_wait_loses_no_line_to_a_slow_reader() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "w") as stream, os.fdopen(read_end) as reader:
        sink = LineSink(stream, as_json=True, wait=lambda: True)
        received: list[str] = []
        thread = threading.Thread(target=lambda: received.extend(reader))
        thread.start()
        for _ in range(3000):
            sink.emit(event())
        sink.close()
        stream.close()
        thread.join()
    assert (len(received), sink.dropped) == (3000, 0)


def test_each_line_names_its_source_where_there_are_several() -> None:
    def of(record: T, name: str) -> T:
        known = {"source_id": name, "source_name": f"the {name}"}
        fields = {key: value for key, value in known.items() if key in record.__struct_fields__}
        return msgspec.structs.replace(record, **fields)

    records: list[PublishedRecord] = [health(), health(skipped=16000), event(), near_miss()]
    lines = printed(of(health(), "attic"), *(of(r, "cellar") for r in records), near_misses=True)
    assert [line[18:].partition(":")[0] for line in lines[2:]] == ["the cellar"] * 3
    alone = printed(*(of(r, "cellar") for r in records), near_misses=True)
    assert not any("the cellar:" in line for line in alone)


def test_what_another_run_left_missed_says_where_it_was() -> None:
    missed = msgspec.structs.replace(event("missed"), source_name="Bed 3", offset_time=NOON)
    assert "MISSED  Bed 3: dog bark" in printed(missed)[-1]


def test_trouble_of_one_source_does_not_hide_that_another_is_back() -> None:
    stream = io.StringIO()
    sink = TroubleSink(stream)
    other = {"source_id": "b", "source_name": "cellar"}
    for record in (
        health("lost", "unplugged"),
        msgspec.structs.replace(health(), **other),
        msgspec.structs.replace(health("lost", "dead"), **other),
        health(),
    ):
        sink.emit(record)
    sink.close()
    assert [line[10:] for line in stream.getvalue().splitlines()[1:]] == [
        "health  LOST: USB microphone, unplugged",
        "health  LOST: cellar, dead",
        "health  back: USB microphone is heard again",
    ]


def hearing(state: HearingState, reason: str | None = None, channels: str | None = None) -> Health:
    return msgspec.structs.replace(health(), hearing=state, hearing_reason=reason, channels=channels)


def test_a_source_that_is_heard_badly_is_told_when_that_begins_and_when_it_ends() -> None:
    lines = printed(
        hearing("good"),
        hearing("noisy", "the background is at -10 dBFS"),
        hearing("noisy", "the background is at -11 dBFS"),
        hearing("overloaded", "clipped"),
        hearing("good"),
        hearing("good"),
    )
    assert [line.partition("health  ")[2] for line in lines[1:]] == [
        "NOISY: USB microphone, the background is at -10 dBFS",
        "OVERLOADED: USB microphone, clipped",
        "back: USB microphone is heard well again",
    ]


def test_who_joins_late_is_told_that_a_source_is_heard_badly() -> None:
    assert "NOISY: USB microphone, loud" in printed(hearing("noisy", "loud"))[-1]


def test_channels_that_are_not_heard_are_told_once() -> None:
    dead = hearing("good", channels="channel 2 carries no sound")
    lines = printed(hearing("good"), dead, dead)
    assert [line.partition("health  ")[2] for line in lines[1:]] == [
        "CHANNELS: USB microphone, channel 2 carries no sound"
    ]


@pytest.mark.parametrize("state", ["noisy", "overloaded", "deaf"])
def test_a_source_that_is_heard_badly_is_told_beside_json(state: HearingState) -> None:
    out = io.StringIO()
    trouble = TroubleSink(out)
    for record in (hearing("good"), hearing(state, "why"), hearing("good"), hearing("good")):
        trouble.emit(record)
    trouble.close()
    told = out.getvalue()
    assert f"{HEARING[state]}: USB microphone, why" in told
    assert told.count("heard well again") == 1


def test_a_sound_that_is_its_own_background_is_not_given_a_distance_below_it() -> None:
    loud = msgspec.structs.replace(event(), snr_db=-8.0)
    assert event_line(loud).endswith("dBFS, no louder than the background so far")
    assert event_line(msgspec.structs.replace(loud, snr_db=0.4)).endswith("SNR 0 dB")
