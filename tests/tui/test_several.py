"""The whole program attached to a monitor that listens to several sources."""

from __future__ import annotations

from .fakes import class_state, event, health, level
from .several import of
from .test_app import running


async def test_every_source_has_a_row_and_s_shows_the_next_one() -> None:
    async with running() as stage:
        assert "▶" not in stage.text("hearing")
        stage.publish(of(health(1.0), "attic"), of(level(1.0, -33.0), "attic"))
        await stage.until(lambda: "2 the attic" in stage.text("hearing"))
        assert "▶ 1 USB microphone" in stage.text("hearing")
        assert "-33 dBFS" not in stage.text("meter")
        await stage.pilot.press("s")
        await stage.until(lambda: "▶ 2 the attic" in stage.text("hearing"))
        await stage.until(lambda: "2 the attic" in stage.text("status"))
        assert "-33 dBFS" in stage.text("meter") or "no sound" in stage.text("meter")
        await stage.pilot.press("s")
        await stage.until(lambda: "▶ 1 USB microphone" in stage.text("hearing"))


async def test_space_pauses_all_sources_unless_all_are_paused() -> None:
    async with running() as stage:
        stage.publish(of(health(1.0, "paused"), "attic"))
        await stage.until(lambda: "PAUSED" in stage.text("hearing"))
        await stage.pilot.press("space")
        assert (await stage.asked("pause"))[0].value is True
        stage.publish(health(2.0, "paused"))
        await stage.until(lambda: "║" in stage.text("banner"))
        stage.link.requests.clear()
        await stage.pilot.press("space")
        assert (await stage.asked("pause"))[0].value is False


async def test_what_begins_to_sound_elsewhere_is_followed_and_s_leads_back() -> None:
    async with running() as stage:
        stage.publish(of(health(1.0), "attic"))
        await stage.until(lambda: "▶ 1 USB microphone" in stage.text("hearing"))
        stage.publish(of(event("onset", onset=0.5), "attic"))
        await stage.until(lambda: "▶ 2 the attic" in stage.text("hearing"))
        await stage.pilot.press("s")
        await stage.until(lambda: "▶ 1 USB microphone" in stage.text("hearing"))


async def test_a_threshold_is_moved_at_the_source_that_is_shown_only() -> None:
    async with running() as stage:
        stage.publish(of(health(1.0, classes=(class_state("siren", threshold=0.9),)), "attic"))
        await stage.until(lambda: "2 the attic" in stage.text("hearing"))
        await stage.pilot.press("s", "plus")
        (request,) = await stage.asked("threshold")
        assert (request.source_id, request.value) == ("attic", 0.9213)
