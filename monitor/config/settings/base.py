"""What sections of the configuration rest on."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from monitor.config import limits


def within(limit: limits.Range) -> msgspec.Meta:
    """Return the bounds of a number as msgspec checks them."""
    return msgspec.Meta(ge=limit.low, le=limit.high)


Threshold = Annotated[float, within(limits.THRESHOLD)]
Channel = Literal["mix", "loudest", "left", "right"] | Annotated[int, msgspec.Meta(ge=1, le=64)]
"""Which channel of a source is heard; a number counts from 1."""
