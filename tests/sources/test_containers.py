"""One rule for all containers: what is there is heard, no placeholder promises, what is missing is told."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import SourceDamaged, SourceError
from monitor.sources.container import ac3_frame_len, frames_from
from tests.sources.sounds import (
    LENGTH_S,
    RATE,
    Heard,
    by_program,
    heard_in_file,
    heard_in_pipe,
    sweep,
    write_sound,
)

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
needs_sox = pytest.mark.skipif(shutil.which("sox") is None, reason="sox is not installed")

FORMS = [
    *[("WAV", f"PCM_{bits}") for bits in ("U8", "16", "24", "32")],
    *[("WAV", kind) for kind in ("FLOAT", "DOUBLE", "ULAW", "ALAW", "MS_ADPCM", "IMA_ADPCM")],
    ("WAVEX", "PCM_24"), ("RF64", "PCM_16"), ("W64", "PCM_16"), ("AIFF", "PCM_16"), ("AIFF", "FLOAT"),
    ("AU", "PCM_16"), ("AU", "ULAW"), ("CAF", "PCM_16"), ("CAF", "FLOAT"), ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"),
]  # fmt: skip
"""What libsndfile writes."""
MADE = {
    "m4a": ["-movflags", "faststart", "-f", "ipod"],
    "m4a with its index last": ["-f", "ipod"],
    "fragmented MP4": ["-movflags", "frag_keyframe+empty_moov", "-f", "mp4"],
    "aac": ["-f", "adts"],
    "ts": ["-f", "mpegts"],
    "mkv": ["-f", "matroska"],
    "webm": ["-f", "webm"],
    "vbr mp3": ["-q:a", "5", "-f", "mp3"],
    "mp3 without length": ["-q:a", "5", "-write_xing", "0", "-f", "mp3"],
    "ogg flac": ["-c:a", "flac", "-f", "ogg"],
    "aifc": ["-c:a", "pcm_alaw", "-f", "aiff"],
}
"""What only FFmpeg writes, by its options."""
LOSSLESS = {"PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"}
TOLERANCE_S = 0.12


def made(name: str, tmp_path: Path) -> Path:
    """Write the sweep by FFmpeg as `MADE` says."""
    sound, path = tmp_path / "sweep.wav", tmp_path / "made"
    write_sound(sound, "FLOAT")
    by_program("ffmpeg", "-v", "error", "-y", "-i", str(sound), *MADE[name], str(path))
    return path


@pytest.mark.parametrize(("container", "subtype"), FORMS)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_whole_file_is_heard_whole_and_a_pipe_gives_the_same_bits(
    tmp_path: Path, container: str, subtype: str, channels: int
) -> None:
    data = write_sound(tmp_path / "s", subtype, container, channels)
    file, pipe = heard_in_file(tmp_path / "s"), heard_in_pipe(data)
    assert (file.end, pipe.end) == (EOFError, EOFError)
    assert file.length_s == pytest.approx(LENGTH_S, abs=TOLERANCE_S)
    assert file.sample_rate == pipe.sample_rate == RATE
    np.testing.assert_array_equal(file.samples, pipe.samples)
    if subtype in LOSSLESS:
        np.testing.assert_allclose(file.samples, sweep(channels), atol=2.0**-15)


@pytest.mark.parametrize(("container", "subtype"), FORMS)
def test_sixty_percent_of_a_file_is_heard_and_said_to_be_damaged(
    tmp_path: Path, container: str, subtype: str
) -> None:
    data = write_sound(tmp_path / "s", subtype, container, 2)
    cut = data[: len(data) * 6 // 10]
    (tmp_path / "s").write_bytes(cut)
    for heard in (heard_in_file(tmp_path / "s"), heard_in_pipe(cut)):
        assert heard.end is SourceDamaged
        assert 0.3 * LENGTH_S < heard.length_s < 0.65 * LENGTH_S
        assert f"{heard.length_s:.2f} s of sound are there and were analysed" in heard.sentence
        promised = (
            f"promises {LENGTH_S:.2f} s" if container not in {"OGG", "MP3"} and "ADPCM" not in subtype else ""
        )
        assert promised in heard.sentence


@needs_ffmpeg
@pytest.mark.parametrize("name", MADE)
def test_what_only_ffmpeg_writes_is_heard_whole_and_sixty_percent_of_it_is_damaged(
    tmp_path: Path, name: str
) -> None:
    path = made(name, tmp_path)
    data = path.read_bytes()
    whole = heard_in_file(path)
    assert whole.end is EOFError
    assert whole.length_s == pytest.approx(LENGTH_S, abs=TOLERANCE_S)
    if "index last" not in name:
        np.testing.assert_array_equal(whole.samples, heard_in_pipe(data).samples)
    path.write_bytes(data[: len(data) * 6 // 10 + 5])  # not between two frames
    cut = heard_in_file(path)
    assert cut.end is (SourceError if "index last" in name else SourceDamaged)
    assert cut.length_s < 0.65 * LENGTH_S


@needs_ffmpeg
def test_an_mp4_in_a_pipe_whose_index_comes_last_is_refused_with_what_to_do(tmp_path: Path) -> None:
    heard = heard_in_pipe(made("m4a with its index last", tmp_path).read_bytes())
    assert heard.end is SourceError
    assert "faststart" in heard.sentence
    assert not heard.blocks


def with_size(data: bytes, mark: bytes, size: bytes, after: int = 4) -> bytes:
    """Return `data` with another size `after` bytes after the first `mark`."""
    place = data.index(mark) + after
    return data[:place] + size + data[place + len(size) :]


PLACEHOLDERS = [
    *[
        ("WAV", "PCM_16", b"data", struct.pack("<I", size), 4)
        for size in (0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000)
    ],
    *[
        ("WAV", "PCM_24", b"data", struct.pack("<I", size), 4)
        for size in (0xFFFFFFFF, 0xFFFFFFD3, 0x7FFFEFF9)
    ],
    ("WAV", "MS_ADPCM", b"data", struct.pack("<I", 0), 4),
    ("RF64", "PCM_16", b"ds64", bytes(16), 8),
    ("W64", "PCM_16", b"data\xf3", struct.pack("<Q", 0), 16),
    ("W64", "PCM_16", b"data\xf3", struct.pack("<Q", 2**63 - 1), 16),
    ("AIFF", "PCM_16", b"SSND", struct.pack(">I", 0), 4),
    ("AIFF", "PCM_24", b"SSND", struct.pack(">I", 0x7F000007), 4),
    ("AU", "PCM_16", b".snd", struct.pack(">I", 0xFFFFFFFF), 8),
    ("AU", "PCM_16", b".snd", struct.pack(">I", 0), 8),
    ("CAF", "PCM_16", b"data", b"\xff" * 8, 4),
    ("FLAC", "PCM_16", b"fLaC", b"\0" * 4, 22),
]


@pytest.mark.parametrize(("container", "subtype", "mark", "size", "after"), PLACEHOLDERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_placeholder_is_no_promise(
    tmp_path: Path, container: str, subtype: str, mark: bytes, size: bytes, after: int, channels: int
) -> None:
    data = write_sound(tmp_path / "s", subtype, container, channels if "ADPCM" not in subtype else 1)
    data = with_size(data, mark, size, after)
    (tmp_path / "s").write_bytes(data)
    for heard in (heard_in_file(tmp_path / "s"), heard_in_pipe(data)):
        assert (heard.end, heard.sentence) == (EOFError, "")
        assert heard.length_s == pytest.approx(LENGTH_S, abs=TOLERANCE_S if "ADPCM" in subtype else 0.001)


STALE = [
    ("WAV", "PCM_16", b"data", struct.pack("<I", 96_000), 4),
    ("WAV", "PCM_24", b"data", struct.pack("<I", 3 * 48_000), 4),
    ("WAV", "ULAW", b"data", struct.pack("<I", 48_000), 4),
    ("RF64", "PCM_16", b"ds64", bytes(8) + struct.pack("<Q", 96_000), 8),
    ("W64", "PCM_16", b"data\xf3", struct.pack("<Q", 96_000 + 24), 16),
    ("AIFF", "PCM_16", b"SSND", struct.pack(">I", 96_000 + 8), 4),
    ("AU", "PCM_16", b".snd", struct.pack(">I", 96_000), 8),
    ("CAF", "PCM_16", b"data", struct.pack(">Q", 96_000 + 4), 4),
    ("FLAC", "PCM_16", b"fLaC", struct.pack(">I", 48_000), 22),
]


@pytest.mark.parametrize(("container", "subtype", "mark", "size", "after"), STALE)
def test_a_header_that_is_shorter_than_the_file_hides_nothing(
    tmp_path: Path, container: str, subtype: str, mark: bytes, size: bytes, after: int
) -> None:
    data = with_size(write_sound(tmp_path / "s", subtype, container), mark, size, after)
    (tmp_path / "s").write_bytes(data)
    for heard in (heard_in_file(tmp_path / "s"), heard_in_pipe(data)):
        assert heard.end is EOFError
        assert heard.length_s == pytest.approx(LENGTH_S, abs=0.001)
        assert "its header says 1.00 s, 4.00 s are there and were analysed" in heard.sentence


def test_silence_after_a_short_header_is_sound_too_and_the_sound_after_it(tmp_path: Path) -> None:
    data = bytearray(with_size(write_sound(tmp_path / "s.wav", "PCM_16"), b"data", struct.pack("<I", 96_000)))
    data[44 + 96_000 : 44 + 192_000] = bytes(96_000)
    assert heard_in_pipe(bytes(data)).length_s == pytest.approx(LENGTH_S, abs=0.001)


@pytest.mark.parametrize("name", [b"LIST", b"id3 ", b"bext"])
def test_a_chunk_after_the_sound_is_not_heard(tmp_path: Path, name: bytes) -> None:
    data = write_sound(tmp_path / "s.wav", "PCM_16") + name + struct.pack("<I", 3000) + bytes(range(250)) * 12
    (tmp_path / "s.wav").write_bytes(data)
    for heard in (heard_in_file(tmp_path / "s.wav"), heard_in_pipe(data)):
        assert (heard.end, heard.length_s) == (EOFError, LENGTH_S)


@needs_sox
@pytest.mark.parametrize("kind", ["wav", "aiff", "aifc", "au", "caf", "flac", "ogg"])
@pytest.mark.parametrize(("bits", "channels"), [("16", 1), ("24", 1), ("24", 3)])
def test_what_sox_writes_into_a_pipe_is_whole(tmp_path: Path, kind: str, bits: str, channels: int) -> None:
    sound = tmp_path / "s.wav"
    write_sound(sound, f"PCM_{bits}", channels=channels)
    data = by_program("sox", "-t", "wav", "-", "-t", kind, "-", sound=sound)
    (tmp_path / "s").write_bytes(data)
    for heard in (heard_in_file(tmp_path / "s"), heard_in_pipe(data)):
        assert (heard.end, heard.sentence) == (EOFError, "")
        assert heard.length_s == pytest.approx(LENGTH_S, abs=0.05)


@needs_ffmpeg
@pytest.mark.parametrize(
    "kind",
    ["wav", "w64", "aiff", "au", "caf", "flac", "ogg", "mp3", "adts", "matroska", "mpegts", "opus", "ac3"],
)
def test_what_ffmpeg_writes_into_a_pipe_is_whole(tmp_path: Path, kind: str) -> None:
    write_sound(tmp_path / "s.wav", "PCM_16")
    options = ["-i", str(tmp_path / "s.wav"), "-f", kind, "-"]
    heard = heard_in_pipe(by_program("ffmpeg", "-v", "error", *options))
    assert (heard.end, heard.sentence) == (EOFError, "")
    assert heard.length_s == pytest.approx(LENGTH_S, abs=TOLERANCE_S)


@needs_ffmpeg
@pytest.mark.parametrize("kind", ["flac", "ogg", "mp3", "adts", "matroska", "webm", "mpegts", "opus"])
def test_sixty_percent_of_what_came_through_a_pipe_is_damaged_though_no_length_was_promised(
    tmp_path: Path, kind: str
) -> None:
    write_sound(tmp_path / "s.wav", "PCM_16")
    data = by_program("ffmpeg", "-v", "error", "-i", str(tmp_path / "s.wav"), "-f", kind, "-")
    heard = heard_in_pipe(data[: len(data) * 6 // 10 + 5])
    assert heard.end is SourceDamaged
    assert 0.3 * LENGTH_S < heard.length_s < 0.65 * LENGTH_S


@needs_ffmpeg
@pytest.mark.parametrize("data", [b"TAG" + bytes(125), b"APETAGEX" + bytes(24)])
def test_tags_around_an_mp3_are_neither_sound_nor_damage(tmp_path: Path, data: bytes) -> None:
    sound = made("mp3 without length", tmp_path).read_bytes()
    tag = b"ID3\x04\0\0" + bytes([0, 1, 0x20, 0]) + bytes(0x80 * 0x80 + 0x20 * 0x80)
    heard = heard_in_pipe(tag + sound + data)
    assert (heard.end, heard.sentence) == (EOFError, "")
    assert heard.length_s == pytest.approx(LENGTH_S, abs=TOLERANCE_S)


@needs_ffmpeg
@pytest.mark.parametrize("frames", [30, 10_000])
def test_a_xing_tag_that_lies_hides_nothing_and_claims_no_damage(tmp_path: Path, frames: int) -> None:
    data = bytearray(made("vbr mp3", tmp_path).read_bytes())
    place = data.index(b"Xing") + 8
    data[place : place + 4] = struct.pack(">I", frames)
    heard = heard_in_pipe(bytes(data))
    assert heard.end is EOFError
    assert heard.length_s == pytest.approx(LENGTH_S, abs=TOLERANCE_S)
    assert ("its header says 0.72 s" in heard.sentence) == (frames == 30)


@needs_ffmpeg
def test_two_mp3_files_in_a_row_are_both_heard(tmp_path: Path) -> None:
    heard = heard_in_pipe(made("vbr mp3", tmp_path).read_bytes() * 2)
    assert heard.length_s == pytest.approx(2 * LENGTH_S, abs=0.2)


CORRUPTIBLE = [
    ("FLAC", "PCM_16", 0.05),
    ("OGG", "VORBIS", 0.5),
    ("OGG", "OPUS", 0.5),
    ("MP3", "MPEG_LAYER_III", 0.8),
]


@pytest.mark.parametrize(("container", "subtype", "from_s"), CORRUPTIBLE)
def test_what_is_sound_around_a_fault_is_heard_and_the_fault_is_told_with_its_place(
    tmp_path: Path, container: str, subtype: str, from_s: float
) -> None:
    data = bytearray(write_sound(tmp_path / "s", subtype, container))
    middle = len(data) // 2
    data[middle : middle + 3000] = np.random.default_rng(1).integers(0, 256, 3000, np.uint8).tobytes()
    heard = heard_in_pipe(bytes(data))
    assert heard.end is SourceDamaged
    assert LENGTH_S - 2.1 < heard.length_s < LENGTH_S
    assert "what comes at " in heard.sentence
    place_s = float(heard.sentence.split("what comes at ")[1].split(" s")[0])
    assert abs(place_s - LENGTH_S / 2) < 1.2
    assert any(block.warning and f"at {place_s:.2f} s" in block.warning for block in heard.blocks)
    lost_s = sum(block.lost_len for block in heard.blocks) / RATE
    if container != "MP3":
        assert heard.length_s + lost_s == pytest.approx(LENGTH_S, abs=0.05)


@pytest.mark.parametrize(
    ("begin", "words"),
    [
        (b"this is a text, and it is no sound at all\n" * 300, "text"),
        (b"#EXTM3U\nhttp://127.0.0.1:9/x.ts\n", "a playlist"),
        (b"\x89PNG\r\n\x1a\n" + bytes(5000), "a PNG image"),
        (b"PK\x03\x04" + bytes(5000), "a ZIP archive"),
        (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(100), "not sound"),
    ],
)
def test_what_is_no_sound_is_refused_in_one_sentence(tmp_path: Path, begin: bytes, words: str) -> None:
    (tmp_path / "s").write_bytes(begin)
    for heard in (heard_in_file(tmp_path / "s"), heard_in_pipe(begin)):
        assert heard.end is SourceError
        assert words in heard.sentence
        assert not heard.blocks


@pytest.mark.parametrize(
    ("container", "subtype"), [("WAV", "PCM_16"), ("AIFF", "PCM_16"), ("AU", "PCM_16"), ("FLAC", "PCM_16")]
)
def test_a_header_without_sound_is_refused(tmp_path: Path, container: str, subtype: str) -> None:
    data = write_sound(tmp_path / "s", subtype, container)
    head = data[: len(data) - round(LENGTH_S * RATE) * 2] if container != "FLAC" else data[:42]
    (tmp_path / "s").write_bytes(head)
    for heard in (heard_in_file(tmp_path / "s"), heard_in_pipe(head)):
        assert heard.end is SourceError
        assert not heard.blocks


@pytest.mark.parametrize("step", [1, 2, 7, 300])
def test_raw_samples_that_only_begin_like_a_frame_are_raw_samples(step: int) -> None:
    for begin in (b"\xff\xfb\x90\x44", b"\xff\xf1\x50\x80", b"G" * 4, b"\x0b\x77\x00\x00\x00\xff"):
        data = begin + np.arange(-4000, 4000, dtype="<i2").tobytes()
        heard = heard_in_pipe(data, step=step * 64)
        assert (heard.end, heard.sample_rate) == (EOFError, 16_000)
        assert heard.samples.size == len(data) // 2


def test_how_the_bytes_are_cut_changes_no_sample(tmp_path: Path) -> None:
    data = write_sound(tmp_path / "s.ogg", "VORBIS", "OGG")
    first = heard_in_pipe(data, step=len(data)).samples
    for step in (977, 4096):
        np.testing.assert_array_equal(heard_in_pipe(data, step=step).samples, first)


def test_ffmpeg_says_nothing_on_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(write_sound(tmp_path / "s.mp3", "MPEG_LAYER_III", "MP3"))
    for place in range(3000, len(data), 3000):
        data[place : place + 40] = bytes(range(40))
    assert heard_in_pipe(bytes(data)).end is SourceDamaged
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("title", [b"caf\xe9", b"\xff\xfe\xfd"])
def test_tags_that_are_no_unicode_are_no_obstacle(tmp_path: Path, title: bytes) -> None:
    body = b"INFOINAM" + struct.pack("<I", 4) + title.ljust(4, b"\0")
    chunk = b"LIST" + struct.pack("<I", len(body)) + body
    data = write_sound(tmp_path / "s.wav", "PCM_16")
    place = data.index(b"data")
    heard = heard_in_pipe(data[:place] + chunk + data[place:])
    assert (heard.end, heard.length_s) == (EOFError, LENGTH_S)


def test_a_codec_that_nobody_knows_is_refused_in_one_sentence(tmp_path: Path) -> None:
    data = bytearray(write_sound(tmp_path / "s.wav", "PCM_16"))
    data[20:22] = b"\x99\x99"
    heard = heard_in_pipe(bytes(data))
    assert heard.end is SourceError
    assert "cannot be" in heard.sentence or "can be decoded" in heard.sentence


def parts(data: bytes, split: int) -> tuple[bytes, bytes, bytes]:
    """Return the format of a 16-bit WAV, and its sound in two parts."""
    return data[12:36], data[44 : 44 + split], data[44 + split :]


def riff(*chunks: tuple[bytes, bytes], padding: bytes = b"\0") -> bytes:
    body = b"".join(
        name + struct.pack("<I", len(data)) + data + padding * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def both(tmp_path: Path, data: bytes) -> list[Heard]:
    (tmp_path / "s").write_bytes(data)
    return [heard_in_file(tmp_path / "s"), heard_in_pipe(data)]


@pytest.mark.parametrize("between", [(), ((b"junk", bytes(101)),), ((b"LIST", b"INFO"), (b"XYZW", b"abc"))])
def test_sound_that_goes_on_in_another_chunk_is_heard(
    tmp_path: Path, between: tuple[tuple[bytes, bytes], ...]
) -> None:
    form, first, second = parts(write_sound(tmp_path / "s.wav", "PCM_16"), 96_000)
    data = riff((b"fmt ", form[8:]), (b"data", first), *between, (b"data", second))
    for heard in both(tmp_path, data):
        assert (heard.end, heard.length_s) == (EOFError, LENGTH_S)
        np.testing.assert_allclose(heard.samples, sweep(), atol=2.0**-15)
    for heard in both(tmp_path, data[:-50_000]):
        assert heard.end is SourceDamaged


def test_a_chunk_of_any_name_after_the_sound_is_not_heard(tmp_path: Path) -> None:
    form, sound, _ = parts(write_sound(tmp_path / "s.wav", "PCM_16"), 1 << 30)
    data = riff((b"fmt ", form[8:]), (b"data", sound), (b"Mine", bytes(range(250)) * 40), (b"abcd", b"x"))
    for heard in both(tmp_path, data):
        assert (heard.end, heard.length_s, heard.sentence) == (EOFError, LENGTH_S, "")


def test_a_chunk_of_odd_size_without_padding_hides_nothing(tmp_path: Path) -> None:
    form, sound, _ = parts(write_sound(tmp_path / "s.wav", "PCM_16"), 1 << 30)
    data = riff((b"fmt ", form[8:]), (b"LIST", b"INFOabc"), (b"data", sound), padding=b"")
    for heard in both(tmp_path, data):
        assert (heard.end, heard.length_s) == (EOFError, LENGTH_S)


def test_an_rf64_whose_sizes_were_never_written_is_heard_whole(tmp_path: Path) -> None:
    form, sound, _ = parts(write_sound(tmp_path / "s.wav", "PCM_16"), 1 << 30)
    unknown = b"ds64" + struct.pack("<I", 28) + b"\xff" * 24 + bytes(4)
    data = b"RF64" + b"\xff" * 4 + b"WAVE" + unknown + form + b"data" + b"\xff" * 4 + sound
    for heard in both(tmp_path, data):
        assert (heard.end, heard.length_s) == (EOFError, LENGTH_S)


def test_a_tag_behind_the_sound_is_no_surplus_to_tell(tmp_path: Path) -> None:
    data = write_sound(tmp_path / "s.wav", "PCM_16") + b"TAG" + bytes(125)
    assert [heard.sentence for heard in both(tmp_path, data)] == ["", ""]


JOINED = {"mp3": ("mp3", 1001), "aac": ("adts", 777), "ts": ("mpegts", 101)}


@needs_ffmpeg
@pytest.mark.parametrize("name", JOINED)
def test_a_stream_that_is_joined_in_its_midst_is_never_taken_for_raw_samples(
    tmp_path: Path, name: str
) -> None:
    write_sound(tmp_path / "sweep.wav", "FLOAT")
    kind, missing_len = JOINED[name]
    by_program("ffmpeg", "-v", "error", "-i", str(tmp_path / "sweep.wav"), "-f", kind, str(tmp_path / "m"))
    heard = heard_in_pipe((tmp_path / "m").read_bytes()[missing_len:], 2000)
    assert LENGTH_S - 0.5 < heard.length_s < LENGTH_S + TOLERANCE_S
    assert heard.sample_rate == RATE


def test_a_wave_with_the_period_of_a_packet_is_no_transport_stream(tmp_path: Path) -> None:
    wave = (np.arange(94) * 700 - 32_000).astype("<i2").tobytes() * 400
    assert b"G" in wave
    assert frames_from(wave[:8192]) is None


CUT = {"ac3": ["-f", "ac3"], "eac3": ["-f", "eac3"], "voc": ["-f", "voc"]}


@needs_ffmpeg
@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("extra_len", [1, 5, 300])
def test_rarer_containers_tell_too_that_they_are_cut(tmp_path: Path, name: str, extra_len: int) -> None:
    write_sound(tmp_path / "sweep.wav", "FLOAT")
    by_program("ffmpeg", "-v", "error", "-i", str(tmp_path / "sweep.wav"), *CUT[name], str(tmp_path / "m"))
    data = (tmp_path / "m").read_bytes()
    frame_len = {"ac3": ac3_frame_len(data[:6]), "eac3": ac3_frame_len(data[:6]), "voc": 4096}[name]
    cut = data[: len(data) // 2 // frame_len * frame_len + extra_len]
    whole, half = both(tmp_path, data)[0], both(tmp_path, cut)
    assert whole.end is EOFError
    assert [heard.end for heard in half] == [SourceDamaged, SourceDamaged]


@needs_ffmpeg
@pytest.mark.parametrize(
    "options", [["-f", "wv"], ["-c:a", "alac", "-f", "caf"], ["-c:a", "alac", "-f", "ipod"]]
)
def test_tags_and_a_last_frame_that_is_filled_up_are_no_damage(tmp_path: Path, options: list[str]) -> None:
    write_sound(tmp_path / "sweep.wav", "FLOAT")
    made_by = ["-v", "error", "-i", str(tmp_path / "sweep.wav"), "-ar", "8000", *options]
    by_program("ffmpeg", *made_by, str(tmp_path / "m"))
    heard = heard_in_file(tmp_path / "m")
    assert heard.end is EOFError
    assert heard.length_s == pytest.approx(LENGTH_S, abs=0.01)


@pytest.mark.parametrize(
    "begin", [b"nut/multimedia container\0", b"MPCK", b"tBaK", b".RMF\0\0", b"MThd\0\0\0\x06"]
)
def test_sound_of_a_kind_that_is_not_read_is_refused_and_not_taken_for_raw_samples(begin: bytes) -> None:
    heard = heard_in_pipe(begin + np.random.default_rng(0).bytes(50_000))
    assert heard.end is SourceError
    assert heard.sentence.startswith("Standard input is a ")
