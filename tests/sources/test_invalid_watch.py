from __future__ import annotations

from monitor.sources.invalid_watch import OVER_S, InvalidWatch


def test_what_is_no_sound_is_said_while_it_comes_and_not_for_ever() -> None:
    watch = InvalidWatch()
    assert watch.sentence("attic", 0, 1.0) == ""
    assert "attic delivers samples that are not numbers" in watch.sentence("attic", 3, 2.0)
    assert watch.sentence("attic", 3, 2.0 + OVER_S / 2) != ""
    assert watch.sentence("attic", 3, 2.0 + OVER_S) == ""
    assert watch.sentence("attic", 4, 60.0) != ""
