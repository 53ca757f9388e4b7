"""Each report once, whatever comes twice, and what did not come is counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.messages import Report
from monitor.fleet.inbox import Gap, Inbox
from tests.examples import NOON


def report(number: int, node: str = "attic", spool: str = "s") -> Report:
    return Report(id=f"{node}-{number}", node=node, noted=NOON, spool=spool, sequence=number)


def test_what_came_before_is_passed_over() -> None:
    inbox = Inbox()
    taken = list(inbox.take([report(1), report(2), report(1), report(3), report(2)]))
    assert taken == [report(1), report(2), report(3)]
    assert (inbox.repeated, inbox.missing) == (2, 0)


def test_what_is_missing_is_told_before_what_came_after_it_but_not_before_the_first() -> None:
    taken = list(Inbox().take([report(7), report(8), report(12), report(1, spool="t"), report(2, spool="t")]))
    assert taken[2] == Gap("attic", 3)
    assert len([one for one in taken if isinstance(one, Gap)]) == 1


def test_two_nodes_may_use_the_same_ids() -> None:
    twins = [Report(id="x", node=node, noted=NOON, sequence=1) for node in ("a", "b")]
    assert list(Inbox().take(twins)) == twins


def test_what_is_remembered_is_bounded() -> None:
    inbox = Inbox(most_known=2)
    list(inbox.take(report(number) for number in range(1, 10)))
    assert len(inbox._known) == 2


@given(st.lists(st.integers(1, 12), max_size=60))
def test_whatever_is_repeated_each_passes_once_in_the_order_of_its_first_coming(numbers: list[int]) -> None:
    taken = [one for one in Inbox().take(map(report, numbers)) if isinstance(one, Report)]
    assert [one.sequence for one in taken] == list(dict.fromkeys(numbers))
