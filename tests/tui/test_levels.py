"""Words for people, numbers for makers; the whole screen for an alarm; questions before silence."""

from __future__ import annotations

import pytest

from monitor.tui.app import MonitorApp
from monitor.tui.options import Options
from monitor.tui.parent_pipe import ParentPipe
from monitor.tui.screens.confirm import ConfirmScreen
from monitor.tui.strips import Panel

from .fakes import FakeLink, class_state, event, health, level, near_miss, snapshot
from .test_app import ENDPOINT, Stage, acknowledged, running


async def test_it_begins_with_words_and_d_shows_numbers() -> None:
    async with running((80, 24), maker=False) as stage:
        assert stage.app.query_one("#status", Panel).display is False
        stage.publish(event("onset", onset=0.2))
        await stage.until(lambda: "may be a siren, likely" in stage.text("banner"))
        assert "0.87" not in "".join(map(stage.text, ("banner", "classes", "events", "hearing")))
        await stage.pilot.press("d")
        await stage.until(lambda: "may be siren 0.87" in stage.text("banner"))
        await stage.until(lambda: "rtf 0.14" in stage.text("status"))


async def test_an_alarm_takes_the_whole_screen_until_it_is_acknowledged() -> None:
    async with running((80, 24), maker=False) as stage:
        stage.publish(event("onset", "smoke_alarm", urgent=True, onset=0.2))
        await stage.until(lambda: not stage.app.query_one("#tables").display)
        await stage.until(lambda: stage.app.query_one("#banner").size.height == 22)
        assert "a: I have seen this" in stage.text("banner")
        assert "HEARS" in stage.text("hearing")
        stage.publish(acknowledged(event("update", "smoke_alarm", urgent=True, onset=0.2)))
        await stage.until(lambda: bool(stage.app.query_one("#tables").display))
        assert "SOUNDS" in stage.text("classes")


async def test_what_was_missed_stays_in_a_bar_also_while_something_else_sounds() -> None:
    async with running((80, 24), maker=False) as stage:
        stage.publish(event("offset", "smoke_alarm", urgent=True, onset=0.2, offset=0.5))
        stage.publish(event("onset", "dog_bark", onset=1.0))
        await stage.until(lambda: "may be a dog bark" in stage.text("banner"))
        await stage.until(lambda: "△ MISSED  SMOKE ALARM " in stage.text("alerts"))
        assert "press a" in stage.text("alerts")


async def test_an_urgent_class_that_is_muted_is_told_in_a_bar_that_stays() -> None:
    async with running((80, 24), maker=False) as stage:
        stage.publish(health(1.0, classes=(class_state("smoke_alarm", muted=True, urgent=True),)))
        await stage.until(lambda: "SMOKE ALARM is urgent and will not be" in stage.text("alerts"))


@pytest.mark.parametrize(("answer", "asked"), [("y", True), ("m", True), ("n", False), ("escape", False)])
async def test_before_an_urgent_class_is_muted_it_asks(answer: str, asked: bool) -> None:
    async with running((80, 24)) as stage:
        await stage.pilot.press("m")
        await stage.until(lambda: isinstance(stage.app.screen, ConfirmScreen))
        await stage.pilot.press(answer)
        await stage.until(lambda: not isinstance(stage.app.screen, ConfirmScreen))
        await stage.pilot.press("down", "m")
        requests = await stage.asked("mute")
        assert [request.class_ for request in requests] == ["siren"] * asked + ["dog_bark"]


async def test_an_alarm_takes_the_place_of_a_question() -> None:
    async with running((80, 24)) as stage:
        await stage.pilot.press("m")
        await stage.until(lambda: isinstance(stage.app.screen, ConfirmScreen))
        stage.publish(event("onset", urgent=True, onset=0.2))
        await stage.until(lambda: not isinstance(stage.app.screen, ConfirmScreen))
        assert not [request for request in stage.link.requests if request.request == "mute"]


class Quiet(ParentPipe):
    """A parent that says nothing."""

    def __init__(self) -> None:
        super().__init__(-1)

    def start(self, notify: object) -> None:
        """Say nothing."""


async def test_q_asks_where_it_would_end_a_monitor_that_hears_and_nowhere_else() -> None:
    link = FakeLink(snapshot=snapshot(0.0))
    app = MonitorApp(link, Options(ENDPOINT), parent=Quiet())
    async with app.run_test(size=(80, 24)) as pilot:
        stage = Stage(app, pilot, link)
        stage.publish(level(0.1), health(0.2))
        await stage.until(lambda: "HEARS" in stage.text("hearing"))
        await pilot.press("q")
        await stage.until(lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("escape")
        await stage.until(lambda: not isinstance(app.screen, ConfirmScreen))
        assert app.is_running
        stage.publish(health(1.0, "ended"))
        await stage.until(lambda: "ENDED" in stage.text("hearing"))
        await pilot.press("q")
        await stage.until(lambda: not app.is_running)


async def test_why_nothing_fired_is_always_one_line() -> None:
    async with running((160, 36), maker=False) as stage:
        stage.publish(health(20.0))
        stage.clock_s = 20.0
        stage.publish(level(20.0, -30.0), near_miss(20.3))
        await stage.until(lambda: "dB over the background" in stage.text("why"))
        await stage.until(lambda: "nearest dog bark" in stage.text("why"))
        assert "below the threshold" in stage.text("why")
