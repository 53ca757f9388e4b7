"""What a run says of itself as it begins."""

from __future__ import annotations

from msgspec.structs import replace

import monitor
from monitor.pipeline.start_notes import unpinned_note
from tests.fakes import FakeEncoder


def test_weights_that_nothing_was_known_of_are_told() -> None:
    known = FakeEncoder().info
    assert unpinned_note(known) == ()
    (sentence,) = unpinned_note(replace(known, pinned=False))
    assert f"the model {known.name} are taken as they are ({known.identity})" in sentence


def test_the_model_in_the_box_is_pinned() -> None:
    assert monitor.load_encoder().info.pinned
