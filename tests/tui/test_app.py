"""The whole program on a terminal that is not there, fed by hand."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from monitor.bus.messages import Event, PublishedRecord, Request
from monitor.config.limits import THRESHOLD
from monitor.tui.app import MonitorApp
from monitor.tui.headline import headline
from monitor.tui.options import Options
from monitor.tui.parent_pipe import Orphaned, ParentPipe, Told
from monitor.tui.pending_thresholds import STEP
from monitor.tui.screens.help import HelpScreen
from monitor.tui.strips import Panel

from .fakes import CLASSES, FakeLink, class_state, event, health, level, near_miss, scene, scores, snapshot

ENDPOINT = "tcp://127.0.0.1:5557"


class Stage:
    """A running program, its fake monitor and the eyes of the test."""

    def __init__(self, app: MonitorApp, pilot: Pilot[None], link: FakeLink) -> None:
        self.app, self.pilot, self.link = app, pilot, link
        self.clock_s = 0.0

    def publish(self, *records: PublishedRecord) -> None:
        for record in records:
            self.clock_s += 0.1
            self.link.publish(record, self.clock_s)

    def text(self, part: str) -> str:
        panel = self.app.screen_stack[0].query_one(f"#{part}", Panel)
        return "\n".join(strip.text for strip in panel.lines)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the program run until `holds`; the test's own timeout ends it if that never comes."""
        async with asyncio.timeout(10.0):
            while not holds():
                await self.pilot.pause(0.01)

    async def asked(self, kind: str) -> list[Request]:
        """Wait for requests of this kind and return them."""
        await self.until(lambda: any(request.request == kind for request in self.link.requests))
        return [request for request in self.link.requests if request.request == kind]


@asynccontextmanager
async def running(size: tuple[int, int] = (120, 36), **options: Any) -> AsyncIterator[Stage]:
    link = FakeLink(snapshot=snapshot(0.0))
    app = MonitorApp(link, Options(ENDPOINT, **{"maker": True, **options}))
    async with app.run_test(size=size, notifications=True) as pilot:
        stage = Stage(app, pilot, link)
        stage.publish(level(0.1), health(0.2), scores(0.2, siren=0.12, dog_bark=0.07))
        await stage.until(lambda: "siren" in stage.text("classes") and "recognised" in stage.text("banner"))
        yield stage
    assert link.closed


async def test_a_quiet_background_is_shown_as_listening() -> None:
    async with running() as stage:
        assert "nothing recognised" in stage.text("banner")
        assert "○" in stage.text("banner")


async def test_an_event_takes_the_banner_and_the_top_of_the_list() -> None:
    async with running() as stage:
        stage.publish(event("onset", urgent=True, onset=0.2))
        await stage.until(lambda: "may be siren 0.87" in stage.text("banner"))
        assert "SOUNDS NOW" in stage.text("events")
        stage.publish(event("offset", urgent=True, onset=0.2, offset=0.6, ended_by="quiet"))
        await stage.until(lambda: "MISSED" in stage.text("events"))


async def test_what_was_urgent_stays_in_the_banner_until_it_is_acknowledged() -> None:
    async with running() as stage:
        stage.publish(event("onset", urgent=True, onset=0.2))
        stage.publish(event("offset", urgent=True, onset=0.2, offset=0.6, ended_by="quiet"))
        await stage.until(lambda: "MISSED" in stage.text("events"))
        missed = next(iter(stage.app.view.missed_events))
        earlier = dataclasses.replace(missed, ended_s=missed.ended_s - 60.0)  # no longer just over
        state = dataclasses.replace(stage.app.view.state, heard={earlier.event.id: earlier})
        head = headline(dataclasses.replace(stage.app.view, state=state, states={}))
        assert (head.kind, head.word) == ("missed", "missed siren")
        assert "a: I have seen this" in head.detail
        await stage.pilot.press("a")
        assert (await stage.asked("acknowledge"))[0].event_id is None
        stage.publish(acknowledged(missed.event))
        await stage.until(lambda: "MISSED" not in stage.text("events"))
        assert "ended" in stage.text("events")


def acknowledged(event: Event) -> Event:
    return msgspec.structs.replace(
        event, type="acknowledged", acknowledged_by="the interface", acknowledged_at=datetime.now(UTC)
    )


class CountsBells(MonitorApp):
    """Counts the bells that a terminal would ring or show."""

    bells = 0

    def bell(self) -> None:
        self.bells += 1


@pytest.mark.parametrize("wanted", [True, False])
async def test_the_bell_rings_once_per_onset_and_only_when_wanted(wanted: bool) -> None:
    link = FakeLink(snapshot=snapshot(0.0))
    app = CountsBells(link, Options(ENDPOINT, bell=wanted))
    async with app.run_test(size=(80, 24)) as pilot:
        stage = Stage(app, pilot, link)
        stage.publish(health(0.1), event("onset", onset=0.2), event("update", onset=0.2))
        stage.publish(event("offset", onset=0.2, offset=0.3))
        await stage.until(lambda: "ended" in stage.text("events"))
    assert app.bells == int(wanted)


async def test_events_from_before_it_was_attached_are_shown() -> None:
    async with running() as stage:
        stage.link.snapshot = snapshot(1.0, recent=(event("offset", "knocking", onset=-9.0, offset=-8.0),))
        stage.link.restarts += 1
        stage.publish(level(1.0))
        await stage.until(lambda: "knocking" in stage.text("events"))


async def test_m_mutes_the_selected_class_and_again_unmutes_it() -> None:
    async with running() as stage:
        await stage.pilot.press("down", "m")
        (request,) = await stage.asked("mute")
        assert request == Request(request="mute", class_="dog_bark", value=True)
        only_dog_muted = (class_state("siren"), class_state("dog_bark", muted=True))
        stage.publish(health(1.0, classes=only_dog_muted))
        await stage.until(lambda: "knocking" not in stage.text("classes"))
        assert "⊘ muted" in stage.text("classes")
        stage.link.requests.clear()
        await stage.pilot.press("m")
        assert (await stage.asked("mute"))[0].value is False


def pressed(steps: int) -> object:
    """Threshold after so many presses more upwards than downwards, from 0.55."""
    odds = 0.55 / 0.45 * STEP**steps
    return pytest.approx(odds / (1 + odds), abs=1e-3)


async def test_plus_and_minus_move_the_threshold_and_quick_presses_add_up() -> None:
    async with running() as stage:
        await stage.pilot.press("plus", "plus", "minus", "minus", "minus")
        await stage.until(lambda: len(stage.link.requests) >= 6)
        asked = await stage.asked("threshold")
        assert [request.class_ for request in asked] == ["siren"] * 5
        assert [request.value for request in asked] == [pressed(at) for at in (1, 2, 1, 0, -1)]
        stage.publish(health(1.0, classes=(class_state("siren", threshold=0.48),)))
        await stage.until(lambda: "/0.48" in stage.text("classes"))


async def test_a_health_report_from_before_a_request_does_not_undo_a_press() -> None:
    async with running() as stage:
        await stage.pilot.press("plus")
        stage.publish(health(1.0, classes=(class_state("siren", threshold=0.55), class_state("late"))))
        await stage.until(lambda: "late" in stage.text("classes"))
        await stage.pilot.press("plus")
        await stage.until(lambda: len(stage.link.requests) >= 3)
        assert [request.value for request in await stage.asked("threshold")] == [pressed(1), pressed(2)]


async def test_thresholds_stop_at_their_limits() -> None:
    async with running() as stage:
        await stage.pilot.press(*["plus"] * 40)
        await stage.until(lambda: any(one.value == THRESHOLD.high for one in stage.link.requests))
        asked = [float(request.value or 0.0) for request in await stage.asked("threshold")]
        assert asked == sorted(asked)
        assert asked[-1] == THRESHOLD.high
        assert asked.count(THRESHOLD.high) == 1


@pytest.mark.parametrize("key", ["space", "p"])
async def test_pause_and_listen_again(key: str) -> None:
    async with running() as stage:
        await stage.pilot.press(key)
        assert (await stage.asked("pause"))[0].value is True
        stage.publish(health(1.0, "paused"))
        await stage.until(lambda: "║" in stage.text("banner"))
        stage.link.requests.clear()
        await stage.pilot.press(key)
        assert (await stage.asked("pause"))[0].value is False


async def test_a_pause_can_be_ended_while_the_source_is_lost() -> None:
    async with running() as stage:
        stage.publish(health(1.0, "lost", paused=True))
        await stage.until(lambda: "and paused" in stage.text("banner"))
        assert "and paused" in stage.text("status")
        await stage.pilot.press("space")
        assert [request.value for request in await stage.asked("pause")] == [False]


async def test_n_shows_and_hides_near_misses() -> None:
    async with running() as stage:
        stage.publish(near_miss(0.3))
        await stage.pilot.press("n")
        await stage.until(lambda: "below 0.50" in stage.text("events"))
        await stage.pilot.press("n")
        await stage.until(lambda: "below 0.50" not in stage.text("events"))


async def test_past_events_scroll_by_pages_and_stop_at_the_oldest() -> None:
    async with running((80, 24)) as stage:
        stage.publish(*(event("offset", f"c{k}", onset=float(k), offset=k + 0.5) for k in range(20)))
        await stage.until(lambda: "c19" in stage.text("events"))
        await stage.pilot.press("pagedown")
        await stage.until(lambda: "c19" not in stage.text("events"))
        await stage.pilot.press(*["pagedown"] * 9)
        await stage.until(lambda: "c0 " in stage.text("events"))
        await stage.pilot.press(*["pageup"] * 9)
        await stage.until(lambda: "c19" in stage.text("events"))


async def test_a_refusal_is_said_and_its_markup_is_only_text() -> None:
    async with running() as stage:
        stage.link.refusal = "Unknown class [red]siren[/]; choose a listed one."
        await stage.pilot.press("down", "m")
        await stage.until(lambda: bool(list(stage.app._notifications)))
        assert [note.message for note in stage.app._notifications] == [stage.link.refusal]
        await stage.until(lambda: "Unknown" in stage.app.export_screenshot())
        assert "[red]siren[/]" in stage.app.export_screenshot()


async def test_a_lost_source_cannot_be_mistaken_for_quiet() -> None:
    async with running() as stage:
        stage.publish(health(1.0, "lost", "USB microphone was unplugged."))
        await stage.until(lambda: "was unplugged" in stage.text("banner"))
        assert "nothing recognised" not in stage.text("banner")
        assert "LOST" in stage.text("status")


async def test_a_monitor_that_falls_silent_is_gone_and_may_come_back() -> None:
    async with running() as stage:
        stage.link.is_alive = False
        await stage.until(lambda: "nothing is heard or reported" in stage.text("banner"))
        stage.link.is_alive = True
        await stage.until(lambda: "nothing recognised" in stage.text("banner"))


class Talking(ParentPipe):
    """A parent that says what the test says."""

    def __init__(self) -> None:
        super().__init__(-1)
        self.say: Callable[[Told | Orphaned], None] = print

    def start(self, notify: Callable[[Told | Orphaned], None]) -> None:
        self.say = notify


async def test_it_shows_what_its_parent_does_until_there_is_a_monitor_and_ends_with_it() -> None:
    parent, link = Talking(), FakeLink(snapshot=snapshot(0.0))
    link.is_alive = False
    asked_for: list[tuple[str, str | None]] = []

    def connect(endpoint: str, control: str | None) -> FakeLink:
        asked_for.append((endpoint, control))
        return link

    app = MonitorApp(None, Options("unknown"), connect=connect, parent=parent)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        stage = Stage(app, pilot, link)
        await stage.until(lambda: "nothing is heard yet" in stage.text("banner"))
        await pilot.press("m", "p", "plus")  # harmless
        parent.say(Told("doing", "embedding 12/60 phrases"))
        await stage.until(lambda: "embedding 12/60 phrases" in stage.text("banner"))
        parent.say(Told("later version", "?"))
        parent.say(Told("control", "ipc:///a place"))
        parent.say(Told("endpoint", ENDPOINT))
        await stage.until(lambda: asked_for == [(ENDPOINT, "ipc:///a place")])
        assert "embedding 12/60 phrases" in stage.text("banner")  # not "no monitor yet"
        link.is_alive = True
        stage.publish(level(0.1), health(0.2))
        await stage.until(lambda: "nothing recognised" in stage.text("banner"))
        parent.say(Told("note", "The [b]background[/] is not known yet."))
        await stage.until(lambda: bool(list(app._notifications)))
        assert app.is_running
        parent.say(Orphaned(datetime.now(UTC)))
        await stage.until(lambda: not app.is_running)
    assert app.return_code == 1
    assert app.orphaned is not None
    assert link.closed


async def test_a_monitor_without_a_source_yet_is_not_said_to_listen() -> None:
    link = FakeLink(snapshot=snapshot(0.0))
    app = MonitorApp(link, Options(ENDPOINT))
    async with app.run_test(size=(120, 36)) as pilot:
        stage = Stage(app, pilot, link)
        await stage.until(lambda: "not known yet" in stage.text("banner"))


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_it_ends_when_asked(key: str) -> None:
    async with running() as stage:
        await stage.pilot.press(key)
        await stage.until(lambda: not stage.app.is_running)
    assert stage.app.return_code == 0


async def test_help_opens_survives_a_resize_and_closes() -> None:
    async with running() as stage:
        await stage.pilot.press("question_mark")
        await stage.until(lambda: isinstance(stage.app.screen, HelpScreen))
        await stage.pilot.resize_terminal(80, 24)
        await stage.until(lambda: len(stage.text("banner").splitlines()[0]) == 80)
        await stage.pilot.press("q")
        await stage.until(lambda: not isinstance(stage.app.screen, HelpScreen))
        assert stage.app.is_running


@pytest.mark.parametrize("news", [event("onset", onset=0.2), health(1.0, "lost")])
async def test_an_event_or_a_fault_closes_the_help_so_that_nothing_covers_it(news: PublishedRecord) -> None:
    async with running() as stage:
        await stage.pilot.press("question_mark")
        await stage.until(lambda: isinstance(stage.app.screen, HelpScreen))
        stage.publish(news)
        await stage.until(lambda: not isinstance(stage.app.screen, HelpScreen))
        assert stage.app.is_running


async def test_names_full_of_markup_are_shown_as_they_are() -> None:
    hostile = "[bold red]a[/] [@click=app.quit]b"
    async with running() as stage:
        stage.publish(health(1.0, "lost", "[/]reason[", classes=(class_state(hostile),), name="[link=x]mic"))
        stage.publish(event("offset", hostile, onset=0.2, offset=0.3))
        await stage.until(lambda: "[/]reason[" in stage.text("banner"))
        await stage.until(lambda: "[bold red]a" in stage.text("events"))
        assert "[bold" in stage.text("classes")
        assert "[link=x]mic" in stage.text("status")
        assert "[/]reason[" in stage.app.export_screenshot()


@pytest.mark.parametrize(
    ("size", "mono"),
    [
        ((80, 24), False),
        ((80, 24), True),
        ((120, 36), False),
        ((200, 60), False),
        ((60, 20), False),
        ((40, 12), True),
        ((40, 12), False),
        ((30, 6), False),
        ((20, 2), False),
    ],
)
async def test_every_size_shows_the_banner_and_every_part_that_has_room(
    size: tuple[int, int], mono: bool
) -> None:
    link = FakeLink(snapshot=snapshot(0.0))
    app = MonitorApp(link, Options(ENDPOINT, theme="mono" if mono else None, maker=True))
    async with app.run_test(size=size) as pilot:
        stage = Stage(app, pilot, link)
        for tick in range(130):
            stage.publish(*scene(tick, classes=CLASSES))
        await stage.until(lambda: "siren" in stage.text("banner").lower())
        stage.publish(acknowledged(event("update", urgent=True, onset=9.0)))
        await stage.until(lambda: not headline(app.view).alarm)
        await stage.until(lambda: bool(app.query_one("#tables").display) or size[1] < 12)

        def laid_out() -> list[Panel]:
            return [panel for panel in app.query(Panel) if panel.display and panel.size.area]

        await stage.until(lambda: len(laid_out()) == 9 or size[1] < 24)  # all but alerts
        shown = laid_out()
        assert sum(panel.region.area for panel in shown) <= size[0] * size[1]
        for panel in shown:
            assert panel.region.right <= size[0]
            assert panel.region.bottom <= size[1]
        assert "? help" in stage.text("footer")
        assert "q quit" in stage.text("footer")
        assert len(shown) == 9 or size[1] < 24


async def test_a_terminal_without_colour_reverses_the_banner_that_calls() -> None:
    async with running(theme="mono") as stage:
        stage.publish(event("onset", urgent=True, onset=0.2))
        await stage.until(lambda: "may be siren" in stage.text("banner"))
        banner = stage.app.query_one("#banner", Panel)

        def reversed_now() -> bool:
            return any(segment.style and segment.style.reverse for segment in banner.render_line(0))

        await stage.until(reversed_now)
        assert all(segment.style and segment.style.color is None for segment in banner.render_line(0))
