"""Run a vibration motor on a serial port: two short turns for a sound, three long ones for an urgent one.

``python3 vibrate.py /dev/ttyUSB0 < event.json``; the port takes lines with the milliseconds to run, and
answers each with a line once the motor stands still again. One long turn: the monitor cannot hear, or can
again.
"""

from __future__ import annotations

import json
import sys

import serial

SHORT_MS, LONG_MS = 200, 600
PAUSE_S = 5.0


def turns(event: dict[str, object]) -> list[int]:
    """Return how long the motor runs each time, in milliseconds."""
    if str(event["topic"]).startswith("health/"):
        return [2 * LONG_MS]
    return [LONG_MS] * 3 if event["urgent"] else [SHORT_MS] * 2


def main() -> None:
    """Read one event and run the motor."""
    event = json.loads(sys.stdin.readline())
    with serial.Serial(sys.argv[1], 9600, timeout=PAUSE_S, write_timeout=PAUSE_S) as port:
        for milliseconds in turns(event):
            port.write(f"{milliseconds}\n".encode())
            if not port.readline():
                sys.exit(f"{sys.argv[1]} does not answer; is the motor's program on it?")


if __name__ == "__main__":
    main()
