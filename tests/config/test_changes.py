from __future__ import annotations

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


def test_every_section_that_is_taken_is_one_and_every_sink_that_is_opened_again_is_one() -> None:
    assert set(Config.__struct_fields__) >= RETUNED | REOPENED.keys() | AT_ONCE
    assert set(SINKS) >= set(REOPENED.values())
