"""Says that a source delivers what is no sound while it does, not only at its end. Pure."""

from __future__ import annotations

OVER_S = 5.0
"""Seconds without anything invalid after which that is over."""


class InvalidWatch:
    """Watches the count of one source's invalid samples."""

    def __init__(self) -> None:
        self._count = 0
        self._until_s: float | None = None  # when it is over; None: there was nothing

    def sentence(self, name: str, count: int, now_s: float) -> str:
        """Return what to say of a source with `count` invalid samples so far; empty: nothing."""
        if count > self._count:
            self._count, self._until_s = count, now_s + OVER_S
        if self._until_s is None or now_s >= self._until_s:
            return ""
        return (
            f"{name} delivers samples that are not numbers or far beyond full scale; they are not heard. Its "
            "driver or its program is broken: restart that, or use another."
        )
