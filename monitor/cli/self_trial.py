"""`monitor test self`: asks the monitor that runs to test itself, and follows how that goes."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from monitor.bus.messages import Health, Request, SelfTest
from monitor.bus.subscriber import Subscriber
from monitor.cli.arguments import answered
from monitor.errors import PublishError
from monitor.wording import self_tested

_RECEIVE_S = 0.2
_LONGEST_S = 90.0
"""Two tries of one source take half of it."""
_SILENT_S = 5.0
"""A monitor tells its health once a second."""


class Tested(msgspec.Struct, frozen=True):
    """How the test of one source went."""

    source_id: str
    works: bool
    test: SelfTest
    source_name: str = ""
    """What people call the source."""


def follow(arguments: argparse.Namespace, progress: Callable[[str], None]) -> list[Tested]:
    """Let the monitor test itself, and return how that went, a source each.

    Raises
    ------
    PublishError
        No monitor runs there, it refuses, or it says nothing any more.
    """
    with Subscriber(arguments.connect, ("health/",), control=arguments.control) as subscriber:
        asked = datetime.now(UTC)
        request = Request("self_test", source_id=arguments.source, client="monitor test self")
        waiting = answered(arguments, request).sources
        found: dict[str, Tested] = {}
        said: set[tuple[str, str]] = set()
        heard_s = begun_s = time.monotonic()
        while len(found) < len(waiting):
            message = subscriber.receive(_RECEIVE_S)
            now_s = time.monotonic()
            if now_s - heard_s > _SILENT_S or now_s - begun_s > _LONGEST_S * len(waiting):
                raise PublishError("The monitor has not told how its self-test went; does it still run?")
            record = None if message is None else message.record
            if not isinstance(record, Health) or record.source_id not in waiting:
                continue
            heard_s, test = now_s, record.self_test
            if test is None or test.asked_by is None or test.time < asked:
                continue
            text = f"{record.source_name}: {self_tested(test)}"
            if test.over:
                done = Tested(record.source_id, test.state == "passed", test, record.source_name)
                found.setdefault(record.source_id, done)
            elif (record.source_id, text) not in said:
                said.add((record.source_id, text))
                progress(text)
    return [found[name] for name in waiting]
