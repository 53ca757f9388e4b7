from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.config.fleet import Place, listed_classes, made_by_code, places, sources_of, without_groups
from monitor.config.settings import Config, as_toml, load_config
from monitor.errors import ConfigError
from monitor.scoring.prompts import parse_classes

WARD = {"classes": ["fire_alarm", "baby_cry"], "urgent": ["fire_alarm"], "false_alarms_per_hour": 0.5}
FLEET: dict[str, Any] = {
    "groups": {"ward": WARD},
    "sources": {
        "bed-1": {"source": "demo", "label": "Bed 1", "group": "ward"},
        "bed-2": {"source": "rtsp://nurse:secret@10.0.0.2/a", "group": "ward", "channel": "left"},
        "gate": {"source": "mic:gate", "classes": ["Siren", "baby-cry"], "thresholds": {"siren": 0.9}},
    },
}


def configured(**sections: Any) -> Config:
    return load_config(flags={"fleet": FLEET, **sections})


def found(config: Config) -> dict[str, Place]:
    classes = parse_classes(",".join(listed_classes(config)))
    return {place.source_id: place for place in places(config, classes, strict=True)}


def heard(place: Place) -> list[str]:
    return [one.name for one in place.classes]


def refused(fleet: dict[str, Any], **sections: Any) -> str:
    with pytest.raises(ConfigError) as error:
        found(load_config(flags={"fleet": fleet, **sections}))
    return str(error.value)


def test_what_a_source_says_wins_over_its_group_and_the_group_over_the_rest() -> None:
    by_id = found(configured(calibration={"false_alarms_per_hour": 2.0}))
    assert list(by_id) == ["bed-1", "bed-2", "gate"]
    assert [place.label for place in by_id.values()] == ["Bed 1", "bed-2", "gate"]
    assert heard(by_id["bed-1"]) == heard(by_id["bed-2"]) == ["fire_alarm", "baby_cry"]
    assert heard(by_id["gate"]) == ["baby_cry", "siren"]
    rates = [place.config.calibration.false_alarms_per_hour for place in by_id.values()]
    assert rates == [0.5, 0.5, 2.0]
    assert [place.config.capture.channel for place in by_id.values()] == ["mix", "left", "mix"]
    assert [place.config.detector.urgent for place in by_id.values()] == [
        ("fire_alarm",),
        ("fire_alarm",),
        (),
    ]
    assert by_id["gate"].config.detector.classes["siren"].onset_threshold == 0.9
    assert "siren" not in by_id["bed-1"].config.detector.classes


def test_the_classes_of_a_run_are_those_that_any_part_of_the_fleet_hears() -> None:
    assert listed_classes(configured()) == ("fire_alarm", "baby_cry", "Siren")
    assert listed_classes(configured(prompts={"classes": ["doorbell", "siren"]})) == (
        "doorbell", "siren", "fire_alarm", "baby_cry",
    )  # fmt: skip
    rest = {**FLEET["sources"], "hall": {"source": "demo"}}
    config = configured(fleet={**FLEET, "sources": rest})
    assert set(Config().prompts.classes) <= set(listed_classes(config))
    assert len(heard(found(config)["hall"])) == len(listed_classes(config))


def test_classes_of_the_command_line_are_heard_by_all() -> None:
    classes = parse_classes("doorbell,siren")
    assert {tuple(heard(place)) for place in places(configured(), classes, strict=False)} == {
        ("doorbell", "siren")
    }


def test_sources_that_were_named_are_heard_in_place_of_the_fleet() -> None:
    assert sources_of(configured()) == ("demo", "rtsp://nurse:secret@10.0.0.2/a", "mic:gate")
    config = configured(capture={"sources": ["street.wav"]})
    assert sources_of(config) == ("street.wav",)
    (place,) = places(config, parse_classes("siren"), strict=True)
    assert (place.source_id, place.label, heard(place)) == ("", "", ["siren"])
    assert listed_classes(config) == Config().prompts.classes


def test_a_file_that_says_twice_what_is_heard_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text('[capture]\nsources = ["demo"]\n[fleet.sources.a]\nsource = "demo"\n', "utf-8")
    with pytest.raises(ConfigError, match=r"both \[capture\] sources and \[fleet.sources\] say"):
        load_config(path)


def test_a_target_is_told_of_the_sources_of_its_groups() -> None:
    targets = {"nurse": {"exec": "true", "sources": ["ward", "gate"]}, "all": {"exec": "true"}}
    told = without_groups(configured(notify={"targets": targets})).notify.targets
    assert told["nurse"].sources == ("gate", "bed-1", "bed-2")
    assert told["all"].sources == ()


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({}, "fleet.sources.x (number 2 of 2) does not say what is heard; add source"),
        ({"source": "demo", "group": "wrad"}, "there is no group 'wrad'; did you mean 'ward'?"),
        ({"source": "demo", "grp": "ward"}, "unknown key 'grp' in [fleet.sources.x]; did you mean 'group'?"),
        ({"source": "demo", "channel": 0}, "fleet.sources.x.channel is 0; valid: mix, loudest, left, right"),
        ({"source": "demo", "thresholds": {"siren": 2}}, "valid: a table of classes, each 0.01 to 0.999"),
        ({"source": "demo", "false_alarms_per_hour": 99}, "false_alarms_per_hour is 99; valid: 0 to 60"),
        ({"source": "demo", "urgent": ["sirne"]}, "fleet.sources.x: The detector has settings for 'sirne'"),
    ],
)
def test_what_is_wrong_with_a_source_is_said_with_its_name(own: dict[str, Any], said: str) -> None:
    first = {"source": "demo", "classes": ["siren"]}
    assert said in refused({**FLEET, "sources": {"first": first, "x": own}})


def test_a_name_that_cannot_stand_in_a_topic_is_refused() -> None:
    said = refused({"sources": {"ok": {"source": "demo"}, "bed/1": {"source": "demo"}}})
    assert "'bed/1' in [fleet.sources] cannot be a name; valid: letters" in said
    assert "regex" not in said


def test_groups_without_a_source_are_refused_and_no_other_microphone_is_heard_instead() -> None:
    assert "add [fleet.sources.NAME]" in refused({"groups": {"ward": WARD}})


def test_one_name_for_a_source_and_a_group_is_refused_and_so_is_a_target_of_neither() -> None:
    both = {"groups": {"ward": {}}, "sources": {"ward": {"source": "demo"}}}
    assert "ward is a source of the fleet and a group" in refused(both)
    targets = {"nurse": {"exec": "true", "sources": ["wards"]}}
    said = refused(FLEET, notify={"targets": targets})
    assert "there is no source or group 'wards' in the fleet; did you mean 'ward'?" in said


def test_the_address_of_a_camera_is_not_shown_where_it_is_refused() -> None:
    fleet = {"sources": {"x": {"source": ["rtsp://nurse:secret@10.0.0.2/a"]}}}
    assert "secret" not in refused(fleet)


def test_a_fleet_that_is_written_out_is_read_back_as_the_same(tmp_path: Path) -> None:
    path = tmp_path / "out.toml"
    path.write_text(as_toml(configured()), "utf-8")
    text = path.read_text("utf-8").replace('sources = ["mic:default"]\n', "")
    path.write_text(text, "utf-8")
    assert load_config(path) == configured()


def test_the_demo_is_made_by_code_whatever_a_fleet_calls_it() -> None:
    assert made_by_code(configured()) == {"demo", "test", "bed-1"}
    assert made_by_code(Config()) == {"demo", "test"}
