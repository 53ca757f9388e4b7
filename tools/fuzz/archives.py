"""Archives of arrays, which are given away: taught sounds, adapters, cohorts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ModelError
from monitor.files.arrays import pack_arrays, unpack_all
from monitor.models import cohort
from monitor.models.adapter import Adapter, pack_adapter, unpack_adapter
from monitor.records import Cohort, OwnSound
from monitor.storage import own_sound_file, own_sounds
from monitor.storage.own_sound_file import ExampleNote, TaughtSound
from monitor.units import unit_norm
from tools.fuzz.choices import Choices, as_json
from tools.fuzz.target import Broken, Target, at_home, check_clean, check_same, only
from tools.fuzz.wire import NOON

_DIM = 4
_TYPES = (
    "float16",
    "float32",
    "int16",
    "int8",
    "uint8",
    "<U5",
    "complex64",
    "bool",
    ">f2",
    "S3",
    "datetime64[s]",
)
_ENTRIES = ("about.npy", "vectors.npy", "example_of.npy", "model.npy", "down.npy", "up.npy", "kinds.npy")
_OTHERS = ("kind_of.npy", "sounds_per_hour.npy", "../../x.flac", "1.flac", "/etc/x.npy", ".npy")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def arrays(data: bytes) -> None:
    """Read any archive."""
    with only(ValueError):
        found, others = unpack_all(data, 1 << 20)
        held = sum(array.nbytes for array in found.values()) + sum(map(len, others.values()))
        if held > 8 << 20:
            raise Broken(f"{len(data)} bytes become {held}")


def taught(data: bytes) -> None:
    """Take in a sound that somebody else has taught."""
    with only(ValueError):
        found, audio = own_sound_file.unpack(data)
        check_clean((found.label, found.model, found.sound.words, found.examples, found.quality))
        again, sound = own_sound_file.unpack(own_sound_file.pack(found, audio))
        check_same((found.label, found.model, found.examples), (again.label, again.model, again.examples))
        check_same(audio, sound)
        with at_home() as home:
            path = own_sounds.save(found)
            folder = own_sounds.write_audio(found.sound.name, audio) if audio else path
            if not path.resolve().is_relative_to(home) or not folder.resolve().is_relative_to(home):
                raise Broken(f"{path} or {folder} is outside")
            own_sounds.load(found.sound.name, found.model, found.sound.vectors.shape[1])
            own_sounds.remove(found.sound.name)
            path.unlink(missing_ok=True)


def adapter(data: bytes) -> None:
    """Lay an adapter over embeddings."""
    with only(ModelError):
        found = unpack_adapter(data, "x.npz")
        check_same(found.identity, unpack_adapter(pack_adapter(found), "y.npz").identity)
        if 0 < found.down.size < 1 << 16:
            found.apply(unit_norm(np.ones((2, len(found.down)), np.float32)))


def ordinary(data: bytes) -> None:
    """Read a cohort."""
    with only(ModelError):
        found = cohort.unpack(data, _DIM, "x.npz")
        again = cohort.unpack(cohort.pack(found), _DIM, "y.npz")
        check_same((found.kinds, found.sounds_per_hour), (again.kinds, again.sounds_per_hour))


def made(read: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Return what reads bytes as they are, and an archive whose parts bytes choose."""

    def check(data: bytes) -> None:
        read(data)
        read(_archive(Choices(data)))

    return check


def _archive(choices: Choices) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in dict.fromkeys(_name(choices) for _ in range(choices.byte() % 5)):
            part = _part(choices) if choices.byte() < 220 else choices.text().encode("utf-8", "replace")
            archive.writestr(zipfile.ZipInfo(name), part, choices.one_of(_METHODS))
    return content.getvalue()


def _name(choices: Choices) -> str:
    return choices.one_of(_ENTRIES) if choices.byte() < 200 else choices.one_of(_OTHERS)


def _part(choices: Choices) -> bytes:
    if choices.byte() < 64:
        about = as_json(choices.record(own_sound_file._About))  # noqa: SLF001 - what the file has inside
        return _npy(np.frombuffer(about, np.uint8))
    shape = tuple(choices.byte() % 5 for _ in range(choices.byte() % 4))
    array = np.full(shape, choices.byte() % 7).astype(choices.one_of(_TYPES))
    part = _npy(array)
    if choices.byte() < 200:
        return part
    odd = choices.one_of(("(1099511627776,)", "(-1,)", f"({'9' * 30},)", "(0, 9999999999)", "(((((("))
    return part.replace(f"{shape}".encode(), odd.encode())


def _npy(array: NDArray[Any]) -> bytes:
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    return content.getvalue()


def _taught() -> list[bytes]:
    vectors = unit_norm(np.eye(_DIM, dtype=np.float32)[:2] + 0.1)
    sound = OwnSound("kettle", "kettle", vectors, np.array([0, 1]))
    notes = (ExampleNote("kettle.wav", 1.5), ExampleNote("microphone USB", 2.0, 12.5, ("short",)))
    one = TaughtSound("Kettle", sound, "embedded-3fa2", NOON, notes)
    return [own_sound_file.pack(one), own_sound_file.pack(one, [b"fLaC1", b"fLaC2"]), *_zips()]


def _zips() -> list[bytes]:
    whole: Mapping[str, NDArray[Any]] = {"a": np.zeros(3, np.float32)}
    found = [b"PK", pack_arrays(whole)]
    for method in _METHODS:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr(zipfile.ZipInfo("about.npy"), _npy(np.zeros(99, np.uint8)), method)
        found.append(content.getvalue())
    return found


def _adapters() -> list[bytes]:
    numbers = np.arange(8, dtype=np.float32).reshape(4, 2)
    return [pack_adapter(Adapter("embedded-3fa2", numbers / 9.0, numbers.T / 9.0)), *_zips()]


def _cohorts() -> list[bytes]:
    vectors = unit_norm(np.random.default_rng(1).standard_normal((300, _DIM)).astype(np.float32))
    kinds = np.arange(300) % 3 - 1
    return [cohort.pack(Cohort(vectors, ("speech", "music"), kinds, 12.5)), *_zips()]


TARGETS = (
    Target(name="archive", check=made(arrays), seeds=_zips),
    Target(name="taught-sound", check=made(taught), seeds=_taught),
    Target(name="adapter", check=made(adapter), seeds=_adapters),
    Target(name="cohort", check=made(ordinary), seeds=_cohorts),
)
