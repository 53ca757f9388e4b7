"""What covers the screen: one event in full, the history, the list of commands; and the mouse."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from textual.command import CommandPalette
from textual.widgets import Input
from textual.widgets._toast import Toast

from monitor.bus.messages import CorrectionState
from monitor.records import NearMissReason
from monitor.tui.screens.detail import DetailScreen
from monitor.tui.screens.history import HistoryScreen
from monitor.tui.strips import Panel

from .fakes import event, health, near_miss
from .test_app import Stage, running

REASON: NearMissReason = "not_confirmed"


def shown(stage: Stage, part: str) -> str:
    """Return the lines of a part of the screen on top."""
    return "\n".join(strip.text for strip in stage.app.screen.query_one(f"#{part}", Panel).lines)


async def test_enter_shows_an_event_in_full_and_a_acknowledges_that_one() -> None:
    async with running((100, 36), maker=False) as stage:
        alarm = event("offset", "smoke_alarm", urgent=True, onset=0.2, offset=0.6, ended_by="quiet")
        stage.publish(msgspec.structs.replace(alarm, rhythm="T3, 4 cycles"), near_miss(0.3, reason=REASON))
        await stage.until(lambda: "smoke alarm" in stage.text("events"))
        await stage.pilot.press("enter")
        await stage.until(lambda: isinstance(stage.app.screen, DetailScreen))
        await stage.until(lambda: "MISSED: nobody has seen it yet" in shown(stage, "event"))
        text = shown(stage, "event")
        for said in (
            "T3, 4 cycles",
            "14 dB over the background",
            "knocking",
            "Saturday 14 March",
            "USB micro",
        ):
            assert said in text
        await stage.pilot.press("a")
        assert [one.event_id for one in await stage.asked("acknowledge")] == [alarm.id]
        await stage.pilot.press("w", "u")
        await stage.until(lambda: len([one for one in stage.link.requests if one.request == "correct"]) == 2)
        corrections = await stage.asked("correct")
        assert [(one.event_id, one.value) for one in corrections] == [(alarm.id, "wrong"), (alarm.id, "undo")]
        await stage.pilot.press("t")
        await stage.until(lambda: f"monitor learn smoke_alarm --event {alarm.id}" in shown(stage, "event"))
        await stage.pilot.press("escape")
        await stage.until(lambda: not isinstance(stage.app.screen, DetailScreen))


async def test_what_was_said_of_an_event_stands_there_until_it_is_taken_back() -> None:
    async with running((80, 24), maker=False) as stage:
        heard = event("offset", "dog_bark", onset=0.2, offset=0.6, ended_by="quiet")
        stage.link.corrections = [
            CorrectionState(heard.id, "dog_bark", False, datetime.now(UTC), "you", "mic", -1.0)
        ]
        stage.publish(heard)
        await stage.until(lambda: "dog bark" in stage.text("events"))
        await stage.pilot.press("enter")
        await stage.until(lambda: isinstance(stage.app.screen, DetailScreen))
        await stage.pilot.press("w")
        await stage.until(lambda: "you said: wrong   the same sound now counts" in shown(stage, "event"))
        assert not stage.app.screen.query(Toast)  # which would cover its keys
        await stage.pilot.press("escape")
        await stage.until(lambda: not isinstance(stage.app.screen, DetailScreen))
        await stage.pilot.press("enter")
        await stage.until(lambda: isinstance(stage.app.screen, DetailScreen))
        await stage.until(lambda: "you said: wrong" in shown(stage, "event"))
        await stage.pilot.press("u")
        await stage.until(lambda: "you said" not in shown(stage, "event"))


async def test_an_event_that_goes_on_is_shown_as_it_is_now() -> None:
    async with running((100, 36), maker=False) as stage:
        stage.publish(event("onset", onset=0.2))
        await stage.until(lambda: "NOW" in stage.text("events"))
        await stage.pilot.press("tab", "enter")
        await stage.until(lambda: "sounds now" in shown(stage, "event"))
        stage.publish(event("offset", onset=0.2, offset=0.5, ended_by="lost"))
        await stage.until(lambda: "over: the source was lost" in shown(stage, "event"))


async def test_the_history_of_earlier_runs_is_found_by_what_is_typed() -> None:
    async with running((100, 30), maker=False) as stage:
        stage.link.history = [
            event("offset", "doorbell", onset=-90_000.0, offset=-89_998.0),
            event("offset", "dog_bark", onset=-7_000.0, offset=-6_990.0),
        ]
        stage.publish(event("offset", "siren", onset=0.2, offset=0.5))
        await stage.pilot.press("slash")
        await stage.until(lambda: isinstance(stage.app.screen, HistoryScreen))
        await stage.until(lambda: "3 events" in shown(stage, "found"))
        await stage.pilot.press(*"mic", "space", *"friday")
        await stage.until(lambda: "1 event " in shown(stage, "found"))
        assert "doorbell" in shown(stage, "found")
        stage.app.screen.query_one("#find", Input).value = "bell"
        await stage.pilot.press("enter")
        await stage.until(lambda: isinstance(stage.app.screen, DetailScreen))
        assert not [one for one in stage.link.requests if one.request in {"pause", "mute", "acknowledge"}]
        await stage.until(lambda: "DOORBELL" in shown(stage, "event"))
        await stage.pilot.press("escape")
        await stage.until(lambda: isinstance(stage.app.screen, HistoryScreen))
        stage.app.screen.query_one("#find", Input).value = ""
        await stage.until(lambda: "3 events" in shown(stage, "found"))
        await stage.pilot.press("down", "pagedown", "up", "enter")
        await stage.until(lambda: "DOG BARK" in shown(stage, "event"))


async def test_without_a_history_it_says_why_and_shows_what_this_run_heard() -> None:
    async with running((100, 30)) as stage:
        stage.publish(event("offset", "siren", onset=0.2, offset=0.5))
        stage.link.refusal = "This monitor keeps no history."
        await stage.pilot.press("slash")
        await stage.until(lambda: isinstance(stage.app.screen, HistoryScreen))
        await stage.until(lambda: "keeps no history" in shown(stage, "found"))
        assert "siren" in shown(stage, "found")


async def test_the_list_of_commands_does_what_keys_do_and_an_alarm_closes_all_of_it() -> None:
    async with running((100, 30), maker=False) as stage:
        await stage.pilot.press("ctrl+p")
        await stage.until(lambda: isinstance(stage.app.screen, CommandPalette))
        await stage.pilot.press(*"mute dog bark")
        await stage.pilot.pause(0.3)  # the list is searched while one types
        await stage.pilot.press("enter")
        await stage.until(lambda: not isinstance(stage.app.screen, CommandPalette))
        assert [one.class_ for one in await stage.asked("mute")] == ["dog_bark"]
        await stage.pilot.press("slash")
        await stage.until(lambda: isinstance(stage.app.screen, HistoryScreen))
        await stage.pilot.press("ctrl+p")
        await stage.until(lambda: isinstance(stage.app.screen, CommandPalette))
        stage.publish(event("onset", "smoke_alarm", urgent=True, onset=0.2))
        await stage.until(lambda: len(stage.app.screen_stack) == 1)
        await stage.until(lambda: "may be a smoke alarm" in stage.text("banner"))


async def test_colours_change_while_it_runs() -> None:
    async with running((80, 24)) as stage:
        stage.app.colour("mono")
        banner = stage.app.query_one("#banner", Panel)
        assert all(segment.style and segment.style.color is None for segment in banner.render_line(0))
        assert stage.app.view.mono


async def test_the_mouse_selects_opens_and_presses_keys() -> None:
    async with running((80, 24), maker=False) as stage:
        stage.publish(
            event("offset", "siren", onset=0.2, offset=0.3), event("offset", "cat", onset=1, offset=2)
        )
        await stage.until(lambda: "cat" in stage.text("events"))
        await stage.pilot.click("#classes", offset=(5, 3))
        await stage.until(lambda: "▶ knocking" in stage.text("classes"))
        await stage.pilot.click("#events", offset=(5, 2))
        await stage.until(lambda: stage.text("events").splitlines()[2].startswith("▶"))
        await stage.pilot.click("#events", offset=(5, 2), times=2)
        await stage.until(lambda: isinstance(stage.app.screen, DetailScreen))
        await stage.pilot.press("escape")
        footer = stage.text("footer")
        await stage.pilot.click("#footer", offset=(footer.index("pause"), 0))
        assert (await stage.asked("pause"))[0].value is True
        stage.publish(health(3.0))
