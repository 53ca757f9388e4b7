"""Every fault of the table, on a real run: told in time, counted, and over without a restart."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.tui.fakes import health
from tools.benchmark.faults.records import Fault, Lost, Outcome, lost_between, unaccounted
from tools.benchmark.faults.report import table
from tools.benchmark.faults.table import FAULTS
from tools.benchmark.faults.trial import tried
from tools.benchmark.faults.worlds import WORLDS


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: one.name.replace(" ", "-"))
def test_a_fault_is_told_in_time_counted_and_over_without_a_restart(fault: Fault) -> None:
    if reason := WORLDS[fault.world][1]():
        pytest.skip(reason)
    assert tried(fault).wrong == ()


def test_faults_have_names_of_their_own_and_worlds_that_there_are() -> None:
    assert len({one.name for one in FAULTS}) == len(FAULTS)
    assert {one.world for one in FAULTS} == set(WORLDS)


def test_what_is_lost_is_what_the_counters_grew_by() -> None:
    before = health(1.0)
    after = replace(before, gap=before.gap + before.sample_rate, invalid=before.invalid + 3)
    lost = lost_between(before, after)
    assert (lost, lost.told) == (Lost(gap_s=1.0, invalid=3), "1 s never delivered, 3 samples invalid")
    assert unaccounted(after) == unaccounted(before) - before.sample_rate


def test_a_fault_that_nobody_was_told_of_is_not_hidden_in_the_table() -> None:
    fault = FAULTS[0]
    told = table([Outcome(fault, wrong=("not told",)), Outcome(fault, 0.2, "LOST: a|b", 1.0)])
    assert f"| {fault.name} | {fault.how} |  | NOTHING | nothing | NEVER |" in told
    assert "| 0.2 s | LOST: a\\|b | nothing | 1.0 s |" in told
    assert f"- **{fault.name}**: not told" in told
