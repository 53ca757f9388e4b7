"""Settings from elsewhere prove themselves by what sources hear with them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from monitor.bus.messages import Health
from monitor.sinks.uplink.trial import Trial
from tests.examples import health

WELL = health()
DEAF = replace(WELL, hearing="deaf", hearing_reason="every class is muted; unmute one")


def judged(before: Health, after: Any, seconds: int = 61) -> str | None:
    """Let a source be as `after` says, once a second."""
    trial = Trial({before.source_id: before}, 0.0, 60.0)
    verdict = None
    for second in range(seconds):
        if (one := after(second)) is not None:
            trial.take(one, float(second))
        verdict = trial.verdict(float(second))
        if verdict is not None:
            return verdict
    return verdict


def analysing(second: int) -> Health:
    return replace(WELL, analysed=WELL.analysed + 1000 * second)


def test_a_source_that_goes_on_hearing_is_well_after_the_time_and_not_before() -> None:
    assert judged(WELL, analysing, seconds=60) is None
    assert judged(WELL, analysing) == ""


def test_one_that_becomes_deaf_is_noticed_long_before_the_time() -> None:
    said = judged(WELL, lambda second: replace(DEAF, analysed=analysing(second).analysed), seconds=15)
    assert said is not None
    assert "every class is muted" in said


def test_a_moment_of_deafness_while_it_is_loaded_is_forgiven() -> None:
    assert judged(WELL, lambda second: DEAF if second < 8 else analysing(second)) == ""


def test_one_that_was_deaf_before_is_not_made_worse() -> None:
    assert judged(DEAF, lambda second: replace(DEAF, analysed=analysing(second).analysed)) == ""


def test_one_that_is_unplugged_meanwhile_says_nothing_about_the_settings() -> None:
    lost = replace(DEAF, state="lost")
    assert judged(WELL, lambda _: lost) == ""


def test_a_line_that_stands_still_or_says_nothing_is_worse() -> None:
    assert "was analysed" in (judged(WELL, lambda _: WELL) or "")
    assert "nothing was heard" in (
        judged(WELL, lambda second: analysing(second) if second < 9 else None) or ""
    )
