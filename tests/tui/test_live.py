"""The program attached to a real publisher over ZeroMQ."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from monitor.bus.messages import Request
from monitor.bus.subscriber import Subscriber
from monitor.tui.app import MonitorApp
from monitor.tui.options import Options
from monitor.tui.strips import Panel

from .fakes import class_state, event, health, level
from .live_monitor import Monitor


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    monitor = Monitor()
    yield monitor
    monitor.close()


def text(app: MonitorApp, part: str) -> str:
    return "\n".join(strip.text for strip in app.query_one(f"#{part}", Panel).lines)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10.0):
        while not holds():
            await asyncio.sleep(0.02)


async def test_it_joins_late_shows_events_and_passes_wishes_on(monitor: Monitor) -> None:
    monitor.publish(health(1.0), event("onset", "knocking", onset=0.0))
    app = MonitorApp(Subscriber(monitor.publisher.endpoint), Options(monitor.publisher.endpoint, maker=True))
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(lambda: "may be knocking" in text(app, "banner"))
        monitor.publish(level(1.0), event("onset", urgent=True, onset=1.0))
        await until(lambda: "may be siren" in text(app, "banner"))
        await pilot.press("down", "m", "p")
        await until(lambda: len(monitor.requests) == 2)
        assert monitor.requests[0] == Request(request="mute", class_="dog_bark", value=True)
        await until(lambda: [note.message for note in app._notifications] == ["Cannot pause a file."])


async def test_bytes_that_could_drive_a_terminal_never_reach_it(monitor: Monitor) -> None:
    hostile = "\x1b]0;title\x07\x9b31m\x1b[2J[red]x\u202e"
    app = MonitorApp(Subscriber(monitor.publisher.endpoint), Options(monitor.publisher.endpoint))
    async with app.run_test(size=(120, 36)):
        monitor.publish(
            health(1.0, "lost", hostile, classes=(class_state(hostile),), name=hostile),
            event("onset", hostile, onset=0.0),
        )
        await until(lambda: "]0;title" in text(app, "banner"))
        await until(lambda: "]0;title" in text(app, "events"))
        everything = "".join(text(app, part) for part in ("banner", "classes", "events", "status"))
        assert not set("\x1b\x07\x9b\u202e") & set(everything)
        assert "[red]x" in everything
