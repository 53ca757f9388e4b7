from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.limits import THRESHOLD
from monitor.tui.pending_thresholds import PendingThresholds

from .fakes import class_state

LOWEST, HIGHEST = THRESHOLD


@given(
    threshold=st.floats(0.0, 1.0),
    presses=st.lists(st.sampled_from([-1, 1]), min_size=1, max_size=60),
)
def test_a_press_upwards_never_lowers_and_one_downwards_never_raises(
    threshold: float, presses: list[int]
) -> None:
    pending = PendingThresholds()
    entry = class_state("siren", threshold=threshold)
    now = threshold
    for steps in presses:
        wanted = pending.press("mic-0", entry, steps)
        if wanted is None:
            assert now >= HIGHEST if steps > 0 else now <= LOWEST
            continue
        assert wanted > now if steps > 0 else wanted < now
        assert LOWEST <= wanted <= HIGHEST
        now = wanted


@pytest.mark.parametrize(
    ("threshold", "steps", "wanted"),
    [
        (0.9988, 1, HIGHEST),
        (0.011, -1, LOWEST),
        (0.5, 1, 0.5652),
        (HIGHEST, 1, None),
        (1.0, 1, None),
        (LOWEST, -1, None),
    ],
)
def test_at_the_ends(threshold: float, steps: int, wanted: float | None) -> None:
    assert PendingThresholds().press("mic-0", class_state("siren", threshold=threshold), steps) == wanted


def test_a_press_at_one_source_does_not_count_at_another() -> None:
    pending = PendingThresholds()
    assert pending.press("attic", class_state("siren", threshold=0.9), 1) == 0.9213
    assert pending.press("cellar", class_state("siren", threshold=0.5), 1) == 0.5652
    pending.reported("attic", [class_state("siren", threshold=0.9213)])
    assert pending.press("cellar", class_state("siren", threshold=0.5), -1) == 0.5
