from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.config.settings import ClassConfig, DetectorConfig
from monitor.config.tuning import UNTUNED
from monitor.detection.detector import Detector
from monitor.detection.rules import odds_ratio, rule_for, sure_above
from monitor.records import NearMiss, Transition, WindowScores

RATE, WINDOW, HOP = 100, 200, 25
CONFIG = DetectorConfig(
    onset_threshold=0.5,
    offset_threshold=0.3,
    confirm_s=0.5,
    min_on_s=0.5,
    min_off_s=0.5,
    cool_down_s=1.0,
    update_every_s=1.0,
)


def score(value: float, index: int, name: str = "siren") -> WindowScores:
    stop = WINDOW + index * HOP
    return WindowScores(stop - WINDOW, stop, {name: value}, "", 0.0)


def detector(config: DetectorConfig = CONFIG) -> Detector:
    return Detector(["siren"], config, RATE, WINDOW, HOP)


def feed(machine: Detector, values: list[float], begin: int = 0) -> list[Transition | NearMiss]:
    found: list[Transition | NearMiss] = []
    for index, value in enumerate(values, begin):
        found += machine.update(score(value, index), HOP)
    return found


def kinds(found: list[Transition | NearMiss]) -> list[str]:
    return [item.type if isinstance(item, Transition) else item.reason for item in found]


def test_a_sound_gives_onset_and_offset() -> None:
    found = feed(detector(), [0.1, 0.8, 0.9, 0.2, 0.1, 0.1, 0.1])
    assert kinds(found) == ["onset", "offset"]
    onset, offset = found
    assert isinstance(onset, Transition)
    assert isinstance(offset, Transition)
    assert onset.onset_sample == WINDOW  # the newest part of the first window that reached the threshold
    assert onset.stop == WINDOW + 2 * HOP  # decided once confirmed
    assert offset.peak_score == 0.9
    assert offset.ended_by == "quiet"


def test_one_window_is_not_enough_unless_the_class_is_urgent() -> None:
    assert kinds(feed(detector(), [0.1, 0.9, 0.1, 0.1])) == ["not_confirmed"]
    urgent = DetectorConfig(urgent=("siren",))
    assert kinds(feed(detector(urgent), [0.1, 0.9])) == ["onset"]


def test_the_surer_a_score_is_the_sooner_it_is_confirmed() -> None:
    patient = replace(CONFIG, confirm_s=1.0, sure_s=0.5)
    sure = sure_above(0.5)
    assert kinds(feed(detector(patient), [0.1, 0.6, 0.6, 0.6])) == []
    assert kinds(feed(detector(patient), [0.1, 0.6, 0.6, 0.6, 0.6])) == ["onset"]
    assert kinds(feed(detector(patient), [0.1, sure, sure])) == ["onset"]
    assert kinds(feed(detector(patient), [0.1, sure - 0.01, sure - 0.01, sure])) == []


def test_what_is_sure_begins_where_it_first_reached_the_threshold() -> None:
    patient = replace(CONFIG, confirm_s=1.0, sure_s=0.5)
    (onset,) = feed(detector(patient), [0.1, 0.6, 0.95, 0.95])
    assert isinstance(onset, Transition)
    assert onset.onset_sample == WINDOW


@given(
    st.lists(st.sampled_from([0.1, 0.2, 0.4, 0.6, 0.95]), max_size=80),
    st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    st.sampled_from([0.0, 0.3, 0.5, 5.0]),
)
def test_windows_taken_together_as_it_allows_decide_nothing_later(
    values: list[float], confirm_s: float, sure_s: float
) -> None:
    machine = detector(replace(CONFIG, confirm_s=confirm_s, sure_s=sure_s))
    at, left = 0, list(values)
    while left:
        together, left = left[: machine.windows_to_decide], left[machine.windows_to_decide :]
        found = [feed(machine, [value], at + index) for index, value in enumerate(together)]
        early = [item for items in found[:-1] for item in items if isinstance(item, Transition)]
        assert early == []  # what is decided is decided by the last of them, as soon as it is there
        at += len(together)


def test_it_says_how_many_windows_can_be_taken_together_before_something_begins() -> None:
    machine = detector(replace(CONFIG, confirm_s=1.0, sure_s=0.5))
    assert machine.windows_to_decide == 2
    feed(machine, [0.1, 0.6])
    assert machine.windows_to_decide == 1  # about to be confirmed
    feed(machine, [0.95, 0.95, 0.1, 0.1])
    assert machine.windows_to_decide == 2
    assert detector(DetectorConfig(urgent=("siren",))).windows_to_decide == 1
    assert Detector([], CONFIG, RATE, WINDOW, HOP).windows_to_decide == 1


@given(st.lists(st.floats(0, 1), max_size=60))
def test_being_sure_only_ever_hastens_an_event(values: list[float]) -> None:
    begun = []
    for sure_s in (0.5, 1.0):
        machine = detector(replace(CONFIG, confirm_s=1.0, sure_s=sure_s))
        found = feed(machine, values)
        begun.append(next((one.stop for one in found if isinstance(one, Transition)), 10**9))
    assert begun[0] <= begun[1]


def test_a_dip_shorter_than_min_off_does_not_split_an_event() -> None:
    assert kinds(feed(detector(), [0.9, 0.9, 0.1, 0.9, 0.9])) == ["onset"]


def test_a_lasting_event_is_updated() -> None:
    assert kinds(feed(detector(), [0.9] * 11)) == ["onset", "update", "update"]


def test_what_nearly_fired_says_why_not() -> None:
    assert kinds(feed(detector(), [0.1, 0.4, 0.45, 0.1])) == ["below_threshold"]


def test_a_class_may_be_muted_from_the_start() -> None:
    machine = detector(replace(CONFIG, muted=("siren", "of another list")))
    assert machine.muted == {"siren"}
    assert kinds(feed(machine, [0.9, 0.9, 0.9, 0.1])) == ["muted"]
    machine.mute("siren", False, stop=900)
    assert kinds(feed(machine, [0.9, 0.9], begin=40)) == ["onset"]


def test_an_event_blocks_its_class_for_the_cool_down() -> None:
    machine = detector()
    feed(machine, [0.9, 0.9, 0.1, 0.1, 0.1])
    assert kinds(feed(machine, [0.9, 0.9, 0.1], begin=5)) == ["cool_down"]
    assert kinds(feed(machine, [0.9, 0.9], begin=12)) == ["onset"]


def test_muting_ends_an_open_event_and_keeps_the_class_quiet() -> None:
    machine = detector()
    feed(machine, [0.9, 0.9])
    ended = machine.mute("siren", True, stop=400)
    assert [item.ended_by for item in ended if isinstance(item, Transition)] == ["muted"]
    assert kinds(feed(machine, [0.9, 0.9, 0.9, 0.1], begin=20)) == ["muted"]
    machine.mute("siren", False, stop=900)
    assert kinds(feed(machine, [0.9, 0.9], begin=40)) == ["onset"]


def test_pausing_ends_what_is_open_and_resuming_arms_again() -> None:
    machine = detector()
    feed(machine, [0.9, 0.9])
    assert kinds(machine.pause(True, 400)) == ["offset"]
    assert kinds(feed(machine, [0.9, 0.9, 0.1], begin=20)) == ["paused"]
    machine.pause(False, 900)
    assert kinds(feed(machine, [0.9, 0.9], begin=40)) == ["onset"]


def test_a_changed_threshold_applies_to_the_next_window_and_keeps_its_ratio_of_odds() -> None:
    machine = detector()
    ratio = odds_ratio(0.5, 0.3)
    for onset in (0.2, 0.95):
        machine.set_threshold("siren", onset)
        offset = machine.rules["siren"].offset_threshold
        assert offset / (1 - offset) == pytest.approx(ratio * onset / (1 - onset))
    machine.set_threshold("siren", 0.2)
    assert kinds(feed(machine, [0.25, 0.25])) == ["onset"]


def test_a_class_of_its_own_settings_differs_only_in_those() -> None:
    config = DetectorConfig(classes={"siren": ClassConfig(onset_threshold=0.8)})
    rule = rule_for("siren", config, RATE)
    assert (rule.onset_threshold, rule.confirm_len) == (0.8, config.confirm_s * RATE)
    assert odds_ratio(rule.onset_threshold, rule.offset_threshold) == pytest.approx(
        odds_ratio(UNTUNED.onset_threshold, UNTUNED.offset_threshold)
    )


def test_no_event_reaches_beyond_the_end_of_its_source() -> None:
    for end in (WINDOW + HOP // 2, WINDOW + HOP, WINDOW + 4 * HOP):
        machine = detector()
        feed(machine, [0.9, 0.9, 0.9, 0.9])  # windows beyond the end hold what was before it
        (offset,) = machine.end("ended", end)
        assert isinstance(offset, Transition)
        assert offset.onset_sample == WINDOW - HOP
        assert offset.offset_sample == min(end, WINDOW + 3 * HOP)


@given(st.lists(st.floats(0, 1), max_size=120))
def test_every_event_begins_once_and_ends_once(values: list[float]) -> None:
    machine = detector()
    found = feed(machine, values) + machine.end("ended", 10_000)
    transitions = [item for item in found if isinstance(item, Transition)]
    open_event: Transition | None = None
    for item in transitions:
        assert (item.type == "onset") == (open_event is None)
        if open_event is not None:
            assert item.onset_sample == open_event.onset_sample
        open_event = None if item.type == "offset" else item
        if item.offset_sample is not None:
            assert item.offset_sample >= item.onset_sample + CONFIG.min_on_s * RATE
    assert open_event is None
    assert not machine.open


def test_what_came_before_a_gap_confirms_nothing_after_it() -> None:
    machine = detector()
    feed(machine, [0.1, 0.9])
    found = machine.update(score(0.9, 400), HOP, discontinuous=True)
    assert kinds(found) == ["not_confirmed"]
    assert kinds(feed(machine, [0.9], begin=401)) == ["onset"]


def test_an_event_does_not_begin_while_it_was_blocked() -> None:
    machine = detector()
    machine.pause(True, 0)
    feed(machine, [0.9] * 20)
    machine.pause(False, WINDOW + 20 * HOP)
    (onset,) = (item for item in feed(machine, [0.9, 0.9], begin=20) if isinstance(item, Transition))
    assert onset.onset_sample >= WINDOW + 19 * HOP


def test_an_event_that_is_cut_short_is_not_longer_than_it_was_heard() -> None:
    machine = detector()
    feed(machine, [*[0.9] * 9, 0.1])
    (offset,) = (item for item in machine.end("lost", 10_000) if isinstance(item, Transition))
    assert offset.offset_sample == WINDOW + 8 * HOP - WINDOW // 2
    assert offset.score == 0.1
