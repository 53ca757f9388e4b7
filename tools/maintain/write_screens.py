"""Write what the terminal interface shows in each story: as text for the tests, as SVG to look at.

python -m tools.maintain.write_screens                 # tests/tui/screens/*.txt
python -m tools.maintain.write_screens --svg FOLDER [--size 80x24 ...] [--theme NAME] [--story NAME ...]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from pathlib import Path

from monitor.tui.options import THEMES, Options
from tests.tui.fakes import FakeLink
from tests.tui.frames import DEPTHS, StoryApp, frame, opened, screen_colours, screen_text
from tests.tui.stories import IN_COLOURS, SCREENS, SIZES, STORIES, STORY_SIZE

TEXTS = Path("tests/tui/screens")
_MOMENT_S = 0.2


def texts() -> dict[str, str]:
    """Return the content of each file: the screens of all stories in one size, or in one depth of colours."""
    found = {}
    for width, height in SIZES:
        screens = [
            f"=== {name}\n{screen_text(frame(make(), width, height))}\n" for name, make in STORIES.items()
        ]
        found[f"{width}x{height}.txt"] = "".join(screens)
    for depth in DEPTHS:
        drawn = {name: frame(STORIES[name](), *STORY_SIZE) for name in IN_COLOURS}
        screens = [f"=== {name}\n{screen_colours(lines, depth)}\n" for name, lines in drawn.items()]
        found[f"colours-{depth}.txt"] = "".join(screens)
    found["opened.txt"] = "".join(f"=== {name}\n{screen_text(lines)}\n" for name, lines in opened().items())
    return found


async def draw(name: str, size: tuple[int, int], theme: str) -> str:
    """Return a story, or what covers one, as SVG, drawn by the program itself."""
    story, keys = SCREENS.get(name, (name, ()))
    app = StoryApp(FakeLink(), Options("", theme=theme))
    app.story = STORIES[story]()
    async with app.run_test(size=size) as pilot:
        await pilot.pause(_MOMENT_S)
        if keys:
            await pilot.press(*keys)
            await pilot.pause(_MOMENT_S)
        app.draw()
        await pilot.pause(_MOMENT_S)
        return app.export_screenshot(title=f"{name}, {size[0]}x{size[1]}")


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--svg", type=Path, metavar="FOLDER")
    parser.add_argument("--size", nargs="+", default=["80x24", "120x36", "200x60"])
    parser.add_argument("--theme", choices=THEMES, default="standard")
    parser.add_argument("--story", nargs="+", default=[*STORIES, *SCREENS], choices=[*STORIES, *SCREENS])
    arguments = parser.parse_args()
    os.environ["TZ"] = "UTC"
    time.tzset()
    if arguments.svg is None:
        for name, text in texts().items():
            (TEXTS / name).write_text(text, "utf-8")
        return
    for size in arguments.size:
        width, height = (int(cells) for cells in size.split("x"))
        for name in arguments.story:
            image = asyncio.run(draw(name, (width, height), arguments.theme))
            (arguments.svg / f"{name}-{size}.svg").write_text(image, "utf-8")


if __name__ == "__main__":
    main()
