"""What hearing one microphone for a year costs, on paper: from measured figures and named assumptions.

    python -m tools.benchmark.microphone_year        # the table of docs/eval/cost.md

What is measured comes from `tools.benchmark.many` and `monitor bench`; all else is assumed. Change it and run
it again. Microphones, cables, the network and people are not in it.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

SOURCES_PER_CORE = {"1 s": 115, "0.25 s": 58}
"""Measured (docs/eval/many.md), the lesser of each two: sources on one core here, by the hop."""
HOURS_PER_YEAR = 8_766.0
USD_PER_KWH = 0.30
YEARS = 5.0
"""Assumed: until a machine is replaced."""
BUSY = 0.6
"""Assumed: so much of a core may be used, so that a loud hour is heard in time."""


class Machine(NamedTuple):
    """What hears."""

    name: str
    usd: float
    watts: float
    cores: int
    speed: float
    """Of one of its cores, beside one here."""
    usd_per_year: float = 0.0
    """Rent."""
    most: int | None = None
    """Microphones that it can have at all."""

    @property
    def yearly_usd(self) -> float:
        """What it costs in a year."""
        return self.usd / YEARS + self.watts / 1000.0 * HOURS_PER_YEAR * USD_PER_KWH + self.usd_per_year

    def microphones(self, per_core: float) -> int:
        """Return how many it hears where one core here hears `per_core`."""
        heard = int(self.cores * self.speed * BUSY * per_core)
        return heard if self.most is None else min(self.most, heard)


MACHINES = (
    Machine("small computer (Raspberry Pi 5), one microphone", 90.0, 4.0, 4, 0.33, most=1),
    Machine("the same with four USB microphones", 90.0, 4.5, 4, 0.33, most=4),
    Machine("the same for streams from the network", 90.0, 6.0, 4, 0.33),
    Machine("small server, 8 cores", 450.0, 25.0, 8, 1.0),
    Machine("rented, one core with 4 GiB", 0.0, 0.0, 1, 1.0, usd_per_year=0.05 * HOURS_PER_YEAR),
)


def main() -> int:
    """Print the table and return the exit code."""
    hops = " | ".join(f"microphones, hop {hop} | dollars each, hop {hop}" for hop in SOURCES_PER_CORE)
    print(f"| | dollars a year | {hops} |")
    print("|---" * (2 + 2 * len(SOURCES_PER_CORE)) + "|")
    for machine in MACHINES:
        counts = [machine.microphones(per_core) for per_core in SOURCES_PER_CORE.values()]
        cells = " | ".join(f"{count} | {machine.yearly_usd / count:.2f}" for count in counts)
        print(f"| {machine.name} | {machine.yearly_usd:.0f} | {cells} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
