from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from monitor.bus.messages import Candidate, PublishedRecord
from monitor.records import BackgroundState, HearingState, SourceState
from monitor.tui.headline import FLASH_HZ, URGENT_FLASH_S, Headline, headline
from monitor.tui.panels.status import status_lines
from monitor.tui.state import State
from monitor.tui.theme import SHAPES
from monitor.tui.view import Contact, View

from .fakes import CLASSES, class_state, event, health, scores
from .several import of, view_among


def seen(*records: PublishedRecord, now_s: float = 15.0, contact: Contact = "alive") -> Headline:
    state = State()
    for record in records:
        state = state.apply(record, 10.0)
    return headline(
        View(state=state, now_s=now_s, endpoint="tcp://127.0.0.1:5557", contact=contact, maker=True)
    )


def test_quiet_says_that_it_listens_and_recognised_nothing() -> None:
    head = seen(health(10.0, classes=(class_state("siren"),)))
    assert (head.kind, head.word, head.detail) == ("quiet", "listening", "nothing recognised")


def test_before_the_first_window_nothing_is_said_to_be_unrecognised() -> None:
    begun = msgspec.structs.replace(health(7.0), analysed=0, pending=7 * 16_000)
    assert "the first window is not complete yet" in seen(begun).detail


def test_quiet_says_how_many_classes_are_muted() -> None:
    assert "1 of 6 classes muted" in seen(health(10.0, classes=CLASSES)).detail
    muted = (class_state("siren", muted=True),)
    assert "nothing can be reported" in seen(health(10.0, classes=muted)).detail


def test_quiet_says_that_the_background_is_still_being_learnt() -> None:
    learning = msgspec.structs.replace(
        health(10.0), background=BackgroundState(ready=False, age_s=0.0, windows=3)
    )
    assert "still learning this background" in seen(learning).detail


def test_an_open_event_is_named_with_score_distance_and_time() -> None:
    head = seen(health(10.0), event("onset"))
    assert (head.kind, head.word) == ("event", "siren")
    assert head.detail == "may be siren 0.87 · 14 dB over the background · since 5 s"


def test_another_candidate_is_named_when_it_is_at_least_half_as_likely() -> None:
    doubtful = msgspec.structs.replace(
        event("onset"), candidates=[Candidate("siren", 0.87), Candidate("car_horn", 0.5)]
    )
    assert "may be siren 0.87 or car horn 0.50" in seen(doubtful).detail


def test_an_urgent_event_comes_before_a_newer_one_that_is_not() -> None:
    head = seen(event("onset", urgent=True), event("onset", "dog_bark", onset=12.0))
    assert (head.kind, head.word) == ("urgent", "siren")
    assert "also dog bark 0.87" in head.detail


def test_an_event_stays_for_a_while_after_its_end_and_is_then_the_last_one() -> None:
    ended = event("offset", onset=5.0, offset=8.0, ended_by="quiet")
    head = seen(health(10.0), ended, now_s=10.0)
    assert (head.kind, head.word) == ("recent", "siren")
    assert "ended 2 s ago · lasted 3 s" in head.detail
    later = seen(health(10.0), ended, now_s=55.0)
    assert later.kind == "quiet"
    assert "last: siren" in later.detail
    assert "47 s ago" in later.detail


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("lost", "source lost"),
        ("silent", "too quiet"),
        ("paused", "paused"),
        ("ended", "source ended"),
        ("starting", "starting"),
    ],
)
def test_what_keeps_it_from_hearing_comes_before_any_event(state: SourceState, word: str) -> None:
    head = seen(health(10.0, state), event("onset", urgent=True))
    assert head.word == word
    assert head.kind not in ("quiet", "event", "urgent")


def test_an_event_that_fades_is_told_by_its_highest_score() -> None:
    loud, faint = event("onset"), event("update", score=0.01)
    other = msgspec.structs.replace(faint, candidates=[Candidate("dog_bark", 0.09), Candidate("siren", 0.01)])
    head = seen(health(10.0), loud, scores(13.0, siren=0.87), other, scores(15.0, siren=0.01))
    assert (head.kind, head.word) == ("event", "siren")
    assert head.detail == "fading · may have been siren 0.87 · 14 dB over the background · lasted 2 s"
    again = seen(health(10.0), loud, other, scores(15.0, siren=0.5))
    assert again.detail == "may be siren 0.87 · 14 dB over the background · since 4 s"


@pytest.mark.parametrize("state", ["lost", "silent"])
def test_that_it_is_paused_is_told_also_while_it_cannot_hear(state: SourceState) -> None:
    assert "and paused (space ends that)" in seen(health(10.0, state, paused=True)).detail
    assert "paused" not in seen(health(10.0, state)).detail


def test_the_end_of_the_demo_says_how_to_hear_it_again() -> None:
    over = health(10.0, "ended", "the demo is over")
    again = "press q; monitor run --source demo plays it again"
    assert again in seen(msgspec.structs.replace(over, source_id="demo")).detail
    assert again not in seen(over).detail
    assert "press q" in seen(over).detail


def test_a_lost_source_says_why() -> None:
    assert (
        "USB microphone was unplugged" in seen(health(10.0, "lost", "USB microphone was unplugged.")).detail
    )


def test_a_monitor_that_is_gone_or_not_there_yet_comes_before_everything() -> None:
    assert seen(health(10.0, "lost"), event("onset"), contact="gone").word == "monitor gone"
    assert seen(contact="none").word == "no monitor yet"


def test_every_kind_has_a_shape_of_its_own() -> None:
    assert len(set(SHAPES.values())) == len(SHAPES)


def test_an_onset_flashes_slower_than_three_times_a_second_and_stops() -> None:
    head = seen(event("onset", urgent=True))
    start = head.flash_from_s
    assert start is not None
    phases = [head.inverted(start + k / 100) for k in range(1, 1000)]
    flashes = sum(after and not before for before, after in pairwise(phases))
    assert 0 < flashes <= URGENT_FLASH_S * FLASH_HZ
    assert FLASH_HZ < 3.0
    assert not any(phases[round(URGENT_FLASH_S * 100) :])


def test_quiet_never_flashes() -> None:
    assert not seen(health(10.0)).inverted(10.1)


def among(*records: PublishedRecord) -> Headline:
    """What is said where there are several sources."""
    return headline(view_among(*records, now_s=15.0))


ATTIC = of(health(10.0), "attic")
CELLAR_LOST = of(health(10.0, "lost", "unplugged."), "cellar")


def test_a_source_that_is_lost_is_told_by_name_although_another_hears() -> None:
    head = among(ATTIC, CELLAR_LOST)
    assert (head.kind, head.word) == ("fault", "source lost")
    assert head.detail.startswith("2 the cellar · unplugged · since 5 s")


def test_a_source_that_is_lost_does_not_hide_what_another_hears() -> None:
    head = among(ATTIC, CELLAR_LOST, of(event("onset"), "attic"))
    assert (head.kind, head.word) == ("event", "siren")
    assert head.detail.startswith("1 the attic · may be siren 0.87")
    ended = among(ATTIC, CELLAR_LOST, of(event("offset", onset=5.0, offset=8.0), "attic"))
    assert ended.detail.startswith("1 the attic · ended 7 s ago")


def test_what_sounded_at_a_lost_source_is_not_said_to_sound_now() -> None:
    assert among(ATTIC, CELLAR_LOST, of(event("onset"), "cellar")).word == "source lost"


def test_where_none_hears_the_worst_comes_first() -> None:
    ended = of(health(10.0, "ended"), "attic")
    assert among(ended, CELLAR_LOST, of(event("onset"), "attic")).word == "source lost"
    assert among(ended, of(health(10.0, "ended"), "cellar")).detail.startswith("all sources have ended")


def test_the_end_of_one_file_is_no_fault_while_another_is_heard() -> None:
    assert among(ATTIC, of(health(10.0, "ended"), "cellar")).word == "listening"


def test_several_events_say_where_each_is() -> None:
    cellar = of(health(10.0), "cellar")
    head = among(ATTIC, cellar, of(event("onset", urgent=True), "cellar"), of(event("onset", "cat"), "attic"))
    assert head.detail.startswith("2 the cellar · may be siren")
    assert head.detail.endswith("also cat (1) 0.87 · a: I have seen this")


@pytest.mark.parametrize(
    ("hearing", "word"), [("noisy", "noisy"), ("overloaded", "overloaded"), ("deaf", "not listening")]
)
def test_a_source_that_is_heard_badly_is_never_shown_as_listening(hearing: HearingState, word: str) -> None:
    badly = msgspec.structs.replace(health(10.0), hearing=hearing, hearing_reason="why, and what to do.")
    head = seen(badly)
    assert (head.kind, head.word, head.detail) == ("impaired", word, "why, and what to do")
    assert seen(badly, event("onset")).word == "siren"
    status = status_lines(View(state=State().apply(badly, 10.0), now_s=15.0, endpoint="x"), 120, 2)
    assert hearing.upper() in status[0].text
