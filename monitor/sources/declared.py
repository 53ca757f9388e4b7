"""What a container promises, kept apart from what was found; both together are the verdict at the end.

One rule for all containers: where the header says how much there is, and that is no placeholder, less is
damage and more is heard. Where it says nothing, the end is damage only if it lies inside a frame, a packet or
a page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from monitor.errors import SourceDamaged, SourceError
from monitor.sources.container import ac3_frame_len, dts_frame_len, mpeg_frame_len, mpeg_frame_samples
from monitor.sources.decoder import Fault

TOLERANCE_S = 0.15
"""What encoders add before and after the sound, and time stamps round: lengths that differ by less agree."""
_SURPLUS_S = 0.01
"""More than promised by less is a tag or padding after the sound, and nobody's concern."""
_TS_PACKET_LEN = 188
_MAX_HEAD_LEN = 8
"""Bytes that hold a frame's header."""
_OGG = b"OggS"
_OGG_LAST = 0x04
"""Bit of a page's flags: the last of its stream."""


class Found(msgspec.Struct, frozen=True):
    """What was found, and what had been promised."""

    heard_s: float
    """Seconds of sound that were decoded."""
    promised_s: float | None = None
    """Seconds by the header; None where it does not say."""
    tolerance_s: float = TOLERANCE_S
    """By how much the two may differ."""
    faults: Sequence[Fault] = ()
    """Places that could not be decoded."""
    cut: str = ""
    """How the end shows that something is missing after it."""

    @property
    def damage(self) -> str:
        """What is wrong, for a sentence; empty if nothing is."""
        missing = (
            self.promised_s is not None and self.heard_s + self.lost_s < self.promised_s - self.tolerance_s
        )
        if not (missing or self.faults or self.cut):
            return ""
        promised = f"its header promises {self.promised_s:.2f} s, " if missing else ""
        details = "; ".join(text for text in (self.cut, _places(self.faults)) if text)
        detail = f" ({details})" if details else ""
        return f"{promised}{self.heard_s:.2f} s of sound are there and were analysed{detail}"

    @property
    def surplus(self) -> str:
        """What is more than was promised, for a sentence; empty if nothing is."""
        least_s = max(self.tolerance_s, _SURPLUS_S)
        if self.promised_s is None or self.heard_s <= self.promised_s + least_s:
            return ""
        return f"its header says {self.promised_s:.2f} s, {self.heard_s:.2f} s are there and were analysed"

    @property
    def lost_s(self) -> float:
        """Seconds missing between what was decoded."""
        return sum(fault.lost_s for fault in self.faults)


def _places(faults: Sequence[Fault]) -> str:
    if not faults:
        return ""
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    return faults[0].text + more


class XingTag(msgspec.Struct, frozen=True):
    """What the first frame of an MP3 says about all of them."""

    promised_s: float | None
    """Seconds of sound; None where it does not say."""
    promised_len: int | None
    """Bytes from this frame on; None where it does not say."""


def read_xing(head: bytes) -> XingTag | None:
    """Return the tag Xing, Info or VBRI of an MP3 that begins with `head`; None if it has none."""
    frame = head[: mpeg_frame_len(head[:4])]
    rate_code, version = (head[2] >> 2 & 3, head[1] >> 3 & 3) if frame else (0, 0)
    rate = (44_100, 48_000, 32_000, 1)[rate_code] >> {3: 0, 2: 1}.get(version, 2)
    for mark in (b"Xing", b"Info"):
        if (at := frame[:64].find(mark)) > 0:
            flags = int.from_bytes(frame[at + 4 : at + 8])
            numbers = [int.from_bytes(frame[at + k : at + k + 4]) for k in (8, 12)]
            frames = numbers.pop(0) if flags & 1 else None
            length = numbers.pop(0) if flags & 2 else None
            break
    else:
        if frame[36:40] != b"VBRI":
            return None
        length, frames = int.from_bytes(frame[46:50]), int.from_bytes(frame[50:54])
    promised_s = frames * mpeg_frame_samples(head) / rate if frames else None
    return XingTag(promised_s, length or None)


def cut_end(demuxer: str, position: int, tail: bytes) -> str:
    """Return how the end of a stream shows that it is not the end; empty if it does not.

    Parameters
    ----------
    demuxer
        What FFmpeg calls the container.
    position
        Bytes in all.
    tail
        The last of them, at least two of the longest Ogg pages.
    """
    if demuxer == "ogg" and _is_cut_ogg(tail):
        return "the end of the Ogg stream is missing"
    if demuxer == "mpegts" and position % _TS_PACKET_LEN:
        return "it ends inside a packet"
    if demuxer in _FRAMES and _is_cut_frame(tail, *_FRAMES[demuxer]):
        return "it ends inside a frame"
    return ""


_FRAMES: dict[str, tuple[Callable[[bytes], int], int]] = {
    "mp3": (mpeg_frame_len, 2881),
    "ac3": (ac3_frame_len, 4096),
    "eac3": (ac3_frame_len, 4096),
    "dts": (dts_frame_len, 16_384),
}
"""How long the frame with a header is, and the longest there are."""


def _is_cut_frame(tail: bytes, frame_len: Callable[[bytes], int], longest: int) -> bool:
    """Whether the last frame, found by those before it, is not there as a whole."""
    tail = tail[-6 * longest :]
    for start in range(min(longest, len(tail))):
        at = start
        while length := frame_len(tail[at : at + _MAX_HEAD_LEN]):
            if at + length > len(tail):
                return at - start >= longest
            at += length
        if at - start >= longest:
            return len(tail) - at < _MAX_HEAD_LEN and tail[at : at + 1] == tail[start : start + 1]
    return False


def _is_cut_ogg(tail: bytes) -> bool:
    """Whether the last page is not there as a whole, or does not say that it is the last."""
    page = tail[tail.rfind(_OGG + b"\0") :]
    segments = page[26] if len(page) > 26 else 255
    page_len = 27 + segments + sum(page[27 : 27 + segments])
    return len(page) < page_len or not page[5] & _OGG_LAST


def conclude(name: str, found: Found) -> None:
    """Raise what is to be said at the end of `name`.

    Raises
    ------
    SourceError
        There was no sound.
    SourceDamaged
        Some of it is missing.
    EOFError
        All is well; its text may say that there was more than promised.
    """
    if not found.heard_s:
        raise SourceError(f"{name} holds no sound: nothing could be decoded after its header.")
    if found.damage:
        raise SourceDamaged(f"{name} is damaged: {found.damage}. Copy or record it again.")
    raise EOFError(*([f"{name} has ended; {found.surplus}."] if found.surplus else []))
