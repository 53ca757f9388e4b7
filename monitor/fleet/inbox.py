"""Each report once, and what is missing between them. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple

from monitor.bus.messages import Report

MOST_KNOWN = 200_000
"""Reports that are known again; of more, the oldest are forgotten."""


class Gap(NamedTuple):
    """Reports of a node that did not come: it gave them up, or the broker lost them."""

    node: str
    missing: int


class Inbox:
    """Passes each report on once, by its id, however often it comes."""

    def __init__(self, most_known: int = MOST_KNOWN) -> None:
        self.repeated = 0
        """Reports that had come before."""
        self.missing = 0
        """Reports that did not come, as far as their numbers tell."""
        self._most_known = most_known
        self._known: OrderedDict[Hashable, None] = OrderedDict()
        self._last: dict[tuple[str, str], int] = {}

    def take(self, reports: Iterable[Report]) -> Iterator[Report | Gap]:
        """Yield the reports that are new, and before each how many are missing."""
        for report in reports:
            key = (report.node, report.id)
            if key in self._known:
                self.repeated += 1
                continue
            self._known[key] = None
            if len(self._known) > self._most_known:
                self._known.popitem(last=False)
            if gap := self._gap(report):
                yield gap
            yield report

    def _gap(self, report: Report) -> Gap | None:
        """Return what is missing between a report and the one before it, of the same node."""
        spool = (report.node, report.spool)
        before = self._last.get(spool)
        self._last[spool] = max(report.sequence, before or 0)
        missing = 0 if before is None else report.sequence - before - 1
        if missing <= 0:
            return None
        self.missing += missing
        return Gap(report.node, missing)
