"""`--channel`: which channel of a source is heard, as typed -> the keys of `[capture]`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from monitor.cli.arguments import Flags

VALID = "mix, loudest, left, right, or a number from 1 to 64"
_NAMES = {"mix", "loudest", "left", "right"}
_MOST = 64


def add_channel(parser: Flags) -> None:
    """Add the option."""
    parser.add_argument(
        "--channel",
        action="append",
        type=_channel,
        metavar="[ID=]C",
        help="which channel to hear: mix (default: without dead channels, never cancelling), loudest, left, "
        "right, 1, 2 ...; ID=C for one source, again for another",
    )


def channel_keys(given: Sequence[tuple[str, str | int]] | None) -> dict[str, Any]:
    """Return what `--channel` says of `[capture]`."""
    everywhere = [channel for source_id, channel in given or () if not source_id]
    single = {source_id: channel for source_id, channel in given or () if source_id}
    return ({"channel": everywhere[-1]} if everywhere else {}) | ({"channels": single} if single else {})


def _channel(text: str) -> tuple[str, str | int]:
    """Return the source id, empty for all, and the channel of `left` or `usb-microphone=2`."""
    source_id, _, channel = text.rpartition("=")
    if channel in _NAMES:
        return source_id, channel
    if channel.isascii() and channel.isdigit() and len(channel) <= 2 and 1 <= int(channel) <= _MOST:
        return source_id, int(channel)
    raise argparse.ArgumentTypeError(f"{channel!r} is no channel; valid: {VALID}")
