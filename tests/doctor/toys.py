"""Checks that behave badly."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from monitor.doctor.findings import Examined, Finding, ok

LET_GO = threading.Event()
"""Ends the check that hangs."""


def works(_: Examined) -> Iterable[Finding]:
    return [ok("toy", "works")]


def hangs(_: Examined) -> Iterable[Finding]:
    yield ok("before", "works")
    LET_GO.wait(30.0)


def breaks(_: Examined) -> Iterable[Finding]:
    yield ok("before", "works")
    raise ZeroDivisionError("\x1b[31mred")
