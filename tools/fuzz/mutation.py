"""Changes to inputs by chance that can be repeated: bytes, numbers, pieces of others, what often breaks."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tools.fuzz.texts import ALL

MOST_LEN = 1 << 16
_TOKENS = (
    b"\0", b"\xff" * 4, b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\1", b"-1", b"1e999", b"NaN",
    b"null", b'"', b"[" * 2000, b"{" * 50, b"9" * 5000, b"\\ud800", b"\n", b"=", b"\xc3\x28", b"\xef\xbb\xbf",
    *(text.encode("utf-8", "surrogatepass")[:400] for text in ALL),
)  # fmt: skip


def mutated(data: bytes, others: Sequence[bytes], dice: random.Random) -> bytes:
    """Return `data` with one to a few changes; pieces may come from `others`."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 3, 6))):
        _change(changed, others, dice)
    return bytes(changed[:MOST_LEN])


def _change(data: bytearray, others: Sequence[bytes], dice: random.Random) -> None:
    at = dice.randrange(len(data) + 1)
    stop = min(len(data), at + dice.choice((1, 2, 4, 8, 64)))
    match dice.randrange(8):
        case 0 if at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        case 1 if at < len(data):
            data[at] = dice.randrange(256)
        case 2:
            del data[at:stop]
        case 3:
            data[at:at] = data[at:stop] * dice.choice((1, 2, 100))
        case 4:
            data[at : at + dice.choice((0, 4))] = dice.choice(_TOKENS)
        case 5:
            other = dice.choice(others)
            begin = dice.randrange(len(other) + 1)
            data[at:stop] = other[begin : begin + dice.choice((1, 4, 16, 256))]
        case 6:
            del data[at:]
        case _:
            order = dice.choice(("big", "little"))
            value = dice.choice((0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, len(data)))
            data[at : at + 4] = value.to_bytes(4, "big" if order == "big" else "little")
