"""Notices never cover what is urgent."""

from __future__ import annotations

import pytest
from textual.widgets._toast import Toast

from monitor.tui.notices import Notice

from .fakes import event
from .test_app import Stage, acknowledged, running

NOTE = "Pairing code: 123456"


def visible(stage: Stage) -> list[str]:
    """Return the notices that can be seen."""
    return [str(toast.render()) for toast in stage.app.screen.query(Toast) if toast.visible]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("over", [True, False])
async def test_no_notice_covers_something_urgent_until_it_has_been_seen(
    size: tuple[int, int], before: bool, over: bool
) -> None:
    """The law: whether the notice comes first or the alarm, whether that still sounds or was missed."""
    alarm = event("onset", urgent=True, onset=0.2)
    async with running(size, maker=False) as stage:
        if before:
            stage.app.notify(NOTE, timeout=30.0)
            await stage.until(lambda: len(visible(stage)) == 1)
        stage.publish(alarm)
        if over:
            stage.publish(event("offset", urgent=True, onset=0.2, offset=0.6, ended_by="quiet"))
        await stage.until(lambda: stage.app.view.unseen and stage.app.has_class("urgent"))
        if not before:
            stage.app.notify(NOTE, timeout=30.0)
        await stage.until(lambda: len(stage.app.screen.query(Toast)) == 1 and not visible(stage))
        await stage.until(lambda: "a seen (1 more to read)" in stage.text("footer"))
        assert "123456" not in stage.app.export_screenshot()
        if not over:
            stage.publish(event("offset", urgent=True, onset=0.2, offset=0.6, ended_by="quiet"))
        await stage.until(lambda: bool(stage.app.view.missed_events))
        assert not visible(stage)
        stage.publish(acknowledged(stage.app.view.missed_events[0].event))
        await stage.until(lambda: "123456" in stage.app.export_screenshot())
        assert "more to read" not in stage.text("footer")


async def test_a_notice_whose_time_is_over_before_it_is_drawn_does_not_stop_the_interface(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running((80, 24)) as stage:
        monkeypatch.setattr(Notice, "has_expired", property(lambda _: False))  # it is over a moment later
        stage.app.notify(NOTE, timeout=-0.0006)
        stage.publish(event("onset", urgent=True, onset=0.2))
        await stage.until(lambda: stage.app.has_class("urgent"))


async def test_notices_that_were_read_do_not_come_back() -> None:
    async with running((80, 24)) as stage:
        stage.app.notify(NOTE, timeout=0.01)
        await stage.until(lambda: all(note.has_expired for note in stage.app._notes))
        stage.publish(event("onset", urgent=True, onset=0.2))
        await stage.until(lambda: stage.app.has_class("urgent"))
        assert stage.app.view.notices_waiting == 0
