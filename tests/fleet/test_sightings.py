"""Whatever a broker brings is understood or counted."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.codec import encode_json
from monitor.bus.messages import Report
from monitor.fleet.sightings import MOST_REPORTS, Sightings
from tests.examples import NOON, any_text
from tests.fleet.test_standing import STATE


@given(
    any_text, st.sampled_from(["state", "presence", "answer", "report", "order", ""]), st.binary(max_size=40)
)
def test_any_bytes_are_counted_and_harm_nobody(node: str, what: str, payload: bytes) -> None:
    sightings = Sightings()
    sightings.take(node, what, payload, live=True)
    assert sightings.take_reports() == []


def test_a_node_that_speaks_for_another_is_not_believed() -> None:
    sightings = Sightings()
    sightings.take("cellar", "state", encode_json(STATE), live=True)
    assert (sightings.seen(), sightings.not_understood) == ({}, 1)


def test_an_answer_to_somebody_else_sets_no_clock() -> None:
    sightings = Sightings()
    sightings.take_answer(b'{"node":"attic","ask":"theirs","time":"2026-11-21T12:00:00Z"}')
    assert sightings.seen() == {}


@pytest.mark.parametrize("what", ["state", "presence"])
def test_what_the_broker_was_told_to_forget_is_forgotten(what: str) -> None:
    sightings = Sightings()
    sightings.take("attic", "state", encode_json(STATE), live=False)
    sightings.take("attic", what, b"", live=True)
    assert ("attic" in sightings.seen()) == (what == "presence")


def test_reports_that_nobody_takes_are_bounded_and_counted() -> None:
    sightings, payload = Sightings(), encode_json(Report(id="x", node="attic", noted=NOON))
    for _ in range(MOST_REPORTS + 5):
        sightings.take("attic", "report", payload, live=True)
    assert (len(sightings.take_reports()), sightings.dropped) == (MOST_REPORTS, 5)


def test_what_comes_live_keeps_nobody_from_having_all_that_was_kept() -> None:
    """A thousand nodes are never quiet."""
    sightings, ended = Sightings(), threading.Event()

    def live() -> None:
        while not ended.wait(0.01):
            sightings.take("attic", "state", encode_json(STATE), live=True)

    thread = threading.Thread(target=live)
    thread.start()
    sightings.take("cellar", "presence", b"online", live=False)
    begun_s = time.monotonic()
    sightings.settle(0.2, 60.0)
    waited_s = time.monotonic() - begun_s
    ended.set()
    thread.join()
    assert 0.1 < waited_s < 30.0
