"""What sections of the configuration rest on."""

from __future__ import annotations

import msgspec

from monitor.config import limits


def within(limit: limits.Range) -> msgspec.Meta:
    """Return the bounds of a number as msgspec checks them."""
    return msgspec.Meta(ge=limit.low, le=limit.high)
