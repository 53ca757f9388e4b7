"""Sound of other people: what is read of a container before it is decoded, and what decoders make of it."""

from __future__ import annotations

import io
import struct
import wave
from typing import get_args

import numpy as np

from monitor.errors import SourceDamaged, SourceError
from monitor.sources.bytestream import ByteStream, sound_bytes
from monitor.sources.chunk_layout import index_first, read_layout
from monitor.sources.container import Container, recognise
from monitor.sources.declared import cut_end, read_xing
from monitor.sources.decoded_stream import look
from monitor.sources.file import FileSource
from monitor.sources.raw import RawFormat, RawSound, SampleFormat
from tools.fuzz.choices import Choices
from tools.fuzz.target import Broken, Target, as_file, only

_CHUNKED = ("wav", "w64", "aiff", "au", "caf")
_FRAMED = ("ogg", "mpegts", "mp3", "ac3", "eac3", "dts")
_MOST_BLOCKS = 200
_RATE = 8000
_FORMATS: tuple[SampleFormat, ...] = get_args(SampleFormat)


def stream_of(data: bytes) -> ByteStream:
    """Return bytes as they come out of a file or a pipe."""
    return ByteStream(io.BytesIO(data).read)


def header(data: bytes) -> None:
    """Find out what bytes are, where their sound lies, and whether its end is there."""
    recognise(data)
    stream = stream_of(data)
    kind = look(stream)
    if isinstance(kind, Container):
        _to_the_end(stream, kind.demuxer)
    for demuxer in _CHUNKED:
        _to_the_end(stream_of(data), demuxer)
    _to_the_end(stream_of(data), "matroska")
    index_first(stream_of(data).peek)
    read_xing(data[:8192])
    for demuxer in _FRAMED:
        cut_end(demuxer, len(data), data)


def _to_the_end(stream: ByteStream, demuxer: str) -> None:
    """Read what a decoder would get: no more than a header beside what there is."""
    layout = read_layout(stream.peek, demuxer)
    there = len(stream.peek(1 << 26))
    read, found = sound_bytes(stream, demuxer), 0
    while piece := read.read(4096):
        found += len(piece)
    if found > 2 * there + 64 + (0 if layout is None else len(layout.unbounded)):
        raise Broken(f"{there} bytes become {found}")


def many_chunks(data: bytes) -> None:
    """Read a header that is long: chunks of a few bytes again and again."""
    choices = Choices(data)
    heads = (b"RIFF\xff\xff\xff\xffWAVE", b"FORM\xff\xff\xff\xffAIFF", b"caff\0\1\0\0", b".snd" + bytes(8))
    head, name = choices.one_of(heads), choices.one_of((b"LIST", b"JUNK", b"free", b"\0\0\0\x01"))
    size = bytes(choices.byte() % 3 for _ in range(choices.one_of((4, 8))))
    long = head + (name + size) * (1 << 17)
    for demuxer in _CHUNKED:
        read_layout(stream_of(long).peek, demuxer)
    index_first(stream_of(long[len(head) :]).peek)


def decoded(data: bytes) -> None:
    """Hear a file, as `--source FILE` does."""
    source = FileSource(as_file(data, "sound.bin"), fast=True)
    heard = 0
    try:
        source.open()
        for _ in range(_MOST_BLOCKS):
            block = source.read(1.0)
            if block is not None:
                heard += len(block.samples)
                _check_samples(block.samples.shape, block.samples.dtype, block.lost_len)
    except (SourceError, SourceDamaged) as error:
        _check_words(str(error))
    except EOFError as error:
        _check_words(str(error) or "well")
    finally:
        source.close()


def _check_words(text: str) -> None:
    with only():
        raise SourceError(text)


def _check_samples(shape: tuple[int, ...], kind: object, lost_len: int) -> None:
    if len(shape) != 2 or kind != np.float32 or lost_len < 0:
        raise Broken(f"samples {shape} of {kind}, {lost_len} lost")


def raw(data: bytes) -> None:
    """Hear raw samples of any format."""
    choices = Choices(data)
    form = RawFormat(choices.one_of((8000, 48_000, 1)), choices.one_of((1, 2, 64)), choices.one_of(_FORMATS))
    sound = RawSound(stream_of(choices.rest()), form, "standard input")
    with only():
        for piece in sound.pieces():
            _check_samples(piece.samples.shape, piece.samples.dtype, piece.lost_len)


def _wave(frames: int = 400) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes((np.sin(np.arange(frames) / 3.0) * 9000).astype("<i2").tobytes())
    return content.getvalue()


def _written(kind: str, subtype: str) -> bytes:
    import soundfile

    content = io.BytesIO()
    samples = np.sin(np.arange(800) / 3.0).astype(np.float32) / 2.0
    soundfile.write(content, samples, _RATE, format=kind, subtype=subtype)
    return content.getvalue()


def _containers() -> list[bytes]:
    """Return a short tone in many containers."""
    kinds = (
        ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("AIFF", "PCM_16"), ("AU", "ULAW"), ("CAF", "PCM_16"),
        ("W64", "PCM_16"), ("RF64", "PCM_16"), ("MP3", "MPEG_LAYER_III"), ("VOC", "PCM_U8"),
        ("WAV", "IMA_ADPCM"),
        ("NIST", "PCM_16"), ("SVX", "PCM_S8"), ("PAF", "PCM_16"), ("WAVEX", "FLOAT"),
    )  # fmt: skip
    muxed = [_muxed(name, codec) for name, codec in _MUXED]
    return [_wave(), *(_written(kind, subtype) for kind, subtype in kinds), *muxed]


_MUXED = (("matroska", "pcm_s16le"), ("mp4", "aac"), ("mpegts", "aac"), ("adts", "aac"))


def _muxed(name: str, codec: str) -> bytes:
    import av

    content = io.BytesIO()
    with av.open(content, "w", format=name) as container:
        stream = container.add_stream(codec, rate=16000)
        stream.layout = "mono"  # type: ignore[union-attr]
        samples = (np.sin(np.arange(1024) / 3.0) * 9000).astype(np.int16)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = 16000
        for one in (frame, None):
            container.mux(stream.encode(one))  # type: ignore[union-attr, arg-type]
    return content.getvalue()


def _headers() -> list[bytes]:
    again = b".snd" + struct.pack(">IIIII", 0, 0xFFFFFFFF, 3, 8000, 1)
    empty_box = b"\0\0\0\x01free" + bytes(8)
    return [*(one[:900] for one in _containers()), again, empty_box, b"ID3\x04\0\0\0\0\0\x05" + b"x" * 40]


TARGETS = (
    Target(name="sound-header", check=header, seeds=_headers),
    Target(name="sound-chunks", check=many_chunks, seeds=lambda: [bytes(12), b"\x01\x02\x03" * 9]),
    Target(name="sound-raw", check=raw, seeds=lambda: [b"", bytes(99), b"\1\1\1" + bytes(range(250))]),
    Target(name="sound-file", check=decoded, seeds=_containers, native=True),
)
