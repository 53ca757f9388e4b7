from __future__ import annotations

from dataclasses import replace

from monitor.tui.announcer import Announcer

from .stories import STORIES


def test_everything_is_told_once() -> None:
    announcer = Announcer()
    first = announcer.news(STORIES["listening"]())
    assert first == ["The monitor listens.", "USB microphone: HEARS."]
    assert announcer.news(STORIES["listening"]()) == []


def test_an_alarm_is_told_when_it_begins_when_it_was_missed_and_when_somebody_has_seen_it() -> None:
    announcer = Announcer()
    announcer.news(STORIES["listening"]())
    alarm = STORIES["urgent"]()
    told = announcer.news(alarm)
    (now,) = [
        sentence for sentence in told if sentence.startswith("SMOKE ALARM NOW: may be a smoke alarm, very")
    ]
    assert now.endswith("27 dB over the background. URGENT. Type a when you have seen it.")
    open_ = alarm.open_events[0]
    ended = replace(open_, ended_by="quiet")
    over = replace(alarm.state, heard={ended.key: ended})
    (missed,) = announcer.news(replace(alarm, state=over, states={}))
    assert missed == "MISSED SMOKE ALARM, 14:02:56. Type a when you have seen it."


def test_what_was_missed_before_it_came_is_told_and_what_was_seen_is_not() -> None:
    told = Announcer().news(STORIES["missed"]())
    assert sum("MISSED" in sentence for sentence in told) == 4
    assert not any("dog bark" in sentence for sentence in told)


def test_a_source_that_is_not_heard_well_is_told_with_what_to_do() -> None:
    announcer = Announcer()
    announcer.news(STORIES["listening"]())
    assert announcer.news(STORIES["noisy"]()) == [
        "USB microphone: NOISY. a siren must be 8 dB louder; move it away."
    ]
    assert announcer.news(STORIES["gone"]())[0].startswith("MONITOR GONE.")


def test_an_urgent_class_that_is_muted_is_told() -> None:
    told = Announcer().news(STORIES["muted-urgent"]())
    assert any("SMOKE ALARM is urgent and will not be reported" in sentence for sentence in told)


def test_the_status_says_why_nothing_fired() -> None:
    told = Announcer().status(STORIES["listening"]())
    assert told[0].startswith("LISTENING: nothing recognised")
    assert "nearest dog bark" in told[-1]


def test_where_several_sources_are_heard_the_end_of_a_sound_says_which_one_too() -> None:
    announcer, view = Announcer(), STORIES["hundred"]()
    (sounding,) = view.open_events
    (began,) = [one for one in announcer.news(view) if " NOW, " in one]
    source = began.partition(" NOW, ")[2].partition(":")[0]
    state = view.state_of(sounding.event.source_id)
    over = replace(state, heard={sounding.key: replace(sounding, ended_by="quiet")})
    states = {**view.states, sounding.event.source_id: over}
    told = announcer.news(replace(view, states=states))
    assert any(f", {source} ended after" in one for one in told)
