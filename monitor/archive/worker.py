"""A process that hears parts of an archive: an order and tasks come in as lines of JSON, its progress out."""

from __future__ import annotations

import os
import sys

import msgspec

from monitor.archive.records import Done, Order, Stuck, Task, Told

_ORDER = msgspec.json.Decoder(Order)
_TASK = msgspec.json.Decoder(Task)


def main() -> int:
    """Hear what standard input asks for, until it ends; return the exit code."""
    from monitor.privacy import keep_private

    keep_private()
    from monitor.archive.part import Parts
    from monitor.errors import MonitorError

    incoming = sys.stdin.buffer
    try:
        parts = Parts(_ORDER.decode(incoming.readline()))
        for line in incoming:
            task = _TASK.decode(line)
            _say(Done(task.number, parts.hear(task, _say)))
    except MonitorError as error:
        _say(Stuck(str(error)))
    return 0


def _say(told: Told) -> None:
    """Tell whoever asked; where nobody is there any more end at once, so that nothing is kept of it."""
    try:
        sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
        sys.stdout.buffer.flush()
    except OSError:
        os._exit(1)


if __name__ == "__main__":
    from monitor.console import only_ours

    with only_ours():
        sys.exit(main())
