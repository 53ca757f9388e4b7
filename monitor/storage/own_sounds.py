"""Sounds that the user has taught: what each is like to one model, a file for each class and model.

Files are ``$XDG_DATA_HOME/monitor/own_sounds/<class>@<model>.npz`` (below ``~/.local/share``), for their
owner only: embeddings and where they come from, from which no sound can be made. Where it was asked for, the
sound of the examples lies beside them, ``<class>.audio/1.flac`` and so on. An embedding means nothing to
another model, so what a file holds must name the class and the model that it is asked for.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import OwnSoundError
from monitor.files.paths import own_folder
from monitor.files.reading import read_stored
from monitor.files.state_files import file_name, slug, write_private
from monitor.names import class_id
from monitor.storage.kept_file import read_all
from monitor.storage.own_sound_file import MOST_BYTES, SOUND, TaughtSound, pack, unpack

_SUFFIX, _AUDIO_SUFFIX, _ASIDE = ".npz", ".audio", ".before"


def own_sounds_folder() -> Path:
    """Return the folder of taught sounds; it may not exist.

    Raises
    ------
    OwnSoundError
        There is no home folder it could be in.
    """
    if (data := own_folder("data")) is None:
        raise OwnSoundError("There is no home folder to keep what is taught; set HOME or XDG_DATA_HOME.")
    return data / "own_sounds"


def own_sound_file(name: str, model: str) -> Path:
    """Return where the class `name` is kept, as the model of that identity hears it."""
    return own_sounds_folder() / (file_name(name, model) + _SUFFIX)


def audio_folder(name: str) -> Path:
    """Return where the sound of the examples of a class is, if it is kept."""
    return own_sounds_folder() / (slug(name) + _AUDIO_SUFFIX)


def save(taught: TaughtSound) -> Path:
    """Keep a taught sound in place of what was kept of its class and model; return where.

    Raises
    ------
    OwnSoundError
        It cannot be written; what was there stays.
    """
    path = own_sound_file(taught.sound.name, taught.model)
    try:
        write_private(path, pack(taught))
    except OSError as error:
        raise OwnSoundError(f"Cannot write {path}: {error.strerror}.") from None
    return path


def put_aside(taught: TaughtSound) -> Path:
    """Keep what is about to be replaced, with its sound if that was kept, as `unpack` reads it; return where.

    One of each class and model is kept, the last.

    Raises
    ------
    OwnSoundError
        It cannot be written.
    """
    try:
        audio = [file.read_bytes() for file in kept_audio(taught.sound.name)]
    except OSError as error:
        raise OwnSoundError(f"Cannot read {error.filename}: {error.strerror}.") from None
    return _write_aside(taught, audio if len(audio) == len(taught.examples) else ())


def _write_aside(taught: TaughtSound, audio: Sequence[bytes]) -> Path:
    path = own_sound_file(taught.sound.name, taught.model)
    path = path.with_name(path.name + _ASIDE)
    try:
        write_private(path, pack(taught, audio))
    except OSError as error:
        raise OwnSoundError(f"Cannot write {path}: {error.strerror}; what was taught stays.") from None
    return path


def load(name: str, model: str, dim: int) -> TaughtSound | None:
    """Return what was taught of a class to a model; None: nothing.

    Raises
    ------
    OwnSoundError
        The file cannot be read, or holds something else.
    """
    if own_folder("data") is None:
        return None
    path = own_sound_file(name, model)
    taught = _read(path)
    if taught is not None and (taught.sound.name, taught.model) != (name, model):
        raise _unusable(path, f"it is {taught.sound.name!r} as the model {taught.model} hears it")
    if taught is not None and taught.sound.vectors.shape[1] != dim:
        raise _unusable(path, f"its embeddings have {taught.sound.vectors.shape[1]} dimensions, not {dim}")
    return taught


def taught_sounds() -> tuple[list[TaughtSound], list[str]]:
    """Return all that was taught, to any model, by name of file, and a sentence about each bad file."""
    return read_all(_files("*" + _SUFFIX), _read)


def remove(name: str) -> list[str]:
    """Delete all that is kept of a class, as whichever model hears it, with its sound; return what went.

    Raises
    ------
    OwnSoundError
        It cannot be deleted.
    """
    gone = []
    kept = [path for end in (_SUFFIX, _SUFFIX + _ASIDE) for path in _files(f"{slug(name)}@*{end}")]
    for path in [*kept, *_files(f"{slug(name)}{_AUDIO_SUFFIX}")]:
        try:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError as error:
            raise OwnSoundError(f"Cannot remove {path}: {error.strerror}.") from None
        gone.append(path.name)
    return gone


def rename(name: str, label: str, words: str) -> list[TaughtSound]:
    """Call a taught class otherwise, as every model hears it, with what was put aside; return what it is now.

    Raises
    ------
    OwnSoundError
        Nothing is taught by that name, the new one is taken, or it cannot be written.
    """
    to = class_id(label)
    taught, _ = taught_sounds()
    mine = [one for one in taught if one.sound.name == name]
    if not mine:
        raise OwnSoundError(f"Nothing was taught as {name!r}; `monitor learn list` shows what was.")
    if to != name and (any(one.sound.name == to for one in taught) or audio_folder(to).exists()):
        raise OwnSoundError(f"{to!r} is taught already; forget it first: monitor learn forget {to}.")

    def called(one: TaughtSound) -> TaughtSound:
        sound = msgspec.structs.replace(one.sound, name=to, words=words)
        return msgspec.structs.replace(one, label=label, sound=sound)

    aside = [_contents(path) for path in _files(f"{slug(name)}@*{_SUFFIX}{_ASIDE}")]
    for before, audio in aside:
        _write_aside(called(before), audio)
    renamed = [called(one) for one in mine]
    for one in renamed:
        save(one)
    if to != name:
        with suppress(FileNotFoundError):
            audio_folder(name).rename(audio_folder(to))
        remove(name)
    return renamed


def keep_audio(name: str, sounds: Sequence[NDArray[np.float32]], sample_rate: int) -> Path:
    """Keep the sound of examples, float32 (n,) each, full scale +-1.0, in place of what was kept before.

    Raises
    ------
    OwnSoundError
        It cannot be written.
    """
    import soundfile

    contents = []
    for samples in sounds:
        file = io.BytesIO()
        soundfile.write(file, np.clip(samples, -1.0, 1.0), sample_rate, format="FLAC", subtype="PCM_16")
        contents.append(file.getvalue())
    return write_audio(name, contents)


def write_audio(name: str, contents: Sequence[bytes]) -> Path:
    """Keep FLAC files as the sound of the examples of a class; errors as `keep_audio`."""
    folder = audio_folder(name)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        for number, content in enumerate(contents, 1):
            write_private(folder / f"{number}{SOUND}", content)
    except OSError as error:
        raise OwnSoundError(
            f"Cannot write the sound of the examples to {folder}: {error.strerror}."
        ) from None
    return folder


def remove_audio(name: str) -> None:
    """Delete the sound of the examples of a class, if it was kept."""
    if own_folder("data") is not None:
        shutil.rmtree(audio_folder(name), ignore_errors=True)


def kept_audio(name: str) -> list[Path]:
    """Return the files with the sound of the examples of a class, in order; none: it was not kept."""
    if own_folder("data") is None:
        return []
    files = [path for path in audio_folder(name).glob("*" + SOUND) if path.stem.isdecimal()]
    return sorted(files, key=lambda path: int(path.stem))


def _files(pattern: str) -> Iterator[Path]:
    if own_folder("data") is not None:
        yield from sorted(own_sounds_folder().glob(pattern))


def _read(path: Path) -> TaughtSound | None:
    """Return what a file holds; None: there is no file."""
    try:
        return _contents(path)[0]
    except FileNotFoundError:
        return None


def _contents(path: Path) -> tuple[TaughtSound, list[bytes]]:
    """Return what a file holds, and the sound of the examples, where that is in it."""
    try:
        return unpack(read_stored(path, MOST_BYTES))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unusable(path, f"it cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise _unusable(path, str(error)) from None


def _unusable(path: Path, why: str) -> OwnSoundError:
    return OwnSoundError(
        f"The taught sound {path} cannot be used: {why}; teach it again, or delete that file."
    )
