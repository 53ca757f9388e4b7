"""Each story looks as somebody has seen it and found it right, in every size and every depth of colours.

After a change: python -m tools.maintain.write_screens, and look at what has changed (--svg draws it).
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from monitor.tui.options import Options
from monitor.tui.strips import Panel
from tools.maintain.write_screens import texts

from .fakes import FakeLink
from .frames import StoryApp, frame
from .stories import SIZES, STORIES

SCREENS = Path(__file__).parent / "screens"


def test_every_story_looks_as_it_was_found_right() -> None:
    drawn = texts()
    assert set(drawn) == {path.name for path in SCREENS.iterdir()}
    for name, text in drawn.items():
        assert text == (SCREENS / name).read_text("utf-8"), name


def test_every_story_fills_every_size_exactly() -> None:
    for width, height in (*SIZES, (20, 5), (33, 11), (76, 17), (300, 90)):
        for name, make in STORIES.items():
            lines = frame(make(), width, height)
            assert [line.cell_length for line in lines] == [width] * height, (name, width, height)


@pytest.mark.parametrize("size", SIZES)
async def test_the_program_shows_what_these_screens_show(size: tuple[int, int]) -> None:
    app = StoryApp(FakeLink(), Options(""))
    app.story = STORIES["missed"]()
    async with app.run_test(size=size) as pilot:
        for name in ("missed", "urgent", "maker", "listening"):
            app.story = STORIES[name]()
            app.draw()
            await pilot.pause(0.02)
            app.draw()
            expected = frame(app.story, *size)
            shown = [panel for panel in app.query(Panel) if panel.display and panel.size.area]
            for panel in shown:
                there = expected[panel.region.y : panel.region.bottom]
                cut = [line.crop(panel.region.x, panel.region.right).text for line in there]
                assert [line.text for line in panel.lines] == cut, (name, panel.id)
            assert sum(panel.region.area for panel in shown) >= size[0] * size[1] - size[1]


async def test_a_storm_of_sizes_ends_in_a_screen_that_is_right() -> None:
    app = StoryApp(FakeLink(), Options(""))
    app.story = STORIES["urgent"]()
    dice = random.Random(1)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        for _ in range(25):
            await pilot.resize_terminal(dice.randrange(20, 201), dice.randrange(5, 61))
        await pilot.press("escape")
        await pilot.resize_terminal(80, 24)
        for _ in range(3):
            app.draw()
            await pilot.pause(0.02)
        banner = app.query_one("#banner", Panel)
        expected = frame(app.story, 80, 24)[: banner.size.height]
        assert [line.text for line in banner.lines] == [line.text for line in expected]
