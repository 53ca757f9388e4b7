from __future__ import annotations

from monitor.bus.messages import PublishedRecord
from monitor.bus.outbox import MAX_WAITING, Outbox, Wakeup
from monitor.waiting import readable
from tests.examples import event, level


def test_what_is_put_in_is_taken_out_in_order_and_rings() -> None:
    wakeup = Wakeup()
    outbox = Outbox(wakeup)
    sent: list[PublishedRecord] = [event("onset"), level(), event("offset")]
    for record in sent:
        outbox.put(record)
    assert readable(wakeup.fd)
    wakeup.quiet()
    assert not readable(wakeup.fd)
    assert outbox.take() == (sent, {})
    assert outbox.take() == ([], {})
    wakeup.close()


def test_where_nobody_takes_anything_levels_are_dropped_first_and_all_that_is_dropped_is_counted() -> None:
    wakeup = Wakeup()
    outbox = Outbox(wakeup)
    for _ in range(3 * MAX_WAITING):
        outbox.put(level())
    for _ in range(MAX_WAITING + 7):
        outbox.put(event())
    records, dropped = outbox.take()
    assert (records.count(level()), records.count(event())) == (MAX_WAITING, MAX_WAITING)
    assert dropped == {"level/mic0/": 2 * MAX_WAITING, "event/mic0/dog_bark/": 7}
    wakeup.close()


def test_ringing_never_waits_and_never_fails() -> None:
    wakeup = Wakeup()
    for _ in range(100_000):
        wakeup.ring()
    wakeup.close()
    wakeup.ring()


def test_it_rings_again_for_what_comes_after_all_was_taken() -> None:
    wakeup = Wakeup()
    outbox = Outbox(wakeup)
    for _ in range(3):
        outbox.put(level())
        wakeup.quiet()
        outbox.put(level())  # whoever was rung for takes this too
        assert len(outbox.take()[0]) == 2
        outbox.put(level())
        assert readable(wakeup.fd)
        wakeup.quiet()
        outbox.take()
    wakeup.close()
