"""One fault, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from monitor.bus.messages import Health


def is_well(health: Health) -> bool:
    """Tell whether a source is heard, and heard well."""
    return health.state == "running" and health.hearing == "good"


class Fault(msgspec.Struct, frozen=True):
    """One thing that goes wrong."""

    name: str
    how: str
    """How it is brought about, for a reader."""
    world: str
    """Name of the place in `worlds.py` where it happens."""
    begin: Callable[[Any], None]
    """Brings it about in that world."""
    end: Callable[[Any], None]
    """Puts an end to it."""
    seen: str
    """What the user must be told: a regular expression; empty: nothing, since nobody notices."""
    back: str
    """What must be told after its end; empty: nothing need be, for nothing had ended."""
    may_lose: frozenset[str] = frozenset()
    """Counters of `Lost` that may grow; no other may."""
    within_s: float = 5.0
    """Seconds within which it must be seen."""
    lasts_s: float = 1.0
    """Seconds for which it goes on after it was seen."""
    at_start: bool = False
    """Whether it is there before the monitor is; seconds then count from the first that it says."""
    well: Callable[[Health], bool] = is_well
    """What must hold again after its end."""
    back_within_s: float = 15.0
    """Seconds within which it must be over after its end; a lost source is tried every 5 s at most."""


class Lost(msgspec.Struct, frozen=True):
    """What was lost between two moments."""

    gap_s: float = 0.0
    """Never delivered."""
    skipped_s: float = 0.0
    """Delivered, and passed over by the analysis."""
    overwritten_s: float = 0.0
    """Delivered, and not taken in time."""
    invalid: int = 0
    """Samples that were not numbers and heard as silence."""
    overflow: int = 0
    """Times the driver lost sound."""
    undelivered: int = 0
    """Records that a sink could not pass on."""

    @property
    def kinds(self) -> frozenset[str]:
        """Names of the counters that grew."""
        return frozenset(name for name in self.__struct_fields__ if getattr(self, name))

    @property
    def told(self) -> str:
        """What was lost, in words."""
        records = "record" if self.undelivered == 1 else "records"
        words = {
            "gap_s": "s never delivered",
            "skipped_s": "s skipped",
            "overwritten_s": "s overwritten",
            "invalid": "samples invalid",
            "overflow": "overflows",
            "undelivered": f"{records} lost",
        }
        parts = [f"{getattr(self, name):g} {word}" for name, word in words.items() if getattr(self, name)]
        return ", ".join(parts) or "nothing"


def lost_between(before: Health, after: Health) -> Lost:
    """Return what was lost from one health to a later one."""
    rate = after.sample_rate
    return Lost(
        gap_s=round((after.gap - before.gap) / rate, 2),
        skipped_s=round((after.skipped - before.skipped) / rate, 2),
        overwritten_s=round((after.overwritten - before.overwritten) / rate, 2),
        invalid=after.invalid - before.invalid,
        overflow=after.overflow - before.overflow,
        undelivered=after.undelivered - before.undelivered,
    )


def unaccounted(health: Health) -> int:
    """Return the samples that are neither analysed nor counted as lost; the law is that there are none."""
    known = health.analysed + health.pending + health.skipped + health.overwritten + health.gap
    return health.captured - known


class Outcome(msgspec.Struct, frozen=True):
    """What became of a fault."""

    fault: Fault
    seen_s: float | None = None
    """Seconds from its beginning until it was told; None: it never was."""
    words: str = ""
    """As what."""
    back_s: float | None = None
    """Seconds from its end until all was well; None: it never was."""
    back_words: str = ""
    lost: Lost = Lost()
    wrong: tuple[str, ...] = ()
    """What is not as the table demands, a sentence each."""
