from __future__ import annotations

from msgspec.structs import replace

from monitor.bus.hearing_changes import HearingChanges
from monitor.bus.messages import Health, HearingChange
from monitor.records import HearingState
from tests.examples import NOON, health


def heard(number: int, hearing: HearingState) -> Health:
    before: HearingState = "good" if hearing != "good" else "noisy"
    change = HearingChange(number, NOON, hearing, None, before, 4.0) if number else None
    return replace(health(), hearing=hearing, hearing_change=change)


def test_each_change_is_news_once_however_often_it_is_reported() -> None:
    changes = HearingChanges()
    reports = [heard(0, "good"), heard(1, "noisy"), heard(1, "noisy"), heard(2, "good"), heard(2, "good")]
    assert [changes.is_news(report) for report in reports] == [False, True, False, True, False]


def test_on_joining_only_what_is_not_well_is_news() -> None:
    assert HearingChanges().is_news(heard(3, "deaf"))
    assert not HearingChanges().is_news(heard(4, "good"))


def test_a_change_is_news_though_reports_between_were_lost_and_after_a_restart() -> None:
    changes = HearingChanges()
    assert not changes.is_news(heard(2, "good"))
    assert changes.is_news(heard(4, "good"))
    assert changes.is_news(heard(0, "good"))
