"""What a million nodes would need, on paper: from a few measured figures and assumptions that are named.

    python -m tools.benchmark.fleet_paper        # the table of docs/eval/fleet.md

Every figure above the line is an assumption or comes from `tools.benchmark.fleet_nodes`; change it and run it
again.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

NODES = 1_000_000
STATE_BYTES, REPORT_BYTES = 668, 1019
"""A state with one source, and a report with an event, as they are sent."""
OVERHEAD_BYTES = 150
"""Assumed: TCP, TLS, the protocol's own headers and acknowledgements, for each message."""
CPU_MS_PER_MESSAGE = 0.32
"""Of nats-server with a file store and one reader, measured on a busy machine."""
KIB_PER_CONNECTION = 78.0
"""The same: resident memory over connections; TLS comes on top."""
TLS_KIB = 40.0
"""Assumed."""
REPLICAS, KEPT_DAYS, SPARE = 3, 30, 2.0
"""Assumed: each message is written on three servers, and half of everything is spare."""
USD_PER_CPU_YEAR, CPU_GIB = 438.0, 4.0
"""Assumed: 0.05 dollars an hour for a processor with 4 GiB."""
USD_PER_GB_MONTH_DISK = 0.08
USD_PER_MB_RADIO = 0.02
"""Assumed: a SIM card for machines."""


class Habits(NamedTuple):
    """How much a node has to say."""

    name: str
    heartbeat_s: float
    events_per_day: float

    @property
    def states_per_day(self) -> float:
        """Signs of life, and one more state at the beginning and end of each event."""
        return 86_400.0 / self.heartbeat_s + 2.0 * self.events_per_day

    @property
    def reports_per_day(self) -> float:
        """Each event begins and ends."""
        return 2.0 * self.events_per_day


def main() -> int:
    """Print the table and return the exit code."""
    kinds = (Habits("home", 15.0, 20.0), Habits("busy site", 15.0, 480.0), Habits("sparing", 300.0, 20.0))
    print(f"| {NODES:,} nodes | " + " | ".join(one.name for one in kinds) + " |")
    print("|---" * (len(kinds) + 1) + "|")
    columns = [_column(one) for one in kinds]
    for title in columns[0]:
        print(f"| {title} | " + " | ".join(column[title] for column in columns) + " |")
    return 0


def _column(one: Habits) -> dict[str, str]:
    per_s = NODES * (one.states_per_day + one.reports_per_day) / 86_400.0
    node_bytes = one.states_per_day * (STATE_BYTES + OVERHEAD_BYTES) + one.reports_per_day * (
        REPORT_BYTES + OVERHEAD_BYTES
    )
    kept_tb = NODES * one.reports_per_day * REPORT_BYTES * KEPT_DAYS * REPLICAS / 1e12
    cores = per_s * CPU_MS_PER_MESSAGE / 1000.0 * REPLICAS * SPARE
    memory_gib = NODES * (KIB_PER_CONNECTION + TLS_KIB) / 2**20 * SPARE
    bought = max(cores, memory_gib / CPU_GIB)
    servers_usd = bought * USD_PER_CPU_YEAR
    disk_usd = kept_tb * 1000.0 * USD_PER_GB_MONTH_DISK * 12.0
    radio_usd = node_bytes * 365.0 / 1e6 * USD_PER_MB_RADIO
    return {
        "a sign of life every; events a day": f"{one.heartbeat_s:g} s; {one.events_per_day:g}",
        "messages a second": f"{per_s:,.0f}",
        "a node sends a day, MB": f"{node_bytes / 1e6:.2f}",
        "all send a day, TB": f"{NODES * node_bytes / 1e12:.2f}",
        "reports kept for 30 days, three times, TB": f"{kept_tb:.1f}",
        "processors by messages": f"{cores:.0f}",
        "memory by connections, GiB": f"{memory_gib:.0f}",
        "servers of 8 processors and 32 GiB": f"{bought / 8.0:.0f}",
        "servers and disks, dollars a year": f"{servers_usd + disk_usd:,.0f}",
        "the same, dollars a node and year": f"{(servers_usd + disk_usd) / NODES:.3f}",
        "by radio, dollars a node and year": f"{radio_usd:.2f}",
    }


if __name__ == "__main__":
    sys.exit(main())
