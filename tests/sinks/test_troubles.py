from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from monitor.bus.messages import Health
from monitor.errors import SourceDamaged, SourceError
from monitor.records import SourceState
from monitor.sinks.troubles import Troubles, trouble_of
from monitor.wording import STOPPED
from tests.examples import NOON, health


def told(*healths: Health) -> list[tuple[str, str]]:
    troubles = Troubles()
    return [(trouble.kind, trouble.text) for one in healths for trouble in troubles.of(one)]


def changed(**fields: Any) -> Health:
    return replace(health(), **fields)


def test_a_source_that_is_well_has_nothing_to_tell() -> None:
    assert told(health("starting"), health(), health()) == []


@pytest.mark.parametrize("state", ["lost", "silent", "paused"])
def test_a_state_that_is_not_well_is_told_once_and_its_end(state: SourceState) -> None:
    bad = health(state, "why it is so")
    assert told(health(), bad, bad, health(), health()) == [
        (state, "why it is so"),
        ("back", f"{health().source_name} is heard again."),
    ]
    assert told(bad) == [(state, "why it is so")]


def test_lateness_is_told_when_it_begins_and_when_it_begins_again() -> None:
    passed = [0, 16_000, 32_000, 32_000, 48_000]
    kinds = [kind for kind, _ in told(*[changed(skipped=skipped) for skipped in passed])]
    assert kinds == ["late", "late"]
    assert "does not keep up" in told(changed(), changed(skipped=8_000))[0][1]


def test_a_warning_is_told_when_it_changes_and_when_it_holds_no_longer() -> None:
    rate = "Sound arrives at 0.50 times the stated rate."
    assert told(health(), changed(warning=rate), changed(warning=rate), health()) == [
        ("warning", rate),
        ("resolved", f"No longer: {rate}"),
    ]


def test_a_source_that_is_heard_badly_is_told_and_that_it_is_heard_well_again() -> None:
    quiet = changed(hearing="too_quiet", hearing_reason="its gain is 0.")
    loud = changed(hearing="overloaded", hearing_reason="it clips.")
    assert [kind for kind, _ in told(health(), quiet, quiet, loud, health())] == [
        "too_quiet",
        "overloaded",
        "back",
    ]


def test_what_the_driver_lost_is_told() -> None:
    assert told(changed(overflow=1), changed(overflow=3)) == [
        ("overflow", "The driver lost sound (2 times).")
    ]


def test_the_end_of_what_is_heard_live_is_told_and_that_of_a_file_is_the_runs_own() -> None:
    over = health("ended", "standard input has ended.")
    assert told(health(), over) == [("ended", "standard input has ended.")]
    assert told(health(), replace(over, position_s=19.0)) == []
    assert told(health(), health("ended", STOPPED)) == []


def test_each_source_has_its_own_troubles() -> None:
    other = changed(source_id="other")
    assert [kind for kind, _ in told(health(), other, health("lost", "gone"), other)] == ["lost"]


def test_what_ends_a_run_is_damage_or_a_refusal() -> None:
    assert trouble_of(SourceDamaged("half of it"), NOON).kind == "damaged"
    assert trouble_of(SourceError("no such thing"), NOON).kind == "refused"
