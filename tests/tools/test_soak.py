"""What a year alone is tried by: a made day, a faster clock, what is counted, and short trials."""

from __future__ import annotations

import contextlib
import itertools
import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from tests.examples import event, health, level
from tests.vmic import missing as no_microphone
from tools.benchmark import made_day
from tools.benchmark.fast_clock import FastClock, missing
from tools.benchmark.kept_state import damaged
from tools.benchmark.sample_times import SampleTimes, uncounted
from tools.benchmark.soak_report import alarms_told, lines_of, summary, without_gaps

ROOT = Path(__file__).parents[2]
needs_clock = pytest.mark.skipif(bool(missing()), reason=missing())
CLOCKS = """
import time
def distance():  # of the wall clock: it is read between two readings of the other
    first, wall, last = time.monotonic(), time.time(), time.monotonic()
    assert first <= last
    return wall - last - 1e-3, wall - first + 1e-3
before, end, (low, high) = time.monotonic(), time.monotonic() + 40.0, distance()
while time.monotonic() < end:
    now = time.monotonic()
    assert now >= before
    before, (least, most) = now, distance()
    assert least <= high and most >= low, "the clocks keep their distance"
"""
WAITS = """
import threading, time, zmq
socket = zmq.Context.instance().socket(zmq.SUB)
for wait in (threading.Event().wait, time.sleep, lambda s: socket.poll(s * 1000)):
    began = time.monotonic()
    wait(20.0)
    assert 19.9 < time.monotonic() - began, wait
"""


def command(tool: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"tools.benchmark.{tool}", *arguments]


def test_the_first_and_the_last_hours_of_the_day_are_the_same_sound_with_the_same_alarms() -> None:
    hour = made_day.HOUR_S // made_day.CHUNK_S
    for part in (0, 20, 21, 100):
        assert np.array_equal(made_day.chunk(hour + part), made_day.chunk(23 * hour + part))
    plan = made_day.planned_alarms(24.0)
    first, last = ([one for one in plan if one.onset_s // 3600 == hour] for hour in (1, 23))
    assert [(one.class_name, one.onset_s + 22 * 3600, one.over_db) for one in first] == [
        (one.class_name, one.onset_s, one.over_db) for one in last
    ]
    assert len(first) == 12


def test_an_alarm_is_there_and_where_the_microphone_is_off_there_is_nothing() -> None:
    siren = made_day.planned_alarms(1.0)[0]
    quiet, loud = made_day.chunk(19), made_day.chunk(int(siren.onset_s // made_day.CHUNK_S))
    assert np.abs(loud).max() > 5 * np.abs(quiet).max()
    muted = made_day.DAY.index("muted") * 360
    assert not made_day.chunk(muted + 130).any()
    assert made_day.chunk(muted + 100).any()


@needs_clock
def test_a_faster_clock_never_goes_back_when_its_speed_changes(tmp_path: Path) -> None:
    clock = FastClock(tmp_path, 40.0)
    process = subprocess.Popen([sys.executable, "-c", CLOCKS], env=clock.environment)
    speeds = itertools.cycle([50.0, 10.0, 40.0])
    while process.poll() is None:
        clock.run_at(next(speeds))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    assert process.returncode == 0


@needs_clock
def test_a_minute_of_waiting_by_a_faster_clock_takes_seconds(tmp_path: Path) -> None:
    clock = FastClock(tmp_path, 20.0)
    began_s = time.monotonic()
    subprocess.run([sys.executable, "-c", WAITS], env=clock.environment, check=True)
    assert time.monotonic() - began_s < 50.0


def test_times_that_go_with_the_samples_agree_and_those_that_do_not_are_told() -> None:
    times, first = SampleTimes(), level()
    for second in range(101):  # a device whose clock is 100 ppm fast, and one time that is 60 ms late
        off_s = -1e-4 * second + (0.06 if second == 50 else 0.0)
        time = first.time + timedelta(seconds=second + off_s)
        times.note(structs.replace(first, sample=first.sample + 32_000 * second, time=time), 32_000)
    found = times.figures()
    assert (found.most_ahead_ms, found.most_behind_ms, found.last_ms) == (55.0, -10.0, -10.0)
    assert found.device_ppm == pytest.approx(100.0, abs=1.0)
    assert found.levels == 101
    assert found.largest_ms == pytest.approx(60.0, abs=1.0)


def test_a_sample_that_no_counter_has_is_missed() -> None:
    counted = structs.replace(health(), captured=10, analysed=4, pending=3, skipped=1, overwritten=1, gap=1)
    assert uncounted(counted) == 0
    assert uncounted(structs.replace(counted, captured=12)) == 2


def test_what_is_damaged_is_found_and_what_is_whole_is_not(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "history.db")) as database:
        database.execute("CREATE TABLE kept (text TEXT)")
        database.executemany("INSERT INTO kept VALUES (?)", [(f"{n} " * 400,) for n in range(200)])
        database.commit()
    (tmp_path / "learnt.json").write_text("{}")
    (tmp_path / "log.jsonl").write_text('{"a": 1}\n')
    assert damaged(tmp_path) == []
    content = bytearray((tmp_path / "history.db").read_bytes())
    content[8192:12288] = b"\x55" * 4096
    (tmp_path / "history.db").write_bytes(content)
    (tmp_path / "learnt.json").write_text('{"half":')
    (tmp_path / "log.jsonl").write_text('{"a": 1}\n{"b"')
    assert sorted(one.split(":")[0] for one in damaged(tmp_path)) == [
        "history.db",
        "learnt.json",
        "log.jsonl",
    ]


def told(class_name: str, at_s: float) -> dict[str, Any]:
    one = structs.replace(event("onset", class_name), onset_sample=round(at_s * 32_000), sample_rate=32_000)
    return {"kind": "event", "type": "onset", "class": class_name, "onset_sample": one.onset_sample,
            "sample_rate": one.sample_rate}  # fmt: skip


def test_a_report_counts_what_was_planned_told_and_neither() -> None:
    plan = made_day.planned_alarms(2.0)
    events = [told(one.class_name, one.onset_s + 1.0) for one in plan[1:]]
    events += [told(plan[3].class_name, plan[3].onset_s + 2.0)]  # told twice: no false alarm
    events += [told("baby_cry", 4000.0), told("loud_sound", 4100.0), told("siren", plan[0].onset_s - 30.0)]
    first, second = alarms_told(events, plan, 2.0)
    assert (first.planned, first.told, first.false, first.loud) == (12, 11, 1, 0)
    assert first.missed == ["siren at 3 min, 20 dB"]
    assert (second.planned, second.told, second.false, second.loud) == (12, 12, 1, 1)


def test_where_the_source_was_lost_its_alarms_are_counted_as_late_as_it_went_on() -> None:
    plan = made_day.planned_alarms(1.0)
    rate = made_day.SAMPLE_RATE
    events = [told(one.class_name, one.onset_s + (30.0 if one.onset_s > 1000.0 else 0.0)) for one in plan]
    samples = [
        {"health": {"captured": at_s * rate, "gap": gap_s * rate}}
        for at_s, gap_s in ((900, 0), (1200, 30), (3700, 30))
    ]
    (hour,) = alarms_told(without_gaps(events, samples), plan, 1.0)
    assert (hour.planned, hour.told, hour.false) == (12, 12, 0)


@pytest.mark.slow
@needs_clock
def test_minutes_of_the_day_pass_faster_and_the_alarm_in_them_is_told(tmp_path: Path) -> None:
    out = tmp_path / "day"
    done = subprocess.run(
        command("soak_day", str(out), "--hours", "0.0625"),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr + (out / "errors.txt").read_text()
    samples = lines_of(out / "samples.jsonl")
    (hour,) = alarms_told(lines_of(out / "events.jsonl"), made_day.planned_alarms(0.0625), 0.0625)
    assert (hour.planned, hour.told) == (1, 1), hour
    assert samples[-1]["shown_s"] > 2.0 * samples[-1]["true_s"]
    assert summary(samples)["counters"]["gap"] == 0
    about = json.loads((out / "about.json").read_text())
    assert (about["exit_code"], about["messages_lost_by_the_subscriber"]) == (0, 0)
    kept = {Path(name).name for name in about["left"]}
    assert {"history.db", "memory.db", "log.jsonl"} <= kept, "it is heard as a live source is"
    assert damaged(out / "own") == []


@pytest.mark.slow
@pytest.mark.skipif(bool(no_microphone()), reason=no_microphone())
def test_times_agree_with_samples_on_a_virtual_microphone(tmp_path: Path) -> None:
    arguments = ("--minutes", "0.2", "--busy", "0", "--warm-up-s", "8", "--out", str(tmp_path))
    done = subprocess.run(command("soak", *arguments), capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["times"]["levels"] > 60
    assert found["times"]["largest_ms"] < 50.0
    assert found["most_samples_in_no_counter"] == 0
    assert lines_of(tmp_path / "samples.jsonl")
