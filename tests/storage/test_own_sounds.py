"""What was taught is kept for its owner, as plain numbers, and what is wrong with a file is said."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import OwnSoundError
from monitor.files.arrays import pack_arrays
from monitor.storage import own_sounds
from monitor.storage.own_sound_file import TaughtSound, pack, unpack
from tests.learning.sounds import DIM, MODEL, taught


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def same(one: TaughtSound, other: TaughtSound) -> bool:
    """Whether two hold the same; embeddings are kept in half precision."""
    names = ("label", "model", "taught", "examples", "quality")
    return (
        all(getattr(one, name) == getattr(other, name) for name in names)
        and (one.sound.name, one.sound.words) == (other.sound.name, other.sound.words)
        and np.allclose(one.sound.vectors, other.sound.vectors, atol=1e-3)
        and one.sound.example_of.tolist() == other.sound.example_of.tolist()
    )


def test_what_is_kept_is_found_again_and_is_for_its_owner_only() -> None:
    path = own_sounds.save(taught())
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    found = own_sounds.load("doorbell", MODEL, DIM)
    assert found is not None
    assert same(found, taught())
    assert own_sounds.load("doorbell", "another-1", DIM) is None
    assert own_sounds.load("kettle", MODEL, DIM) is None


def test_one_name_is_kept_for_each_model_and_forgotten_for_all_with_its_sound() -> None:
    for model in (MODEL, "another-1"):
        own_sounds.save(taught(model=model))
    own_sounds.save(taught("kettle"))
    tone = np.sin(np.arange(4000, dtype=np.float32))
    folder = own_sounds.keep_audio("doorbell", [tone, tone], 8000)
    assert [path.name for path in own_sounds.kept_audio("doorbell")] == ["1.flac", "2.flac"]
    assert (folder / "1.flac").stat().st_mode & 0o777 == 0o600
    assert len(own_sounds.remove("doorbell")) == 3
    assert not folder.exists()
    assert [one.sound.name for one in own_sounds.taught_sounds()[0]] == ["kettle"]
    assert own_sounds.remove("doorbell") == []


def test_a_renamed_sound_is_found_by_its_new_name_only_and_its_sound_goes_with_it() -> None:
    own_sounds.save(taught())
    own_sounds.keep_audio("doorbell", [np.zeros(800, np.float32)], 8000)
    own_sounds.rename("doorbell", "Türklingel", "front door bell")
    assert own_sounds.load("doorbell", MODEL, DIM) is None
    found = own_sounds.load("turklingel", MODEL, DIM)
    assert found is not None
    assert (found.label, found.sound.words) == ("Türklingel", "front door bell")
    assert len(own_sounds.kept_audio("turklingel")) == 1
    assert own_sounds.kept_audio("doorbell") == []


def test_what_was_put_aside_of_a_renamed_sound_stays_with_its_sound_and_takes_the_new_name() -> None:
    before = taught()
    own_sounds.save(before)
    own_sounds.keep_audio("doorbell", [np.zeros(800, np.float32) for _ in before.examples], 8000)
    aside = own_sounds.put_aside(before)
    own_sounds.rename("doorbell", "Türklingel", "front door bell")
    assert not aside.exists()
    (kept,) = aside.parent.glob("*.before")
    assert kept.name == f"{own_sounds.own_sound_file('turklingel', MODEL).name}.before"
    found, audio = unpack(kept.read_bytes())
    names = (found.sound.name, found.label, found.sound.words)
    assert names == ("turklingel", "Türklingel", "front door bell")
    assert (found.examples, len(audio)) == (before.examples, len(before.examples))


def test_a_name_that_is_taken_is_not_overwritten_by_a_rename() -> None:
    own_sounds.save(taught())
    own_sounds.save(taught("kettle"))
    with pytest.raises(OwnSoundError, match="taught already"):
        own_sounds.rename("doorbell", "kettle", "kettle")
    with pytest.raises(OwnSoundError, match="Nothing was taught as 'gong'"):
        own_sounds.rename("gong", "bell", "bell")


def test_a_damaged_file_is_told_and_the_others_are_read() -> None:
    path = own_sounds.save(taught())
    own_sounds.save(taught("kettle"))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(OwnSoundError, match="teach it again, or delete that file"):
        own_sounds.load("doorbell", MODEL, DIM)
    found, faults = own_sounds.taught_sounds()
    assert [one.sound.name for one in found] == ["kettle"]
    assert len(faults) == 1
    assert path.exists()


def test_a_file_of_another_class_or_of_another_size_of_embedding_is_refused() -> None:
    path = own_sounds.save(taught("kettle"))
    path.rename(own_sounds.own_sound_file("doorbell", MODEL))
    with pytest.raises(OwnSoundError, match="it is 'kettle'"):
        own_sounds.load("doorbell", MODEL, DIM)
    own_sounds.save(taught(dim=DIM + 1))
    with pytest.raises(OwnSoundError, match="5 dimensions, not 4"):
        own_sounds.load("doorbell", MODEL, DIM)


def test_the_sound_of_the_examples_goes_with_a_file_that_is_given_away() -> None:
    audio = [b"fLaC" + bytes([number]) for number in range(3)]
    assert unpack(pack(taught(), audio))[1] == audio
    assert unpack(pack(taught()))[1] == []


@given(st.binary(max_size=300))
def test_bytes_that_are_no_taught_sound_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"it (is no|would be)"):
        unpack(content)


@given(st.integers(0, 5000), st.integers(0, 255))
def test_a_file_with_one_byte_changed_is_refused_or_makes_sense(at: int, byte: int) -> None:
    content = bytearray(pack(taught()))
    content[at % len(content)] = byte
    try:
        found, _ = unpack(bytes(content))
    except ValueError:
        return
    assert np.allclose(np.linalg.norm(found.sound.vectors, axis=1), 1.0, atol=1e-3)


def test_a_pickle_or_a_file_that_grows_without_end_is_never_opened() -> None:
    evil = io.BytesIO()
    np.save(evil, np.array([{"a": 1}], object), allow_pickle=True)
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("vectors.npy", evil.getvalue())
        with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
            unpack(file.getvalue())
    huge = pack_arrays({"vectors": np.zeros(80 << 20, np.uint8)})
    assert len(huge) < 1 << 20
    with pytest.raises(ValueError, match="more than 64 MiB"):
        unpack(huge)


def test_an_archive_in_the_place_of_an_array_is_refused() -> None:
    inside = pack_arrays({"a": np.zeros(3)})
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as archive:
            for name in ("about", "vectors", "example_of"):
                archive.writestr(f"{name}.npy", inside)
        with pytest.raises(ValueError, match="an array in it cannot be read"):
            unpack(file.getvalue())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"vectors": np.zeros((6, DIM), np.float16)}, "not those of any sound"),
        ({"vectors": np.full((6, DIM), np.nan, np.float16)}, "not those of any sound"),
        ({"vectors": np.ones((5, DIM), np.float16)}, "do not fit"),
        ({"example_of": np.full(6, 7, np.int16)}, "no embedding of each"),
        ({"example_of": np.zeros(6, np.int8)}, r"no taught sound \(example_of\)"),
    ],
)
def test_parts_that_make_no_sense_together_are_refused(wrong: dict[str, np.ndarray], said: str) -> None:
    sound = taught().sound
    about = msgspec.json.encode(
        {"version": 1, "name": "doorbell", "label": "doorbell", "words": "doorbell", "model": MODEL,
         "taught": taught().taught, "examples": taught().examples}
    )  # fmt: skip
    parts: dict[str, np.ndarray] = {
        "about": np.frombuffer(about, np.uint8),
        "vectors": sound.vectors.astype(np.float16),
        "example_of": sound.example_of.astype(np.int16),
    }
    assert unpack(pack_arrays(parts))[0].sound.name == "doorbell"
    with pytest.raises(ValueError, match=said):
        unpack(pack_arrays({**parts, **wrong}))
