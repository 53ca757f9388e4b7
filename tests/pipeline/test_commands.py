from __future__ import annotations

import math

import pytest

from monitor.bus.messages import Change, Request
from monitor.config.limits import THRESHOLD
from monitor.config.settings import BackgroundConfig, DetectorConfig
from monitor.detection.detector import Detector
from monitor.pipeline.commands import KEPT, Commands
from monitor.scoring.background import Background
from monitor.wording import changed
from tests.examples import NOON

WHO = "the interface (pid 123)"


@pytest.fixture
def detector() -> Detector:
    return Detector(("siren", "dog_bark"), DetectorConfig(), 16000, 16000, 4000)


@pytest.fixture
def commands(detector: Detector) -> Commands:
    return Commands(detector, Background(2, 16000, 4000, BackgroundConfig()), None, lambda: NOON)


def refusal(commands: Commands, request: Request) -> str:
    reply, _ = commands.handle(request, stop=0)
    return "" if reply.ok else reply.error or ""


def told(commands: Commands) -> list[str]:
    return [changed(change) for change in commands.changes]


def test_each_change_says_what_it_was_and_is_and_by_whom(commands: Commands, detector: Detector) -> None:
    for request in (
        Request("mute", "siren", True, client=WHO),
        Request("threshold", "dog_bark", 0.8, client=WHO),
        Request("pause", None, True, client=WHO),
        Request("pause", None, False, client=WHO),
        Request("mute", "siren", False, client=WHO),
        Request("forget_background", client="monitor background (pid 7)"),
    ):
        assert refusal(commands, request) == ""
    assert told(commands) == [
        f"siren muted by {WHO}",
        f"threshold of dog bark changed from 0.5 to 0.8 by {WHO}",
        f"paused by {WHO}",
        f"listening again by {WHO}",
        f"siren unmuted by {WHO}",
        "the background was forgotten by monitor background (pid 7)",
    ]
    assert commands.changes[1] == Change(2, NOON, "threshold", WHO, "dog_bark", 0.5, 0.8)
    assert detector.rules["dog_bark"].onset_threshold == 0.8
    assert commands.set_by_hand == {"dog_bark"}


def test_what_stays_as_it_was_is_no_change(commands: Commands) -> None:
    for request in (
        Request("mute", "siren", False),
        Request("pause", None, False),
        Request("threshold", "siren", 0.5),
    ):
        assert refusal(commands, request) == ""
    assert commands.changes == []


def test_only_the_last_changes_are_kept_and_their_numbers_go_on(commands: Commands) -> None:
    for number in range(20):
        commands.handle(Request("mute", "siren", number % 2 == 0), stop=0)
    assert [change.number for change in commands.changes] == list(range(21 - KEPT, 21))


@pytest.mark.parametrize(
    "value", [0.999999, 1.0, 0.0, -1.0, 0.009, 1e-300, 1e300, math.inf, -math.inf, math.nan]
)
def test_a_threshold_that_would_make_a_class_deaf_or_endless_is_refused(
    commands: Commands, detector: Detector, value: float
) -> None:
    sentence = refusal(commands, Request("threshold", "siren", value, client=WHO))
    assert sentence == f"A threshold of {value!r} is not possible; valid: 0.01 to 0.999."
    assert detector.rules["siren"].onset_threshold == 0.5
    assert commands.changes == []


@pytest.mark.parametrize("value", [THRESHOLD.low, 0.5, THRESHOLD.high])
def test_a_threshold_within_the_range_is_taken(commands: Commands, detector: Detector, value: float) -> None:
    assert refusal(commands, Request("threshold", "siren", value)) == ""
    assert detector.rules["siren"].onset_threshold == value
