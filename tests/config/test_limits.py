"""No setting that is accepted makes the detector deaf or an event endless."""

from __future__ import annotations

import math
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config.checks import check_window, what_is_valid
from monitor.config.limits import THRESHOLD
from monitor.config.settings import ClassConfig, Config, DetectorConfig, load_config
from monitor.detection.detector import Detector
from monitor.errors import ConfigError
from monitor.records import Transition, WindowScores

RATE = 100
WINDOW_S = 2.0
SOUND_S, SILENCE_S = 10.0, 60.0


def numbers(struct: type[msgspec.Struct], where: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the place of every number of the configuration."""
    for name, kind in typing.get_type_hints(struct, include_extras=True).items():
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            yield from numbers(kind, (*where, name))
        elif typing.get_origin(kind) is typing.Literal:
            continue  # words, such as "int8"
        elif "dict" not in repr(kind) and any(base in repr(kind) for base in ("float", "int")):
            yield (*where, name)


NUMBERS = sorted(numbers(Config)) + [
    ("detector", "classes", "siren", name)
    for name in ClassConfig.__struct_fields__
    if name not in {"urgent", "rhythm"}
]


def nested(keys: tuple[str, ...], value: object) -> dict[str, Any]:
    for key in reversed(keys):
        value = {key: value}
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("keys", NUMBERS, ids=".".join)
def test_every_number_has_a_range_and_whatever_lies_outside_is_refused_with_it(keys: tuple[str, ...]) -> None:
    valid = what_is_valid(Config, keys)
    low, high = (float(bound) for bound in valid.removeprefix("a whole number, ").split(" to "))
    for value in (-1e300, low - 1, high + 1, 1e300, math.inf, -math.inf, math.nan):
        with pytest.raises(ConfigError, match=r"valid: |expected a whole number") as refusal:
            load_config(flags=nested(keys, value))
        assert ".".join(keys) in str(refusal.value)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"detector": {"offset_threshold": 0}}, "valid: auto, or 0.01 to 0.999"),
        ({"detector": {"onset_threshold": 1}}, "valid: auto, or 0.01 to 0.999"),
        ({"window": {"hop_s": 100}}, "valid: 0 (what suits the model) or 0.01 to 10"),
        ({"window": {"hop_s": 0.001}}, "valid: 0 (what suits the model) or 0.01 to 10"),
        ({"detector": {"confirm_s": 60}}, "valid: 0 to 5"),
        ({"detector": {"cool_down_s": 7200}}, "valid: 0 to 60"),
        ({"detector": {"classes": {"siren": {"min_off_s": 3600}}}}, "valid: 0 to 30"),
        ({"capture": {"ring_s": 3}, "window": {"max_lag_s": 5}}, "valid: at least that"),
        ({"level": {"low_db": 20}}, "valid: below level.high_db"),
        ({"calibration": {"false_alarms_per_hour": 60, "block_s": 60}}, "valid: at most 6"),
        ({"calibration": {"false_alarms_per_hour": 1e-9}}, "valid: 0 (thresholds stay as they are) or"),
    ],
)
def test_what_makes_the_monitor_deaf_or_endless_is_refused_in_one_sentence(
    flags: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_config(flags=flags)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_hop_longer_than_the_window_of_the_model_is_refused_and_so_is_a_shorter_ring() -> None:
    with pytest.raises(ConfigError, match=r"window\.hop_s is 3; valid: 0 .* or 0\.01 to 2"):
        check_window(load_config(flags={"window": {"hop_s": 3.0}}), WINDOW_S)
    with pytest.raises(ConfigError, match=r"capture\.ring_s is 5; valid: 10"):
        check_window(load_config(flags={"capture": {"ring_s": 5.0}}), 10.0)


def ranges(struct: type[msgspec.Struct]) -> dict[str, st.SearchStrategy[float]]:
    """Return what may be given for each number of `struct`, also next to nothing and far too much."""
    found = {}
    for name, kind in typing.get_type_hints(struct, include_extras=True).items():
        if "float" in repr(kind) and "dict" not in repr(kind):
            found[name] = st.one_of(
                st.floats(0, 2), st.floats(), st.sampled_from([0.0, 1.0, 5.0, 30.0, 60.0])
            )
    return found


OF_A_CLASS = st.fixed_dictionaries({}, optional=ranges(ClassConfig))
OF_THE_DETECTOR = st.fixed_dictionaries({}, optional={**ranges(DetectorConfig), "urgent": st.just(["siren"])})


@settings(max_examples=400, deadline=None)
@given(OF_THE_DETECTOR, OF_A_CLASS, st.one_of(st.floats(0, 3), st.just(0.25)), st.floats(0.01, 0.999))
def test_whatever_is_accepted_a_sure_sound_begins_an_event_and_silence_ends_it(
    detector: dict[str, Any], own: dict[str, Any], hop_s: float, moved_to: float
) -> None:
    try:
        flags = {"detector": {**detector, "classes": {"siren": own}}, "window": {"hop_s": hop_s}}
        config = load_config(flags=flags)
        check_window(config, WINDOW_S)
    except ConfigError:
        return
    hop = max(1, round((hop_s or 0.25) * RATE))
    for moved in (False, True):
        machine = Detector(["siren"], config.detector, RATE, round(WINDOW_S * RATE), hop)
        if moved:
            machine.set_threshold("siren", moved_to)
        kinds = heard(machine, hop)
        assert kinds[0] == "onset"
        assert kinds[-1] == "offset"
        assert not machine.open


def heard(machine: Detector, hop: int) -> list[str]:
    """Return what ten seconds of a sure sound and a minute of silence become."""
    values = [1.0] * int(SOUND_S * RATE / hop) + [0.0] * math.ceil(SILENCE_S * RATE / hop)
    found: list[str] = []
    for index, value in enumerate(values):
        stop = round(WINDOW_S * RATE) + index * hop
        score = WindowScores(0, stop, {"siren": value}, "", 0.0)
        found += [item.type for item in machine.update(score, hop) if isinstance(item, Transition)]
    return found


@given(st.floats())
def test_a_range_holds_what_it_clamps_to(value: float) -> None:
    if not math.isnan(value):
        assert THRESHOLD.holds(THRESHOLD.clamp(value))
    assert THRESHOLD.holds(value) == (0.01 <= value <= 0.999)


def test_there_is_one_range_of_thresholds_for_the_whole_program() -> None:
    package = Path(__file__).parents[2] / "monitor"
    own = [path.name for path in package.rglob("*.py") if "_THRESHOLD = 0" in path.read_text("utf-8")]
    assert own == []
