"""Time from the start of `monitor run` to the first analysed window, as another process sees it.

    python tools/startup.py --runs 5 -- --source demo --classes siren,dog_bark

A window of the model in the box is 2 s long, so 2 s of it are spent listening.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

from monitor.records import Scores
from monitor.subscriber import Subscriber

ENDPOINT = "tcp://127.0.0.1:5573"
LIMIT_S = 30.0


def first_window_s(arguments: list[str]) -> float:
    """Return seconds from process start to the first published score."""
    command = [sys.executable, "-m", "monitor", "run", "--headless", "--bind", ENDPOINT, *arguments]
    with Subscriber(ENDPOINT, ("scores",)) as subscriber:
        begun_s = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while time.monotonic() - begun_s < LIMIT_S:
                message = subscriber.receive(0.1)
                if message is not None and isinstance(message.record, Scores):
                    return time.monotonic() - begun_s
        finally:
            process.terminate()
            process.wait(10)
    raise SystemExit(f"no window was analysed within {LIMIT_S:g} s")


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("run", nargs="*", default=["--source", "demo"], help="arguments for `monitor run`")
    arguments = parser.parse_args()
    times = [first_window_s(arguments.run) for _ in range(arguments.runs)]
    print(
        json.dumps(
            {
                "runs": len(times),
                "first_window_s": {
                    "median": round(statistics.median(times), 2),
                    "min": round(min(times), 2),
                    "max": round(max(times), 2),
                },
            }
        )
    )


if __name__ == "__main__":
    main()
