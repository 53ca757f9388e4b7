"""Draw the terminal interface attached to a running monitor, as an SVG.

    python -m tools.maintain.screenshot --class siren --out docs/tui.svg

Starts `monitor run` on the demo scene, attaches the interface without a terminal, and waits for an event of
the class and a moment longer.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from pathlib import Path

from monitor.bus.subscriber import Subscriber
from monitor.tui.app import MonitorApp
from monitor.tui.options import Options

ENDPOINT = "tcp://127.0.0.1:5575"
CLASSES = (
    "siren,dog_bark,car_horn,door_knock,doorbell,smoke_alarm=smoke detector beeping,baby_cry=baby crying"
)
LIMIT_S = 60.0
MOMENT_S = 1.5


def wait_for_onset(class_name: str) -> None:
    """Return when an event of `class_name` has begun."""
    with Subscriber(ENDPOINT, ("event/",)) as subscriber:
        deadline_s = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline_s:
            message = subscriber.receive(0.5)
            if message is not None and message.topic.endswith(f"/{class_name}/"):
                return
    raise SystemExit(f"no {class_name} within {LIMIT_S:g} s")


async def draw(class_name: str, columns: int, rows: int) -> str:
    """Return the screen as SVG."""
    app = MonitorApp(Subscriber(ENDPOINT), Options(ENDPOINT, flashing=False))
    async with app.run_test(size=(columns, rows)) as pilot:
        await asyncio.to_thread(wait_for_onset, class_name)
        await pilot.pause(MOMENT_S)
        return app.export_screenshot(title="monitor run --source demo")


def main() -> None:
    """Run the monitor, draw, and write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--class", dest="class_name", default="siren")
    parser.add_argument("--columns", type=int, default=120)
    parser.add_argument("--rows", type=int, default=36)
    parser.add_argument("--out", type=Path, default=Path("docs/tui.svg"))
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "monitor", "run", "--source", "demo", "--headless", "--bind", ENDPOINT]
    process = subprocess.Popen([*command, "--classes", CLASSES], stdout=subprocess.DEVNULL)
    try:
        image = asyncio.run(draw(arguments.class_name, arguments.columns, arguments.rows))
    finally:
        process.terminate()
        process.wait(10)
    arguments.out.write_text(image, "utf-8")
    print(arguments.out)


if __name__ == "__main__":
    main()
