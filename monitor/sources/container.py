"""What a stream of bytes is, read from its first bytes: a container, something else, or perhaps raw samples.

A container is never taken for raw samples, whatever else was said about the stream: its header would be heard
as a click and its compressed sound as noise. Where the mark is short (MPEG audio, ADTS, transport stream) it
must repeat at the distance that it states itself.
"""

from __future__ import annotations

import string
from collections.abc import Callable

import msgspec

LOOK_LEN = 8192
"""Bytes that are enough to tell: three of the longest frames of MPEG audio or ADTS."""
ID3_MAX_LEN = 64 << 20
"""Longest tag before the sound that is stepped over: 28 bits allow four times that."""
READABLE = "WAV, RF64, W64, AIFF, AU, CAF, FLAC, Ogg, Opus, MP3, AAC, MP4, MPEG-TS, Matroska and WebM"
"""What can be read from a pipe, for a sentence."""

_FRAMES = 3
"""Frames in a row that make a short mark credible."""
_MIDST_FRAMES = 4
"""The same where one may begin at any byte."""
_TEXT = frozenset(string.printable.encode("ascii"))
_MIN_TEXT_LEN = 16


class Container(msgspec.Struct, frozen=True):
    """How the sound in a stream of bytes is wrapped."""

    name: str
    """What a person calls it."""
    demuxer: str
    """What FFmpeg calls it; the one reader that is used, so that no playlist is ever followed."""
    seeks: bool = False
    """Whether its index may lie behind the sound, so that a file must be read back and forth."""


class Foreign(msgspec.Struct, frozen=True):
    """Something that is no sound."""

    name: str
    """With its article, for a sentence."""


_WAV, _MP3, _ADTS = Container("WAV", "wav"), Container("MP3", "mp3"), Container("AAC (ADTS)", "aac")
_TS = Container("MPEG-TS", "mpegts")
_TS_LEN = 188
"""Bytes of a packet of it."""
_MP4 = Container("MP4", "mov", seeks=True)
_RIFF_FORMS = {b"WAVE": _WAV, b"AVI ": Container("AVI", "avi", seeks=True)}
_FORM_FORMS = {
    b"AIFF": Container("AIFF", "aiff"),
    b"AIFC": Container("AIFF-C", "aiff"),
    b"8SVX": Container("8SVX", "iff"),
}
_MARKS = {
    b"fLaC": Container("FLAC", "flac"),
    b"OggS": Container("Ogg", "ogg"),
    b".snd": Container("AU", "au"),
    b"caff": Container("CAF", "caf", seeks=True),
    b"riff\x2e\x91\xcf\x11": Container("W64", "w64"),
    b"\x1a\x45\xdf\xa3": Container("Matroska or WebM", "matroska"),
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": Container("WMA (ASF)", "asf"),
    b"#!AMR": Container("AMR", "amr"),
    b"FLV\x01": Container("FLV", "flv"),
    b"wvpk": Container("WavPack", "wv"),
    b"TTA1": Container("TTA", "tta"),
    b"MAC ": Container("Monkey's Audio", "ape", seeks=True),
    b"Creative Voice File": Container("VOC", "voc"),
    b"NIST_1A": Container("NIST SPHERE", "nistsphere"),
    b"\x7f\xfe\x80\x01": Container("DTS", "dts"),
}
_ATOMS = {b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"pnot"}
_OTHERS = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b\x08": "a gzip archive",
    b"\xfd7zXZ": "an xz archive",
    b"BZh": "a bzip2 archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\x7fELF": "a program",
    b"#EXTM3U": "a playlist",
    b"SQLite format 3": "a database",
    b"nut/multimedia container": "a NUT stream",
    b"MPCK": "a Musepack stream",
    b"MP+": "a Musepack stream",
    b"tBaK": "a TAK stream",
    b"ajkg": "a Shorten stream",
    b".RMF": "a RealMedia stream",
    b".ra\xfd": "a RealAudio stream",
    b"DSD \x1c\0\0\0": "a DSF stream",
    b"MThd\0\0\0\x06": "a MIDI file",
    b"Rar!\x1a\x07": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
}


def recognise(head: bytes) -> Container | Foreign | None:
    """Return what begins with `head`, `LOOK_LEN` bytes or all there are; None: it may be raw samples.

    A tag before the sound (`id3_len`) must have been stepped over.
    """
    if head[:4] in {b"RIFF", b"RIFX", b"RF64", b"BW64"}:
        return _RIFF_FORMS.get(
            head[8:12], Foreign(f"a RIFF file of the kind {_plain(head[8:12])!r}, not sound")
        )
    if head[:4] == b"FORM" and head[8:12] in _FORM_FORMS:
        return _FORM_FORMS[head[8:12]]
    for mark, container in _MARKS.items():
        if head.startswith(mark):
            return container
    for mark, name in _OTHERS.items():
        if head.startswith(mark):
            return Foreign(name)
    if head[4:8] in _ATOMS and (8 <= int.from_bytes(head[:4]) < 1 << 31 or head[:4] == b"\0\0\0\1"):
        return _MP4
    return _by_frames(head) or _text(head)


def id3_len(head: bytes) -> int:
    """Return the length of the ID3v2 tag that begins with `head`, 10 bytes at least; 0 if there is none."""
    if head[:3] != b"ID3" or len(head) < 10 or any(byte & 0x80 for byte in head[6:10]):
        return 0
    body = 0
    for byte in head[6:10]:
        body = body << 7 | byte
    return 10 + body + (10 if head[5] & 0x10 else 0)


def _by_frames(head: bytes) -> Container | None:
    """Recognise what has only a short mark, by its repetition."""
    if _repeats(head, lambda at: _TS_LEN if head[at] == 0x47 else 0, 5):
        return _TS
    if _repeats(head, lambda at: mpeg_frame_len(head[at : at + 4]), _FRAMES):
        return _MP3
    if _repeats(head, lambda at: _adts_frame_len(head[at : at + 6]), _FRAMES):
        return _ADTS
    if head[:2] == b"\x0b\x77" and len(head) > 5 and head[5] >> 3 <= 16:
        return Container("AC-3", "ac3" if head[5] >> 3 <= 10 else "eac3")
    if head[:4] == b"\0\0\1\xba" and len(head) > 4 and (head[4] & 0xC4 == 0x44 or head[4] & 0xF0 == 0x20):
        return Container("MPEG-PS", "mpeg")
    return None


def frames_from(head: bytes, times: int = _MIDST_FRAMES) -> tuple[int, Container] | None:
    """Return where frames of sound begin in a stream that was joined in their midst, and of what kind.

    As a radio station sends it to who comes late, or after padding. So many in a row alike are no chance.
    """
    for at in range(1, len(head)):
        if head[at] == 0x47 and at < _TS_LEN and _packets(head[at:]):
            return at, _TS
        if head[at] == 0xFF:
            for length_of, container in ((mpeg_frame_len, _MP3), (_adts_frame_len, _ADTS)):
                if _alike(head, at, length_of, times):
                    return at, container
    return None


def _packets(head: bytes) -> bool:
    """Whether five packets of a transport stream follow one another, and no wave that repeats itself."""
    starts = range(0, 5 * _TS_LEN, _TS_LEN)
    marked = all(head[at : at + 1] == b"G" and head[at + 3 : at + 4] > b"\x0f" for at in starts)
    return marked and len({head[at : at + _TS_LEN] for at in starts}) == len(starts)


def _alike(head: bytes, at: int, length_of: Callable[[bytes], int], times: int) -> bool:
    """Whether so many frames of one version, layer and sample rate follow one another from `at`."""
    kind = (head[at + 1 : at + 2], bytes(byte & 0x0C for byte in head[at + 2 : at + 3]))
    for _ in range(times):
        header = head[at : at + 6]
        length = length_of(header)
        if not length or (header[1:2], bytes([header[2] & 0x0C])) != kind:
            return False
        at += length
    return True


def _repeats(head: bytes, frame_len: Callable[[int], int], times: int) -> bool:
    """Whether `times` frames follow one another from the beginning, or as many as there are bytes for."""
    at = found = 0
    while found < times and at + 6 <= len(head):
        length = frame_len(at)
        if not length:
            return False
        at += length
        found += 1
    return found == times or (found > 1 and len(head) < LOOK_LEN and at >= len(head) > 64)


_KBPS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates by version (MPEG-1, MPEG-2 and 2.5) and layer; ISO/IEC 11172-3 table 2.4.2.3, 13818-3."""


def mpeg_frame_len(header: bytes) -> int:
    """Return the length in bytes of the MPEG audio frame with this 4-byte header; 0 if it is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    rate_index, rate_code, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or rate_index in {0, 15} or rate_code == 3:
        return 0
    kbps = _KBPS[1 if version == 3 else 2, layer][rate_index - 1]
    rate = (44_100, 48_000, 32_000)[rate_code] >> {3: 0, 2: 1, 0: 2}[version]
    if layer == 1:
        return (12_000 * kbps // rate + padding) * 4
    samples = mpeg_frame_samples(header)
    return samples // 8 * 1000 * kbps // rate + padding


def mpeg_frame_samples(header: bytes) -> int:
    """Return how many samples per channel an MPEG audio frame with this 4-byte header holds."""
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    if layer == 1:
        return 384
    return 576 if layer == 3 and version != 3 else 1152


def _adts_frame_len(header: bytes) -> int:
    """Return the length in bytes of the ADTS frame with this header; 0 if none (ISO/IEC 13818-7, 6.2)."""
    if len(header) < 6 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or header[2] >> 2 & 15 > 12:
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length > 7 else 0


_AC3_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
"""By half the frame size code; ETSI TS 102 366, table 4.13."""


def ac3_frame_len(header: bytes) -> int:
    """Return the length in bytes of the AC-3 or E-AC-3 frame with this 6-byte header; 0 if it is none."""
    if len(header) < 6 or header[:2] != b"\x0b\x77":
        return 0
    if header[5] >> 3 > 10:  # E-AC-3 (annex E)
        return 2 * (((header[2] & 7) << 8 | header[3]) + 1)
    rate_code, code = header[4] >> 6, header[4] & 63
    if rate_code == 3 or code // 2 >= len(_AC3_KBPS):
        return 0
    kbps = _AC3_KBPS[code // 2]
    words = (kbps * 2, kbps * 320 // 147 + code % 2, kbps * 3)[rate_code]
    return 2 * words


def dts_frame_len(header: bytes) -> int:
    """Return the bytes of the DTS frame with this 8-byte header; 0 if it is none (ETSI TS 102 114, 5.3)."""
    if len(header) < 8 or header[:4] != b"\x7f\xfe\x80\x01":
        return 0
    return ((header[5] & 3) << 12 | header[6] << 4 | header[7] >> 4) + 1


def _text(head: bytes) -> Foreign | None:
    text = len(head) >= _MIN_TEXT_LEN and _TEXT.issuperset(head)
    return Foreign("text") if text else None


def _plain(mark: bytes) -> str:
    return mark.decode("latin-1")
