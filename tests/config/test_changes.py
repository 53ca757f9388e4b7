from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from monitor.config.changes import AT_ONCE, REOPENED, RETUNED, changes, merged
from monitor.config.settings import Config, load_config
from monitor.sinks.kinds import SINKS

BEFORE = Config()
AFTER = load_config(
    flags={
        "detector": {"urgent": ["siren"], "loud_sound_db": 20.0},
        "capture": {"ring_s": 30.0},
        "metrics": {"bind": "127.0.0.1:1"},
    }
)
BED = '[fleet.sources.bed]\nsource = "demo"\ngroup = "ward"'


def test_what_differs_is_named_and_told_apart() -> None:
    found = changes(BEFORE, AFTER)
    assert found.taken == ("detector.urgent", "metrics.bind")
    assert found.left == ("capture.ring_s", "detector.loud_sound_db")
    assert found.sections == {"detector", "metrics"}
    assert changes(AFTER, AFTER).taken == changes(AFTER, AFTER).left == ()


def test_what_needs_a_restart_stays_as_it_was() -> None:
    result = merged(BEFORE, AFTER, changes(BEFORE, AFTER).left)
    assert result.capture == BEFORE.capture
    assert result.detector == replace(BEFORE.detector, urgent=("siren",))
    assert result.metrics == AFTER.metrics
    assert changes(result, AFTER).taken == ()


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ('[fleet.groups.ward]\nurgent = ["siren"]', ("fleet.groups",)),
        (
            '[fleet.sources.bed]\nsource = "demo"\ngroup = "ward"\nthresholds = { siren = 0.4 }',
            ("fleet.sources",),
        ),
        ('[fleet.sources.bed]\nsource = "file:x.wav"\ngroup = "ward"', ()),
        ("[fleet.groups.ward]\nchannel = 2", ()),
    ],
)
def test_of_a_fleet_only_what_is_listened_for_is_taken(
    tmp_path: Path, text: str, taken: tuple[str, ...]
) -> None:
    whole = {
        "sources": '[fleet.sources.bed]\nsource = "demo"\ngroup = "ward"',
        "groups": "[fleet.groups.ward]",
    }

    def read(parts: dict[str, str]) -> Config:
        path = tmp_path / "fleet.toml"
        path.write_text("\n".join(parts.values()))
        return load_config(path)

    part = "sources" if text.startswith("[fleet.sources") else "groups"
    found = changes(read(whole), read({**whole, part: text}))
    assert found.taken == taken
    assert bool(found.left) == (not taken)


def test_every_section_that_is_taken_is_one_and_every_sink_that_is_opened_again_is_one() -> None:
    assert set(Config.__struct_fields__) >= RETUNED | REOPENED.keys() | AT_ONCE
    assert set(SINKS) >= set(REOPENED.values())
