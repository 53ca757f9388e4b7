from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.errors import SourceDamaged, SourceError
from monitor.records import Block
from monitor.sources.file import FAST_BLOCK_S, FileSource
from tests.sources.fakes import noise

RATE = 16_000


def read_all(source: FileSource) -> tuple[list[Block], type[BaseException], str]:
    """Return every block and how the file ended."""
    source.open()
    delivered: list[Block] = []
    while True:
        try:
            block = source.read(1.0)
        except (EOFError, SourceDamaged) as end:
            source.close()
            return delivered, type(end), str(end)
        if block is not None:
            delivered.append(block)


def joined(delivered: list[Block]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.concatenate([block.samples for block in delivered])


@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [("wav", "FLOAT", 0.0), ("wav", "PCM_16", 1e-4), ("wav", "PCM_24", 1e-6), ("flac", "PCM_16", 1e-4)],
)
@pytest.mark.parametrize("form", [(8000, 1), (44_100, 2), (96_000, 3)])
def test_a_file_is_delivered_as_it_was_written(
    tmp_path: Path, suffix: str, subtype: str, tolerance: float, form: tuple[int, int]
) -> None:
    sample_rate, channels = form
    samples = noise(sample_rate // 2 + 7, channels)
    soundfile.write(tmp_path / f"s.{suffix}", samples, sample_rate, subtype=subtype)
    source = FileSource(tmp_path / f"s.{suffix}", fast=True)
    delivered, end, _ = read_all(source)
    assert end is EOFError
    assert source.sample_rate == sample_rate
    np.testing.assert_allclose(joined(delivered), samples, atol=tolerance)
    assert max(len(block.samples) for block in delivered) <= FAST_BLOCK_S * sample_rate


@pytest.mark.parametrize("suffix", ["ogg", "mp3"])
def test_lossy_files_end_as_they_should(tmp_path: Path, suffix: str) -> None:
    soundfile.write(tmp_path / f"s.{suffix}", noise(RATE), RATE)
    delivered, end, _ = read_all(FileSource(tmp_path / f"s.{suffix}", fast=True))
    assert end is EOFError
    assert len(joined(delivered)) == pytest.approx(RATE, abs=3000)


def test_a_paced_file_takes_its_own_time_and_says_when_each_block_was_due(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "s.wav", noise(RATE * 3 // 10), RATE)
    begin_s = time.monotonic()
    delivered, _, _ = read_all(FileSource(tmp_path / "s.wav"))
    assert 0.3 <= time.monotonic() - begin_s < 3.0
    steps = np.diff([block.captured_s for block in delivered])
    np.testing.assert_allclose(steps, 0.05, atol=1e-6)


def test_a_paced_read_comes_back_when_its_time_is_up(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "s.wav", noise(RATE), RATE)
    source = FileSource(tmp_path / "s.wav")
    source.open()
    assert source.read(0.01) is None
    source.close()


def test_a_file_can_be_opened_again_from_its_beginning(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "s.wav", noise(RATE), RATE, subtype="FLOAT")
    source = FileSource(tmp_path / "s.wav", fast=True)
    first, _, _ = read_all(source)
    again, _, _ = read_all(source)
    np.testing.assert_array_equal(joined(first), joined(again))


def test_a_closed_file_has_ended(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "s.wav", noise(RATE), RATE)
    source = FileSource(tmp_path / "s.wav", fast=True)
    source.open()
    source.close()
    source.close()
    with pytest.raises(EOFError):
        source.read(0.0)


def test_numbers_that_are_none_are_left_to_the_capture_thread(tmp_path: Path) -> None:
    samples = noise(RATE)
    samples[100] = np.nan
    soundfile.write(tmp_path / "s.wav", samples, RATE, subtype="FLOAT")
    delivered, end, _ = read_all(FileSource(tmp_path / "s.wav", fast=True))
    assert end is EOFError
    assert np.isnan(joined(delivered)[100, 0])


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_truncated_wav_gives_all_it_has_and_then_both_lengths(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "s.wav"
    soundfile.write(path, noise(2 * RATE, 2), RATE, subtype=subtype)
    whole = path.stat().st_size
    os.truncate(path, whole - (whole - 44) // 4)
    delivered, end, sentence = read_all(FileSource(path, fast=True))
    assert end is SourceDamaged
    assert len(joined(delivered)) == pytest.approx(1.5 * RATE, abs=30)
    assert "promises 2.00 s" in sentence
    assert "1.50 s of sound" in sentence


def test_a_truncated_flac_gives_what_can_be_decoded_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "s.flac"
    soundfile.write(path, noise(2 * RATE), RATE)
    os.truncate(path, path.stat().st_size // 2)
    delivered, end, sentence = read_all(FileSource(path, fast=True))
    assert end is SourceDamaged
    assert len(joined(delivered)) > 0.35 * 2 * RATE
    assert "promises 2.00 s" in sentence


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_a_truncated_ogg_gives_what_is_there_and_says_so(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "s.ogg"
    soundfile.write(path, noise(4 * 48_000), 48_000, subtype=subtype)
    assert read_all(FileSource(path, fast=True))[1] is EOFError
    whole = path.stat().st_size
    for kept in (whole // 2, whole - 1):
        os.truncate(path, kept)
        delivered, end, sentence = read_all(FileSource(path, fast=True))
        assert end is SourceDamaged
        assert len(joined(delivered)) > 0
        assert "the end of the Ogg stream is missing" in sentence
        soundfile.write(path, noise(4 * 48_000), 48_000, subtype=subtype)


@pytest.mark.parametrize("declared", [0x7FFFF000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_wav_from_a_pipe_that_never_learnt_its_length_is_whole(tmp_path: Path, declared: int) -> None:
    path = tmp_path / "s.wav"
    soundfile.write(path, noise(RATE), RATE, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    place = data.index(b"data") + 4
    data[place : place + 4] = struct.pack("<I", declared)
    data[4:8] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(data)
    delivered, end, _ = read_all(FileSource(path, fast=True))
    assert end is EOFError
    assert len(joined(delivered)) == RATE


def test_chunks_around_the_data_do_not_confuse_the_length(tmp_path: Path) -> None:
    path = tmp_path / "s.wav"
    soundfile.write(path, noise(RATE), RATE, subtype="PCM_16")
    data = path.read_bytes()
    extra = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    place = data.index(b"data")
    body = data[12:place] + extra + data[place:] + extra
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body)
    _, end, _ = read_all(FileSource(path, fast=True))
    assert end is EOFError


def refusal(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        FileSource(path).open()
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_what_is_no_sound_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "missing.wav")
    assert "directory" in refusal(tmp_path)
    (tmp_path / "empty.wav").touch()
    assert "empty" in refusal(tmp_path / "empty.wav")
    (tmp_path / "text.wav").write_text("not sound " * 100, "utf-8")
    assert "not an audio file" in refusal(tmp_path / "text.wav")
    soundfile.write(tmp_path / "none.wav", noise(0), RATE)
    assert "no sound" in refusal(tmp_path / "none.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    assert "regular file" in refusal(tmp_path / "pipe.wav")
    assert "not a directory" in refusal(tmp_path / "empty.wav" / "x.wav").lower()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.wav"
    soundfile.write(path, noise(10), RATE)
    path.chmod(0)
    assert "Permission denied" in refusal(path)


def test_a_file_name_need_not_be_text(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode("L\u00e4rm ".encode() + b"\xff.wav")
    soundfile.write(tmp_path / "s.wav", noise(RATE), RATE)
    (tmp_path / "s.wav").rename(path)
    source = FileSource(path, fast=True)
    delivered, end, _ = read_all(source)
    assert end is EOFError
    assert len(joined(delivered)) == RATE
    assert source.name == "L\u00e4rm \ufffd.wav"
    assert source.id.isascii()


def test_a_file_name_outside_the_locale_is_no_obstacle(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "L\u00e4rm.wav", noise(RATE), RATE)
    script = (
        "import sys; from pathlib import Path; from monitor.sources.file import FAST_BLOCK_S, FileSource\n"
        "source = FileSource(Path(sys.argv[1]), fast=True); source.open(); print(ascii(source.name))"
    )
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", script, str(tmp_path / "L\u00e4rm.wav")]
    answer = subprocess.run(command, env={**os.environ, **locale}, capture_output=True, check=False)
    assert (answer.stdout.strip(), answer.stderr) == (b"'L\\xe4rm.wav'", b"")


def test_a_file_is_named_after_itself(tmp_path: Path) -> None:
    source = FileSource(tmp_path / "Street Noise (2).wav")
    assert (source.id, source.name, source.live) == ("street-noise-2", "Street Noise (2).wav", False)
