from __future__ import annotations

from typing import Any

import pytest

from monitor.config.by_class import by_class
from monitor.config.settings import Config, load_config
from monitor.errors import ConfigError
from monitor.scoring.prompts import parse_classes

CLASSES = parse_classes('siren,Dog Bark,Türklingel="doorbell"')


def configured(**sections: Any) -> Config:
    return load_config(flags=sections)


@pytest.mark.parametrize("name", ["Türklingel", "Tu\u0308rklingel", "TÜRKLINGEL"])
def test_settings_of_a_class_are_found_however_its_name_is_written(name: str) -> None:
    detector = {"urgent": [name, "dog-bark"], "muted": [name], "classes": {name: {"confirm_s": 0.25}}}
    found = by_class(configured(detector=detector), CLASSES, strict=True).detector
    assert found.urgent == ("turklingel", "dog_bark")
    assert found.muted == ("turklingel",)
    assert found.classes["turklingel"].confirm_s == 0.25


def test_two_settings_of_one_class_are_refused() -> None:
    own = {"dog-bark": {"confirm_s": 0.25}, "dog_bark": {"confirm_s": 1.0}}
    with pytest.raises(ConfigError, match="'dog-bark' and 'dog_bark', which are one class; keep one"):
        by_class(configured(detector={"classes": own}), CLASSES, strict=True)


@pytest.mark.parametrize(
    "sections",
    [
        {"prompts": {"aliases": {"smoke_alarm": "smoke alarm beeping"}}},
        {"detector": {"urgent": ["smoke_alarm"]}},
        {"detector": {"muted": ["smoke_alarm"]}},
        {"detector": {"classes": {"smoke_alarm": {"urgent": True}}}},
    ],
    ids=["alias", "urgent", "muted", "own"],
)
def test_what_is_set_for_a_class_that_is_not_listed_is_refused_or_of_another_list(
    sections: dict[str, Any],
) -> None:
    config = configured(**sections)
    with pytest.raises(ConfigError, match="'smoke_alarm', which is not listened for; add it to the"):
        by_class(config, CLASSES, strict=True)
    by_class(config, CLASSES, strict=False)


@pytest.mark.parametrize("strict", [True, False])
def test_an_alias_with_a_misspelt_name_is_refused(strict: bool) -> None:
    config = configured(prompts={"aliases": {"Dog Brak": "a dog barking"}})
    with pytest.raises(ConfigError, match=r"alias for 'Dog Brak', which .*; did you mean 'dog_bark'"):
        by_class(config, CLASSES, strict=strict)
