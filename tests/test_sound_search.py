"""What finds a sound in bytes finds it in every form, and in nothing else."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
import soundfile
import soxr

from tests.sound_search import FOUND, Pieces

RATE = 48_000
SOUND = np.random.default_rng(7).uniform(-0.4, 0.4, RATE // 2).astype(np.float32)
PIECES = Pieces(SOUND, RATE)


def as_integers(kind: str) -> bytes:
    return (SOUND.astype(np.float64) * np.iinfo(kind).max).astype(kind).tobytes()


def as_file(form: str, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, SOUND, RATE, format=form, subtype=subtype)
    return file.getvalue()


def three_bytes(big: bool) -> bytes:
    numbers = (SOUND.astype(np.float64) * (2**31 - 1)).astype(">i4" if big else "<i4")
    four = np.frombuffer(numbers.tobytes(), np.uint8).reshape(-1, 4)
    return (four[:, :3] if big else four[:, 1:]).tobytes()


FORMS = {
    **{kind: as_integers(kind) for kind in ("i1", "<i2", ">i2", "<i4", ">i4")},
    **{kind: SOUND.astype(kind).tobytes() for kind in ("<f2", ">f2", "<f4", ">f4", "<f8", ">f8")},
    "u1": ((SOUND + 1) * 127.5).astype(np.uint8).tobytes(),
    "<i3": three_bytes(big=False),
    ">i3": three_bytes(big=True),
    "mu-law": as_file("RAW", "ULAW"),
    "A-law": as_file("RAW", "ALAW"),
    "two channels": np.stack([SOUND, SOUND[::-1]], axis=1).astype("<f4").tobytes(),
    "quieter, inverted, offset": (SOUND * -0.01 + 0.3).astype("<f4").tobytes(),
    "at the model's rate": soxr.resample(SOUND, RATE, 32_000).astype("<f4").tobytes(),
    "base64": base64.b64encode(SOUND[:8_000].astype("<f4").tobytes()),
    "hexadecimal": SOUND[:8_000].astype("<f4").tobytes().hex().encode(),
    "JSON": json.dumps([round(float(value), 4) for value in SOUND[:8_000]]).encode(),
    "in blocks with headers": b"".join(
        b"head" + bytes([number % 251, 7, 9]) + SOUND[start : start + 960].astype("<f4").tobytes()
        for number, start in enumerate(range(0, RATE, 960))
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_sound_is_found_in_every_form_that_samples_have(form: str) -> None:
    assert PIECES.likeness(b"abc" * 333 + FORMS[form] + b"behind")[0] > FOUND


@pytest.mark.parametrize(("form", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS")])
def test_a_sound_is_found_in_a_file_of_sound(form: str, subtype: str) -> None:
    assert PIECES.likeness(as_file(form, subtype))[0] > FOUND


@pytest.mark.parametrize(
    "other",
    [
        np.random.default_rng(8).bytes(50_000),
        b'{"level_dbfs":-31.2,"time":"2026-11-30T21:48:16Z"}\n' * 1_000,
        bytes(50_000),
        np.sin(np.arange(12_000) * 0.1).astype("<f4").tobytes(),
        np.random.default_rng(9).uniform(-0.4, 0.4, RATE // 4).astype("<f4").tobytes(),
    ],
    ids=["random", "text", "zeros", "a tone", "another noise"],
)
def test_it_is_found_in_nothing_else(other: bytes) -> None:
    assert PIECES.likeness(other)[0] < 0.5


def test_what_is_shorter_than_a_piece_is_nothing() -> None:
    assert PIECES.likeness(SOUND[:100].tobytes())[0] == 0.0
