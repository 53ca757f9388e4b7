"""What is so at a node: the source that hears least comes first, and what is worth a report is one."""

from __future__ import annotations

from msgspec.structs import replace

from monitor.bus.messages import Event, Health, HearingChange, Report
from monitor.sinks.uplink.summary import About, Summary, Waits, shown
from tests.examples import NOON, event, health

ABOUT = About("attic", "run1", "1.0", "Under the roof", NOON, 15.0)
GONE = HearingChange(1, NOON, "deaf", "the microphone is gone", "good", 3.0)


def taken(summary: Summary, *records: Event | Health) -> list[Report]:
    return [report for one in records for report in summary.take(one, NOON)]


def test_each_message_of_a_life_is_one_report_but_for_updates_and_recordings() -> None:
    reports = taken(Summary(ABOUT), *(event(one) for one in ("onset", "update", "offset")))
    assert [one.id for one in reports] == ["run-dog_bark-0:onset", "run-dog_bark-0:offset"]


def test_where_a_recording_is_stays_on_the_machine() -> None:
    (report,) = taken(Summary(ABOUT), replace(event(), clip="/home/ear/clips/1.flac"))
    assert report.event is not None
    assert report.event.clip is None


def test_a_change_of_hearing_is_reported_once_and_the_worst_source_speaks_for_the_node() -> None:
    summary = Summary(ABOUT)
    deaf = replace(
        health("lost", "the microphone is gone"),
        source_id="mic1",
        hearing="deaf",
        hearing_reason="the microphone is gone",
        hearing_change=GONE,
    )
    reports = taken(summary, health(), deaf, deaf)
    assert [(one.id, one.source_id) for one in reports] == [("run1:mic1:1", "mic1")]
    state = summary.state(NOON, Waits(2, NOON, 1))
    assert (state.hearing, state.reason) == ("deaf", "the microphone is gone")
    assert [one.id for one in state.sources] == ["mic1", "mic0"]
    assert (state.waiting, state.lost) == (2, 1)


def test_a_node_that_has_heard_nothing_yet_is_deaf_and_says_why() -> None:
    state = Summary(ABOUT).state(NOON, Waits())
    assert (state.hearing, state.reason) == ("deaf", "it has only just begun")


def test_what_was_missed_is_counted_until_somebody_has_seen_it() -> None:
    summary = Summary(ABOUT)
    urgent = replace(event("offset"), urgent=True)
    taken(summary, replace(event(), urgent=True), urgent)
    assert summary.state(NOON, Waits()).missed == 1
    taken(summary, replace(urgent, type="acknowledged", acknowledged_at=NOON))
    assert summary.state(NOON, Waits()).missed == 0


def test_time_alone_is_no_news() -> None:
    summary = Summary(ABOUT)
    taken(summary, health())
    before = summary.state(NOON, Waits(1, NOON))
    assert shown(before) == shown(summary.state(NOON.replace(minute=5), Waits(2, NOON)))
    taken(summary, event())
    assert shown(before) != shown(summary.state(NOON, Waits()))
