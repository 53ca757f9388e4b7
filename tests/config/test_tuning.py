from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import limits
from monitor.config.settings import Config, load_config
from monitor.config.tuning import UNTUNED, Tuning, with_tuning
from monitor.errors import ConfigError

OWN = Tuning(temperature=0.01, guard_score=0.7, change_ratio=0.2, onset_threshold=0.8, offset_threshold=0.6)
KEYS = {
    "temperature": "scorer",
    "guard_score": "background",
    "change_ratio": "background",
    "onset_threshold": "detector",
    "offset_threshold": "detector",
}


def said(tuning: Tuning) -> dict[str, float]:
    """What a model says of keys of the configuration."""
    return {key: value for key, value in msgspec.to_builtins(tuning).items() if key in KEYS}


def in_force(config: Config, tuning: Tuning | None) -> dict[str, float]:
    tuned = msgspec.to_builtins(with_tuning(config, tuning))
    return {key: tuned[section][key] for key, section in KEYS.items()}


def test_what_is_left_to_the_model_is_the_models_own() -> None:
    assert in_force(load_config(), OWN) == said(OWN)
    assert in_force(load_config(), None) == said(UNTUNED)


@given(st.sampled_from(sorted(KEYS)))
def test_what_is_set_stays_whatever_the_model_says(key: str) -> None:
    value = 0.65 if key == "offset_threshold" else 0.15 if key == "temperature" else 0.75
    config = load_config(flags={KEYS[key]: {key: value}})
    assert in_force(config, OWN) == {**said(OWN), key: value}


def test_a_threshold_that_contradicts_the_models_is_refused_once_that_is_known() -> None:
    config = load_config(flags={"detector": {"offset_threshold": 0.55}})
    assert in_force(config, OWN)["offset_threshold"] == 0.55
    with pytest.raises(ConfigError, match=r"for this model: detector: offset_threshold 0\.55 is above"):
        with_tuning(config, None)


def test_a_constant_of_a_model_lies_within_what_a_user_may_set() -> None:
    with pytest.raises(msgspec.ValidationError, match="temperature"):
        msgspec.convert({"temperature": limits.TEMPERATURE.high * 2.0}, Tuning)
    with pytest.raises(msgspec.ValidationError, match="temprature"):
        msgspec.convert({"temprature": 0.05}, Tuning)


@pytest.mark.parametrize("key", sorted(KEYS))
def test_a_word_that_is_not_auto_is_refused_with_what_is_valid(key: str) -> None:
    with pytest.raises(ConfigError, match=rf"{KEYS[key]}\.{key} is 'high'; valid: auto, or "):
        load_config(flags={KEYS[key]: {key: "high"}})
