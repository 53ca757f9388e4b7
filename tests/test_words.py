from __future__ import annotations

from typing import get_args

from monitor.records import NearMissReason, SourceState
from monitor.words import ENDED_BY, NEAR_MISS, SOURCE_STATE, ended_by, spoken


def test_there_are_words_for_every_reason_and_state() -> None:
    assert set(NEAR_MISS) == set(get_args(NearMissReason))
    assert set(SOURCE_STATE) == set(get_args(SourceState))
    assert {"quiet", "lost", "paused", "muted", "ended", "stopped", "failed"} < set(ENDED_BY)


def test_labels_fit_the_columns_they_are_made_for() -> None:
    assert all(len(wording.label) <= 13 for wording in (*ENDED_BY.values(), *NEAR_MISS.values()))
    assert all(0 < len(wording.short) <= 6 for wording in ENDED_BY.values())


def test_a_reason_of_a_later_version_is_said_as_it_is() -> None:
    assert ended_by("eclipse").phrase == "eclipse"


def test_class_names_become_words() -> None:
    assert spoken("dog_bark") == "dog bark"
    assert spoken("_") == "(no name)"
