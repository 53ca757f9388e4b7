"""Among stored files a pipe, a socket or a device is told from a file, and never waited for."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from monitor.config.settings import load_config
from monitor.corpus.clips import duration_of, load
from monitor.encoders.embedding_cache import TextCache
from monitor.errors import ConfigError, ModelError
from monitor.files.reading import read_stored, read_toml
from monitor.models.store import find_model, sha256_of
from monitor.storage import backgrounds
from tests.encoders.tiny_models import tiny_model


def make_pipe(path: Path) -> Path:
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    return path


def test_pipes_sockets_devices_and_folders_are_refused(tmp_path: Path, short_folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(short_folder / "s"))
        for path in (make_pipe(tmp_path / "pipe"), short_folder / "s", Path("/dev/zero"), tmp_path):
            with pytest.raises(OSError, match=r"regular file|folder|No such device"):
                read_stored(path)


def test_a_background_that_is_a_pipe_is_a_file_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    make_pipe(backgrounds.background_file("mic0", "m"))
    assert "not a regular file" in backgrounds.remember("mic0", "m", 4).note
    found, (fault,) = backgrounds.stored_backgrounds()
    assert (found, "not a regular file" in fault) == ([], True)


@pytest.mark.parametrize("name", ["texts.sqlite3", "texts.sqlite3-journal", "texts.sqlite3-wal"])
def test_a_cache_that_is_a_pipe_is_done_without(name: str, tmp_path: Path) -> None:
    make_pipe(tmp_path / name)
    cache = TextCache(tmp_path / "texts.sqlite3", "m", 4)
    cache.write({})
    assert cache.read(["siren"]) == {}


@pytest.mark.parametrize("name", ["model.toml", "audio.onnx", "tokenizer.json"])
def test_a_model_with_a_pipe_for_a_file_is_refused(name: str, tmp_path: Path) -> None:
    tiny_model().write(tmp_path / "m")
    make_pipe(tmp_path / "m" / name)
    with pytest.raises(ModelError, match=r"not a (plain|regular) file"):
        find_model(str(tmp_path / "m")).verify()
    with pytest.raises(OSError, match=r"not a (plain|regular) file"):
        sha256_of(tmp_path / "m" / name)


def test_a_clip_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    pipe = make_pipe(tmp_path / "clip.wav")
    for read in (lambda: load(pipe, 16000), lambda: duration_of(pipe)):
        with pytest.raises(ConfigError, match="not a regular file"):
            read()


def test_a_configuration_may_come_through_a_pipe(tmp_path: Path) -> None:
    pipe = make_pipe(tmp_path / "pipe")
    writer = threading.Thread(target=pipe.write_text, args=("[model]\nthreads = 2\n",))
    writer.start()
    assert read_toml(pipe, pipe=True) == {"model": {"threads": 2}}
    writer.join()
    assert load_config(Path(os.devnull)).model.threads == 1


@pytest.mark.parametrize("text", ["a = " + "9" * 5000, "a = " + "[" * 5000, "a ="])
def test_what_is_no_toml_is_a_configuration_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="not valid TOML") as refused:
        load_config(path)
    assert "sys." not in str(refused.value)


def test_a_mark_before_utf_8_is_no_part_of_a_configuration_or_a_manifest(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[detector]\nonset_threshold = 0.6\n", "utf-8-sig")
    assert load_config(path).detector.onset_threshold == 0.6
    model = tiny_model().write(tmp_path / "model")
    manifest = tmp_path / "model" / "model.toml"
    manifest.write_text(manifest.read_text("utf-8"), "utf-8-sig")
    assert find_model(str(tmp_path / "model")).entry == model.entry


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_is_told_with_what_to_do(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("# Geräusche\n[detector]\n", encoding)
    with pytest.raises(
        ConfigError, match=r"is not valid TOML: it is not written in UTF-8; save it as UTF-8\.$"
    ):
        load_config(path)
